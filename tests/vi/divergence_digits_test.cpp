// Divergences of laws close to each other, and Renyi's close to KL: the last digits, against mpmath.
// SPDX-License-Identifier: BSD-3-Clause
#include <tuple>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>

#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

void check(double actual, double expected, double relative) {
  CAPTURE(actual);
  CAPTURE(expected);
  if (expected == 0)
    CHECK(std::abs(actual) < 1e-300);
  else
    CHECK(std::abs(actual / expected - 1) < relative);
}

struct Choice {
  std::vector<double> p, q;
  double divergence;
  std::vector<double> by_p, by_q;
};

}  // namespace

// mpmath, 1000 digits: sums over the outcomes.
TEST_CASE("kl of coins keeps its digits, and its gradient, near p = q and for logits of 50 and 700") {
  constexpr double points[][5] = {
      // logits of p and q, kl, its derivatives
      {0.4, 0.40000095367431643, 1.092579307926912453e-13, -2.2913050245430865228e-7,
       2.2913048088947288542e-7},
      {0.4, 0.3999999999990905, 9.9369515417468604589e-26, 2.1851587529593339184e-13,
       -2.1851587529595300493e-13},
      {0.4, -0.7, 0.14872722260920246395, 0.26428682031568205898, -0.26687543228061810239},
      {-50, -49.999999046325684, 8.7709416270496523062e-35, -1.8393991927756479101e-28,
       1.8394000698698106151e-28},
      {50, 49.5, 2.8684612825187282366e-23, 9.6437492398195889151e-23, -1.2512210522338317152e-22},
      {50, 48, 8.4653912835175977138e-22, 3.857499695927835566e-22, -1.232289097944543328e-21},
      {-50, 0.25, 0.8259394198788435622, -9.6919679860186868597e-21, 0.56217650088579810403},
      {80, 70, 3.9734643993820168511e-31, 1.8048513878454151723e-34, -3.9752692507698622663e-31},
      {700, 699.75, 3.3547960280777698615e-306, 2.4649191359399427142e-305, -2.8003987387477197003e-305},
      {-700, -650, 5.1119519486511562468e-283, -4.9298382718798854284e-303, 5.1119519486511562468e-283},
      {-700, 700, 700.0, -1.3803547161263679199e-301, 1.0},
      {700, -700, 700.0, 1.3803547161263679199e-301, -1.0},
      {3, 3.999, 0.016959018692610644525, -0.045131483071181225492, 0.029421991992961597137},
      {3, 4.001, 0.017017898013365822701, -0.045221836390643059869, 0.029457317410651809822},
  };
  for (const auto& [p, q, divergence, by_p, by_q] : points) {
    CAPTURE(p);
    CAPTURE(q);
    const auto results = value_and_gradients({Tensor(p), Tensor(q)}, [](const std::vector<Var>& v) {
      return kl(Bernoulli{v[0]}, Bernoulli{v[1]});
    });
    const double unit = 1e-15 * std::max({std::abs(p), std::abs(q), 10.0});
    check(results[0].item(), divergence, unit);
    check(results[1].item(), by_p, unit);
    check(results[2].item(), by_q, unit);
    check(kl(Binomial{7, p}, Binomial{7, q})->item(), 7 * divergence, unit);
  }
}

