// Functions of single laws: values and derivatives against mpmath, ends of domains.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/special_laws.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "derivative_rule.hpp"

namespace tapir::test {
namespace {

constexpr double pi = 3.14159265358979323846;

double at(const Var& v) { return v.tensor().at(0); }

void check(double actual, double expected, double relative) {
  CAPTURE(actual);
  CAPTURE(expected);
  CHECK(close(actual, expected, relative));
}

}  // namespace

// mpmath, 60 digits: lgamma and digamma of the doubles given.
TEST_CASE("stirling_excess and log_minus_digamma_fall agree with mpmath, from close operands to far ones") {
  constexpr double points[][4] = {
      {0.001, 0.0010000001, 4.9950078829059911661e-15, 0.00009990015429238710804},
      {0.001, 0.002, 0.30646734594619669304, 499.30849415489692322},
      {0.001, 1000000.0, 993667802.75525702286, 993.66781615282805929},
      {0.7, 0.7000000000009095, 5.8129196403873482423e-25, 1.2782745471860689671e-12},
      {0.7, 0.5, 0.035729103964053102505, -0.40701423570227587177},
      {3, 3.0000009536743164, 2.8012764162080134826e-14, 5.8747017869584012831e-8},
      {3, 2.5, 0.0087317494470939854413, -0.037306137659269325956},
      {3, 3.75, 0.014791829281334807455, 0.036609502199119333482},
      {7.9, 8.1, 0.00016415004663749915992, 0.0016276673115932153526},
      {7.99, 8.0, 4.0754325035234706565e-7, 0.000081474007733594488567},
      {8, 7.999999999068677, 3.528867603805441254e-21, -7.5781854754290279904e-12},
      {12.5, 12.6, 0.00001633791932608242691, 0.00032588167271904745197},
      {12.5, 16, 0.016977845537840929775, 0.0089575991210225223516},
      {100, 100.0009765625, 2.3921173185152151146e-11, 4.8990402945113895997e-8},
      {1000.0, 1300.0, 0.018823636996037132763, 0.00011541863904783883932},
      {1000000.0, 1000001.0, 2.499999166667083333e-13, 4.9999966666691666647e-13},
      {1000000.0, 1200000.0, 0.0088392243808004646714, 8.3333358796296296292e-8},
      {1000000.0, 0.001, 12.403903220273633526, -993.66781615282805929},
      {1000000000000.0, 1000000001024.0, 2.621439998211304108e-19, 5.119999994758826672e-22},
      {5, 500, 48.824457663599029021, 0.10231991066909990162},
      {500, 5, 1.8238981176054222806, -0.10231991066909990162},
  };
  for (const auto& [a, b, excess, fall] : points) {
    CAPTURE(a);
    CAPTURE(b);
    check(at(stirling_excess(a, b)), excess, 1e-13);
    check(at(log_minus_digamma_fall(a, b)), fall, 1e-13);
  }
  CHECK(at(stirling_excess(2.5, 2.5)) == 0);
  for (double outside : {at(stirling_excess(-1, 1)), at(stirling_excess(1, -1)), at(trigamma_excess(-1))})
    CHECK(std::isnan(outside));
}

TEST_CASE("trigamma_excess agrees with mpmath from 1e-3 to 1e12") {
  constexpr double points[][2] = {
      {0.001, 999001.64253319582737},
      {0.5, 2.9348022005446793094},
      {1, 0.64493406684822643647},
      {3, 0.061600733514893103139},
      {7.99, 0.0081578001029114169583},
      {8, 0.0081370146940314251345},
      {12.5, 0.0032852246015783704436},
      {100, 0.000050166663333571395246},
      {1000000.0, 5.0000016666666666663e-13},
      {1000000000000.0, 5.0000000000016666667e-25},
  };
  for (const auto& [a, excess] : points) {
    CAPTURE(a);
    check(at(trigamma_excess(a)), excess, 3e-14);
  }
}

// mpmath, 60 digits: erfc, bisection, and the derivatives of the equation that defines the quantile.
TEST_CASE("log_normal_mass and normal_mass_quantile agree with mpmath") {
  constexpr double points[][8] = {
      {1.0, 3.0, 0.3, 0.718772238880210162, 0.242403817889226826, -2.11309150694644859, 0.479041453621574324,
       -0.0418111177948964507},
      {0.5, 0.75, 0.999, -0.318353968117777495, -0.249249636611027023, -0.750293153534764255,
       0.999723235338714867, -0.998812895508444164},
      {6.0, 14.0, 1e-12, 0.918938532218084474, 5.99983549607560923, -164422767.954131334,
       0.999013476917596229, -8.30708396829321264e-19},
      {1e-09, 3e-09, 0.25, -19.6246535482783015, 2.50000000000000067e-10, -2.99999999999999998e-9,
       0.999999999999999999, -0.25},
      {0.0, 2.0, 0.3, 0.179223440352337269, -0.366958358947332943, -1.2796065641853999, -0.207818385359969643,
       -0.0434283169772325059},
      {-1.0, 1.5, 0.001, -0.462009009425167273, -0.000630215249445529272, -0.630413960266989819,
       -0.000297532586489922958, -0.0000724854384568829069},
      {-3.0, 0.01, 0.7, -4.62014922795218671, -0.00696831483135254051, -0.010059679187271042,
       -0.0000105834696281543779, -0.693644483920498302},
      {-30.0, 2.0, 0.9, -3.40230542313852437, -0.0765703370349439261, -0.332118381169670338,
       -0.00254024180035776565, -1.06384906163674695e-26},
      {-30.0, 1e-09, 0.4, -20.7232658519464111, -3.99999996400000054e-10, -9.99999996999999996e-10,
       -1.19999999520000005e-19, -0.399999992800000044},
      {-1000.0, 5.0, 0.5, -6.90775627897963706, -0.000693146247189464633, -0.00199999661371862534,
       -6.93144380454916934e-7, 0},
      {-0.3, 40.0, 0.999999, 0.00183571503582208179, -4.64430059269998534, -194831.408252422883,
       -0.805525918612065379, 0},
      {-5.0, 0.19, 0.5, -2.10304668298954141, -0.0728999056528491291, -0.176243281599057502,
       -0.00402711429127850781, -0.274160808017107091},
      {-5.0, 0.21, 0.5, -2.04562819735354957, -0.0781778556865043449, -0.191726954640597762,
       -0.00480136722664068047, -0.253789013269893119},
  };
  for (const auto& [b, w, v, mass, quantile, by_v, by_b, by_w] : points) {
    CAPTURE(b);
    CAPTURE(w);
    CAPTURE(v);
    CHECK(std::abs(at(log_normal_mass(b, w)) - mass) < 4e-15 * std::max(1.0, std::abs(mass)));
    check(at(normal_mass_quantile(v, b, w)), quantile, 1e-14);
    const auto slopes = compile([](Var share, Var end, Var width) {
      return grad(normal_mass_quantile(share, end, width), std::vector<Var>{share, end, width});
    })(Tensor(v), Tensor(b), Tensor(w));
    check(slopes[0].at(0), by_v, 1e-13);
    CHECK(std::abs(slopes[1].at(0) - by_b) < 1e-14 * std::max(1.0, std::abs(by_b)));
    check(slopes[2].at(0), by_w, 1e-13);
  }
}

TEST_CASE("normal_mass_quantile: the ends of its domain, and what is outside") {
  CHECK(at(normal_mass_quantile(0, -2, 3)) == 0);
  CHECK(at(normal_mass_quantile(1, -2, 3)) == -3);
  CHECK(at(normal_mass_quantile(0, 2, 3)) == 2);
  CHECK(at(normal_mass_quantile(1, 2, 3)) == -1);
  CHECK(at(log_normal_mass(-1, 0)) == -infinity);
  for (double outside : {at(normal_mass_quantile(1.5, 0, 1)), at(normal_mass_quantile(0.5, 2, 1)),
                         at(log_normal_mass(0, -1)), at(log_normal_mass(2, 1))})
    CHECK(std::isnan(outside));
}

// mpmath, 30 digits: quadrature of the density and of its score over the tail.
TEST_CASE("von_mises_cdf and von_mises_slope agree with mpmath") {
  constexpr double points[][4] = {
      {0.0, -2.0, 0.181690113816209328, 0.909297426825681695},
      {0.001, 1.0, 0.659288885432061686, -0.841243561189162315},
      {0.5, -3.0, 0.0128738440401113263, 0.174871615150891718},
      {0.5, 0.001, 0.500246738336832593, -0.00075750034700258764},
      {3.0, -1.5, 0.0144606984028198008, 0.389643230848117643},
      {3.0, 2.9, 0.999596061842789429, -0.410503721250893576},
      {19.9, 0.3, 0.907348078201389801, -0.00769775993376133214},
      {20.1, -1.2, 2.53176209803019808e-7, 0.0347049874113031763},
      {300.0, -0.4, 3.00995697779316846e-12, 0.000676288364817477633},
      {300.0, 0.01, 0.568726196846021269, -0.0000166807414503435275},
      {10000.0, -0.05, 2.87520090084605084e-7, 2.50058352194475229e-6},
      {1000000.0, 0.0005, 0.691462437436246125, -2.50000067708401177e-10},
      {1000000.0, -0.004, 0.0000316716656315660026, 2.00000316667410006e-9},
  };
  for (const auto& [k, x, probability, slope] : points) {
    CAPTURE(k);
    CAPTURE(x);
    check(at(von_mises_cdf(x, k)), probability, 1e-13);
    CHECK(std::abs(at(von_mises_cdf(x + 4 * pi, k)) - (probability + 2)) <
          1e-13 * std::max(1.0, std::sqrt(k)));
    check(at(von_mises_slope(x, k)), slope, 1e-13);
  }
  CHECK(at(von_mises_cdf(0, 3)) == 0.5);
  CHECK(at(von_mises_slope(0, 3)) == 0);
  for (double outside :
       {at(von_mises_cdf(1, -1)), at(von_mises_slope(1, infinity)), at(von_mises_variance(-1))})
    CHECK(std::isnan(outside));
}

// mpmath, 40 digits: 1 - besseli(1, k)/besseli(0, k).
TEST_CASE("von_mises_variance agrees with mpmath from 0 to 1e6") {
  constexpr double points[][2] = {
      {0.0, 1.0},
      {1e-06, 0.9999995},
      {0.1, 0.950062396012061078},
      {3.0, 0.190014706043495473},
      {19.9, 0.0254585341420688006},
      {20.1, 0.0252017524017534104},
      {300.0, 0.00166806020946647285},
      {1000000.0, 5.00000125000125e-7},
  };
  for (const auto& [k, variance] : points) {
    CAPTURE(k);
    check(at(von_mises_variance(k)), variance, 1e-14);
  }
}

}  // namespace tapir::test
