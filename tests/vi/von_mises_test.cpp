// VonMises: its row, gradients along the circle, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/von_mises.hpp>

#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/bessel.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"
#include "recording.hpp"

namespace tapir::vi::test {
namespace {

constexpr long double pi = 3.14159265358979323846264338327950288L;

// log(2 pi I0(k)) - k, by the first terms of Hankel's expansion where I0 is no number of this size.
long double log_mass(long double k) {
  if (std::abs(k) < 1000) return std::log(2 * pi * boost::math::cyl_bessel_i(0, k)) - k;
  const long double h = 1 / (8 * k);
  return std::log(2 * pi / k) / 2 + std::log1p(h * (1 + h * (4.5L + h * (37.5L + h * 459.375L))));
}

long double log_density(const Parameters& p, long double x) {
  if (std::abs(x) > pi) return -INFINITY;
  const long double k = p[1].item(), s = std::sin((x - p[0].item()) / 2);
  return -2 * k * s * s - log_mass(k);
}

// The probability of [0, d] for mode 0, piece by piece as far as the density matters.
long double probability(long double d, long double k) {
  constexpr int pieces = 12;
  const long double end = k > 20 ? std::min(d, 13 / std::sqrt(k)) : d, mass = log_mass(k);
  long double total = 0;
  for (int i = 0; i < pieces; ++i)
    total += boost::math::quadrature::gauss<long double, 20>::integrate(
        [&](long double u) { return std::exp(k * (std::cos(u) - 1) - mass); }, end * i / pieces,
        end * (i + 1) / pieces);
  return total;
}

long double below(long double angle, long double k) {
  const long double turns = std::floor((angle + pi) / (2 * pi)), t = angle - 2 * pi * turns;
  const long double part = probability(std::abs(t), k);
  return turns + 0.5L + (t < 0 ? -part : part);
}

// Pathwise gradients are those along the circle, others than those of quantiles counted from -pi; the first two
// cases have no mass where these differ.
const Listed row{{
    .name = "VonMises",
    .make = [](const std::vector<Var>& p) { return VonMises{.loc = p[0], .concentration = p[1]}; },
    .cases = {scalars({0.25, 20}), scalars({-0.5, 30}), scalars({1, 2}), scalars({-3, 0.5}), scalars({7, 0}),
              scalars({0.75, 1e4})},
    .extremes = {scalars({0, 1e-3}), scalars({0.5, 1e6}), scalars({-0.25, 300})},
    .log_prob = log_density,
    .cdf =
        [](const Parameters& p, long double x) {
          const long double loc = p[0].item(), k = p[1].item(), at = std::clamp(x, -pi, pi);
          return below(at - loc, k) - below(-pi - loc, k);
        },
    .cdf_unit = 1,  // of an arc: a difference
    .points =
        [](const Parameters& p) {
          std::vector<double> x{-3.125, -3, -2.5, -1.25, -0.5, 0.125, 0.875, 1.5, 2.75, 3.125};
          const double width = 1 / std::sqrt(1 + p[1].item());
          for (double score : {-7.0, -4.0, -2.0, -1.0, -0.25, 0.0, 0.5, 1.5, 3.0, 6.0}) {
            const double angle = p[0].item() + score * width;
            x.push_back(angle - 6.283185307179586 * std::floor((angle + 3.14159) / 6.283185307179586));
          }
          return x;
        },
    .outside = {-4, 4, -INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          return 1 / std::sqrt(1 + static_cast<long double>(std::abs(p[1].item())));
        },
    .breaks =
        [](const Parameters& p) {
          const double at = static_cast<double>(std::remainder(p[0].item(), 2 * pi));
          return std::vector<double>{-3.14159265358979323846, at, 3.14159265358979323846};
        },
    .random =
        [](std::mt19937_64& noise) {
          std::normal_distribution<double> normal;
          const double loc = std::sinh(2 * normal(noise)), k = std::exp(5 * normal(noise));
          return std::vector<double>{loc, normal(noise) > 1 ? 0 : k};
        },
    .one_number = false,
    .mean = [](const Parameters& p) { return std::remainder(static_cast<long double>(p[0].item()), 2 * pi); },
    .deviation =
        [](const Parameters& p, long double x) {
          const long double s = std::sin((x - p[0].item()) / 2);
          return 2 * s * s;
        },
}};

// cos(x - a) + sin(2 x)/2
long double wave(long double x) { return std::cos(x - 0.7L) + std::sin(2 * x) / 2; }

long double mean_wave(long double loc, long double k) {
  const long double mass = log_mass(k);
  long double total = 0;
  for (int i = 0; i < 24; ++i)
    total += boost::math::quadrature::gauss<long double, 20>::integrate(
        [&](long double u) { return wave(loc + u) * std::exp(k * (std::cos(u) - 1) - mass); },
        -pi + i * pi / 12, -pi + (i + 1) * pi / 12);
  return total;
}

}  // namespace

TEST_CASE("VonMises: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(VonMises{0, -1}).check(at);
        }) == "[VonMises] concentration is -1, needs to be at least 0 (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(VonMises{Tensor(INFINITY), 1}).check(at);
        }) == "[VonMises] loc is inf, needs to be finite (at model.cpp:7)");
}