TEST_CASE("kl of choices keeps its digits, and its gradient, near p = q, also where one of them is far off") {
  const std::vector<Choice> points{
      {{0.25, -0.75, 1.125},
       {0.2500009536743164, -0.75, 1.125},
       8.8676025304240969423e-14,
       {-1.8596707609050544899e-7, 2.4726970974185956113e-8, 1.6124010511631949288e-7},
       {1.8596711768300541369e-7, -2.4726976504501111847e-8, -1.6124014117850430184e-7}},
      {{0.25, -0.75, 1.125},
       {0.2500000000009095, -0.75, 1.1249999999995453},
       1.7448995262011984769e-25,
       {-2.5423729767672080558e-13, -4.7030343133184055075e-15, 2.5894033199003921109e-13},
       {2.5423729767679621701e-13, 4.7030343133014772138e-15, -2.5894033199009769423e-13}},
      {{0.25, -0.75, 1.125},
       {100.25, 99.25, 101.12500095367432},
       1.0516977581515128518e-13,
       {1.6124010511631949288e-7, 5.9316919764616232973e-8, -2.2055702488093572585e-7},
       {-1.6124008407209458523e-7, -5.9316912022878534061e-8, 2.2055699609497311929e-7}},
      {{0, -50, 50},
       {0, -49.9990234375, 50},
       1.7744480294968806624e-50,
       {7.0069296612933695506e-69, -3.6328866953328476201e-47, 3.6328866953328476201e-47},
       {-7.0103521276604815327e-69, 3.6346611433623445007e-47, -3.6346611433623445007e-47}},
      {{0, -50, 1},
       {9.5367431640625e-07, 0.5, 1},
       0.36700790433320388411,
       {-1.8750375103138076192e-7, -2.6195396508675388851e-21, 1.8750375103138338146e-7},
       {-0.08261755356021777455, 0.30719583113218485455, -0.22457827757196708}},
      {{0, -30, 0.5},
       {9.5367431640625e-07, -20, 0.5},
       7.778872868087222542e-10,
       {-2.2411687120607372551e-7, -3.5328831068147998072e-13, 2.2411722449438440699e-7},
       {2.2382325346583066931e-7, 7.7813370749273763885e-10, -2.2460138717332340695e-7}},
      {{700, 0, -700},
       {699.5, 0.5, -700},
       7.0820264958665277434e-305,
       {9.8596765437597708567e-305, -9.8596765437597708567e-305, 0},
       {-1.69417030396262986e-304, 1.69417030396262986e-304, 0}},
      {{0, 1, 2},
       {2, -1, 0.5},
       1.140962561643843979,
       {-0.29775426398756344758, 0.16953387907559939615, 0.12822038491196405143},
       {0.69556646141889540009, -0.20561589778411020052, -0.48995056363478519957}},
      {{-700, 0, 0.5},
       {700, 0, 0.5},
       699.02592301581989332,
       {-5.2114004270502313276e-302, 1.9675156026034850677e-302, 3.24388482444674626e-302},
       {1.0, -0.37754066879814543536, -0.62245933120185456464}},
  };
  for (const Choice& point : points) {
    CAPTURE(point.p[0]);
    CAPTURE(point.divergence);
    const auto results =
        value_and_gradients({column(point.p), column(point.q)}, [](const std::vector<Var>& v) {
          return kl(Categorical{v[0]}, Categorical{v[1]});
        });
    const double unit = point.p[0] == 0.25 && point.q[0] > 100 ? 1e-7 : 1e-12;
    check(results[0].item(), point.divergence, unit);
    const Tensor chances = softmax(Var(column(point.p))).tensor();
    for (Index i = 0; i < 3; ++i) {
      // p_i (log(p_i/q_i) - kl), whose two terms may be close
      const double by_p = point.by_p[static_cast<std::size_t>(i)];
      CHECK(std::abs(results[1].at(i) - by_p) <
            unit * std::abs(by_p) + 1e-15 * chances.at(i) * point.divergence + 1e-320);
      check(results[2].at(i), point.by_q[static_cast<std::size_t>(i)], unit);
    }
    const Var p = column(point.p), q = column(point.q);
    check(kl(OneHotCategorical{p}, OneHotCategorical{q}).item(), point.divergence, unit);
    check(kl(Multinomial{3, p}, Multinomial{3, q}).item(), 3 * point.divergence, unit);
  }
}

// mpmath, 80 digits: sums over the outcomes.
TEST_CASE("kl of ordered categories and of waiting times keeps its digits near p = q") {
  struct Ordered {
    double predictor;
    std::vector<double> cutpoints;
  };
  const std::tuple<Ordered, Ordered, double> points[] = {
      {{0.5, {-1, 1}}, {0.50000095367431640625, {-1, 1}}, 1.2958964085915704436e-13},
      {{0.5, {-1, 1}}, {0.5, {-1, 1.000000000931322574615478515625}}, 1.1786836230382093495e-19},
      {{0.5, {-1, 1, 40}}, {0.500244140625, {-0.999755859375, 1, 40.000244140625}}, 8.1002199807852778807e-9},
      {{-30, {-1, 1}}, {-30, {-1, 1.25}}, 1.1203117966356628478e-15},
      {{0.5, {-1, 1}}, {3, {2, 2.5}}, 0.35611052700806841602},
  };
  for (const auto& [p, q, divergence] : points) {
    CAPTURE(divergence);
    check(kl(OrderedLogistic{p.predictor, column(p.cutpoints)},
             OrderedLogistic{q.predictor, column(q.cutpoints)})
              .item(),
          divergence, 1e-12);
  }
  check(kl(Geometric{0.4}, Geometric{0.40000095367431640625}).item(), 1.8249571199140673193e-13, 1e-12);
  check(kl(Geometric{-40}, Geometric{-39.9990234375}).item(), 4.7699241653524284326e-7, 1e-12);
  check(kl(Geometric{30}, Geometric{29}).item(), 6.7214105360875872166e-14, 1e-12);
}