// The seed is fixed. A new one would fail one comparison in 16 000 if the law were perfect; there are 14.
TEST_CASE(
    "VonMises: gradients of the mean of a function of the angle are those of its integral, also where mass "
    "lies at -pi") {
  constexpr Index n = 100000;
  constexpr double points[][2] = {{0.4, 0.1}, {2.5, 1}, {3.1, 0.5}, {-2.9, 2}, {3, 8}, {1, 40}, {-3.1, 500}};
  for (const auto& point : points) {
    const double loc = point[0], k = point[1];
    CAPTURE(k);
    const std::vector<Tensor> at{Tensor::full({f64, {n}}, loc), Tensor::full({f64, {n}}, k)};
    const auto results = value_and_gradients(at, [&](const std::vector<Var>& p) {
      const Var x = VonMises{p[0], p[1]}.sample(Key(3) / "z", {n});
      return cos(x - 0.7) + 0.5 * sin(2 * x);
    });
    const long double h = 0x1p-8L * std::min(1.0L, static_cast<long double>(k));
    const long double expected[] = {
        central_difference([&](long double l) { return mean_wave(l, k); }, loc, h),
        central_difference([&](long double c) { return mean_wave(loc, c); }, k, h)};
    for (std::size_t i = 0; i < 2; ++i) {
      long double mean = 0, squares = 0;
      for (double g : results[i + 1].view<double>()) mean += g / n, squares += g * g / n;
      CHECK(std::abs(mean - expected[i]) < 4 * std::sqrt((squares - mean * mean) / n));
    }
  }
}

// The number itself jumps between pi and -pi: its path leaves out 2 pi p(pi), and the score does not. A new seed fails in
// 1 of 16 000.
TEST_CASE("VonMises: the path of a draw is not that of functions which tell pi from -pi") {
  constexpr Index n = 100000;
  const double loc = 2.5, k = 1;
  const long double exact = 1 - 2 * pi * std::exp(log_density(scalars({loc, k}), pi));
  CHECK(near(static_cast<double>(exact), -0.760, 1e-3));
  const std::vector<Tensor> at{Tensor::full({f64, {n}}, loc)};
  const auto path = value_and_gradients(at, [&](const std::vector<Var>& p) {
    return VonMises{p[0], k}.sample(Key(3), {n});
  });
  for (double slope : path[1].view<double>()) CHECK(slope == 1);
  const Tensor z = VonMises{loc, k}.sample(Key(3), {n}).tensor();
  const auto score = value_and_gradients(at, [&](const std::vector<Var>& p) {
    return VonMises{p[0], k}.log_prob(z);
  });
  Moments moments;
  for (Index i = 0; i < n; ++i) moments.add(z.at(i) * score[1].at(i));
  CHECK(std::abs(moments.z(static_cast<double>(exact))) < 4);
}

TEST_CASE("VonMises: draws are in [-pi, pi), wherever loc is") {
  for (DType dtype : {f64, f32})
    for (double loc : {0.0, 3.1415926, -3.1415926, 100.0}) {
      const VonMises law{Tensor(loc).cast(dtype), Tensor(0.5).cast(dtype)};
      for (double x : numbers(law.sample(Key(1), {10000}))) {
        CHECK(x >= (dtype == f32 ? -0x1.921fb6p+1 : -0x1.921fb54442d18p+1));
        CHECK(x < 0x1.921fb54442d18p+1);
      }
    }
}

}  // namespace tapir::vi::test