// mpmath, 1000 digits, by lgamma and digamma. Rates and sums of concentrations are rounded: hence not 1e-14.
TEST_CASE("kl of the gamma family keeps its digits near p = q") {
  constexpr double gammas[][5] = {
      {2.5, 1.25, 2.5000009536743164, 1.25, 2.2298885642749428725e-13},
      {2.5, 1.25, 2.5000009536743164, 1.2500004768371582, 4.1089939202550574398e-14},
      {0.001, 3, 0.0010000009313225746, 3.5, 0.000012515843709081659251},
      {1000000.0, 10, 1000001.0, 10.000007629394531, 2.8099077784174993698e-8},
      {4, 1, 9, 2, 0.29393046631868507922},
  };
  for (const auto& [a, b, c, d, divergence] : gammas) {
    CAPTURE(a);
    check(kl(Gamma{a, b}, Gamma{c, d}).item(), divergence, 1e-12);
    check(kl(InverseGamma{a, b}, InverseGamma{c, d}).item(), divergence, 1e-12);
  }
  constexpr double betas[][5] = {
      {2.5, 1.25, 2.5000009536743164, 1.25, 8.4136380675062090188e-14},
      {2.5, 1.25, 2.5, 1.2499995231628418, 1.01407465325069611e-13},
      {0.001, 3, 0.0010000009313225746, 3.5, 0.000017088322349311438719},
      {1000, 3000, 1001, 3002, 0.00004185355343871006378},
      {4, 1, 9, 2, 0.21981802412295888536},
  };
  for (const auto& [a, b, c, d, divergence] : betas) {
    CAPTURE(a);
    check(kl(Beta{a, b}, Beta{c, d}).item(), divergence, 1e-12);
    check(kl(Dirichlet{column({a, b})}, Dirichlet{column({c, d})}).item(), divergence, 1e-12);
  }
}

// mpmath, 60 digits: the closed forms of the integrals.
TEST_CASE("renyi keeps its digits as alpha goes to 1") {
  constexpr double alphas[] = {0.9,      1.1,         0.999,       1.001,          0.999999,
                               1.000001, 0.999999999, 1.000000001, 0.999999999999, 1.000000000001};
  const auto agree = [&](const Distribution& p, const Distribution& q, const double(&expected)[10]) {
    CAPTURE(p.name());
    for (std::size_t i = 0; i < 10; ++i) {
      CAPTURE(alphas[i]);
      check(renyi(p, q, alphas[i]).item(), expected[i], 1e-12);
    }
  };
  agree(Gamma{2.5, 1.25}, Gamma{4, 0.5},
        {2.4239244350522508376, 2.8047284315880634345, 2.6156025954367597866, 2.6194059008604454912,
         2.6175026636310985182, 2.6175064669360496424, 2.6175045633822388989, 2.6175045671855439537,
         2.6175045652819897107, 2.6175045652857931426});
  agree(Gamma{1e5, 1e3}, Gamma{101000, 1000.5},
        {4.0449746746236146735, 4.9474798412293066594, 4.4915492894222859282, 4.5005743394226186909,
         4.4960572853514688916, 4.4960663104014688168, 4.4960617933639276863, 4.4960618023889779322,
         4.4960617978719401336, 4.4960617978809654849});
  agree(Beta{2.5, 0.75}, Beta{0.5, 3},
        {3.9559810544875116965, 5.4818341349758262826, 4.6087307444859157937, 4.6235379963416058522,
         4.6161172153242529281, 4.6161320225336001685, 4.6161246115155710594, 4.6161246263227808101,
         4.6161246189117720731, 4.6161246189265797769});
  agree(Dirichlet{column({0.5, 3, 20})}, Dirichlet{column({2, 1.5, 6})},
        {3.8217793908823598488, 5.2179310825832560287, 4.4174786695101522923, 4.4309993013002662134,
         4.4242231833731133661, 4.4242367039634216581, 4.4242299368989312361, 4.4242299504195219128,
         4.4242299436524660445, 4.4242299436659870863});
  agree(Laplace{0.5, 1.5}, Laplace{-1, 0.75},
        {0.91610759244112098013, 1.1735439060313486565, 1.041325626539705473, 1.0438982145211304294,
         1.0426104154892538887, 1.0426129880770621305, 1.0426117004966454662, 1.0426117030692333446,
         1.0426117017816530683, 1.042611701784225742});
  agree(Bernoulli{-3}, Bernoulli{1.5},
        {1.3868671763885303814, 1.4794740136839429418, 1.4389514618264480189, 1.439866290311315445,
         1.4394090396956590068, 1.4394099545230185344, 1.4394094966525461693, 1.4394094975673735538,
         1.4394094971095024332, 1.4394094971104172911});
  agree(Bernoulli{50}, Bernoulli{-40},
        {39.999999999999999989, 40.000000000000000004, 40.000000000000000004, 40.000000000000000004,
         40.000000000000000004, 40.000000000000000004, 40.000000000000000004, 40.000000000000000004,
         40.000000000000000004, 40.000000000000000004});
  agree(Categorical{column({0.25, -0.75, 1.125})}, Categorical{column({1.5, 0, -2})},
        {1.5188680531923033111, 1.934152099048899135, 1.7325706495962725575, 1.7367472289630793109,
         1.7346576788892590034, 1.7346618554710169948, 1.7346597650926751968, 1.7346597692692570686,
         1.734659767178877773, 1.7346597671830544942});
  agree(Poisson{3}, Poisson{0.5},
        {2.421235937661893703, 3.3869359655394651744, 2.8704656795370266081, 2.8800968881004018045,
         2.8752735920840476442, 2.8752832232900340943, 2.8752784028685621482, 2.8752784124997683971,
         2.875278407679349506, 2.8752784076889810335});
}

TEST_CASE("renyi's gradient keeps its digits as alpha goes to 1, where it is that of kl") {
  const std::vector<Tensor> at{Tensor(2.5), Tensor(1.25), Tensor(4.0), Tensor(0.5)};
  const auto agree = [&](const auto& of) {
    const auto there = value_and_gradients(at, [&](const std::vector<Var>& v) { return of(v, 1); });
    const auto close = value_and_gradients(at, [&](const std::vector<Var>& v) { return of(v, 1 + 1e-12); });
    for (std::size_t i = 0; i < there.size(); ++i) check(close[i].item(), there[i].item(), 1e-10);
  };
  agree([](const auto& v, double alpha) { return renyi(Gamma{v[0], v[1]}, Gamma{v[2], v[3]}, alpha); });
  agree([](const auto& v, double alpha) { return renyi(Beta{v[0], v[1]}, Beta{v[2], v[3]}, alpha); });
  agree([](const auto& v, double alpha) { return renyi(Laplace{v[0], v[1]}, Laplace{v[2], v[3]}, alpha); });
  agree([](const auto& v, double alpha) {
    return renyi(Bernoulli{v[0]}, Bernoulli{v[2]}, alpha) + renyi(Poisson{v[1]}, Poisson{v[3]}, alpha);
  });
}

// mpmath, 60 digits: determinants and the inverse of the covariances, mixed.
TEST_CASE(
    "renyi of Gaussian vectors agrees with mpmath, keeps its digits as alpha goes to 1, and may not exist") {
  const MultivariateNormal p{.loc = column({0.5, -1, 2}),
                             .scale_tril = Tensor({3, 3}, {1.5, 0.0, 0.0, 0.5, 0.75, 0.0, -1.0, 0.25, 2.0})};
  const MultivariateNormal q{.loc = column({0, 0.25, 1}),
                             .scale_tril = Tensor({3, 3}, {1.0, 0.0, 0.0, -0.25, 1.25, 0.0, 0.5, 1.0, 0.5})};
  constexpr double there[][2] = {
      {0.25, 0.94111771520358223886},         {0.9, 8.2019473288668198339},
      {0.999, 24.368693522948935471},         {0.999999, 24.993420760288536119},
      {0.999999999, 24.994065509122974687},   {0.999999999999, 24.99406615389253496},
      {1.000000000001, 24.99406615518340806}, {1.000000001, 24.994066799953009836},
      {1.000001, 24.994711590289972226},      {1.001, 25.660996265788762578},
  };
  for (const auto& [alpha, expected] : there) {
    CAPTURE(alpha);
    check(renyi(p, q, alpha).item(), expected, 1e-12);
  }
  CHECK(renyi(p, q, 1.0625).item() == std::numeric_limits<double>::infinity());
  check(renyi(q, p, 1.25).item(), 9.4005569344276716522, 1e-12);
  CHECK(renyi(q, p, 2).item() == std::numeric_limits<double>::infinity());
  CHECK(renyi(p, p, 0.5).item() == doctest::Approx(0).epsilon(1e-15));
  const Distribution apart = iid(Normal{}, {3});
  CHECK(near(renyi(apart, apart, 0.5).item(), 0, 1e-15));
  const Var gauss = Tensor({3, 3}, {1.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 2.0});
  check(renyi(p, MultivariateNormal{q.loc, gauss}, 0.5).item(), 1.480370571806318903, 1e-12);
  check(renyi(MultivariateNormal{q.loc, gauss}, p, 0.999999999).item(), 2.6802396272815783479, 1e-12);
}

TEST_CASE("renyi of Gaussian vectors and independent numbers is that of a diagonal factor") {
  const MultivariateNormal p{.loc = column({0.5, -1}), .scale_tril = Tensor({2, 2}, {1.5, 0.0, 0.5, 0.75})};
  const Distribution apart = iid(Normal{0.5, 2}, {2});
  const MultivariateNormal diagonal{.loc = column({0.5, 0.5}), .scale_tril = 2 * eye(2, f64)};
  for (double alpha : {0.5, 0.999999}) {
    check(renyi(p, apart, alpha).item(), renyi(p, diagonal, alpha).item(), 1e-14);
    check(renyi(apart, p, alpha).item(), renyi(diagonal, p, alpha).item(), 1e-14);
    check(renyi(diagonal, MultivariateNormal{column({0, 0}), eye(2, f64)}, alpha).item(),
          2 * renyi(Normal{0.5, 2}, Normal{}, alpha).item(), 1e-13);
  }
}

TEST_CASE(
    "renyi of Gaussian vectors: the gradient is a difference quotient, and finite where it does not exist") {
  const std::vector<Tensor> at{column({0.5, -1}), Tensor({2, 2}, {1.5, 0.0, 0.5, 0.75}), column({0, 0.25}),
                               Tensor({2, 2}, {1.0, 0.0, -0.25, 1.25})};
  const auto of = [](double alpha) {
    return [alpha](const std::vector<Var>& v) {
      return renyi(MultivariateNormal{v[0], v[1]}, MultivariateNormal{v[2], v[3]}, alpha);
    };
  };
  const auto results = value_and_gradients(at, of(0.75));
  for (std::size_t k = 0; k < at.size(); ++k)
    for (Index i = 0; i < at[k].size(); ++i) {
      if (k % 2 == 1 && i == 1) continue;
      const auto moved = [&](double step) {
        std::vector<Var> v(at.begin(), at.end());
        std::vector<double> elements = numbers(at[k]);
        elements[static_cast<std::size_t>(i)] += step;
        v[k] = Tensor(at[k].shape(), std::span<const double>(elements));
        return of(0.75)(v).item();
      };
      CHECK(near(results[k + 1].at(i), (moved(1e-5) - moved(-1e-5)) / 2e-5, 1e-8));
    }
  const auto none = value_and_gradients(at, of(4));
  CHECK(none[0].item() == std::numeric_limits<double>::infinity());
  for (std::size_t k = 1; k < none.size(); ++k)
    for (double g : numbers(none[k])) CHECK(std::isfinite(g));
}

}  // namespace tapir::vi::test
