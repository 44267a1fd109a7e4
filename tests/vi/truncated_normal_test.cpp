// TruncatedNormal: its row, far tails, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/truncated_normal.hpp>

#include <doctest/doctest.h>

#include <boost/math/quadrature/gauss.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

// The integral of exp(-(z^2 - c^2)/2) from a to b, piece by piece.
long double integral(long double a, long double b, long double c) {
  constexpr int pieces = 24;
  long double total = 0;
  const long double nearest = a > 0 ? a : b < 0 ? b : 0;
  const long double reach = std::min(b - a, 36 / (1 + std::abs(nearest)));
  const long double from = a > 0 ? a : b < 0 ? b - reach : std::max(a, -12.0L);
  const long double to = a > 0 ? a + reach : b < 0 ? b : std::min(b, 12.0L);
  for (int i = 0; i < pieces; ++i) {
    const long double low = from + (to - from) * i / pieces, high = from + (to - from) * (i + 1) / pieces;
    total += boost::math::quadrature::gauss<long double, 20>::integrate(
        [&](long double z) { return std::exp(-(z - c) * (z + c) / 2); }, low, high);
  }
  return total;
}

struct Scores {
  long double a, b, nearest;
  explicit Scores(const Parameters& p)
      : a((p[2].item() - static_cast<long double>(p[0].item())) / p[1].item()),
        b((p[3].item() - static_cast<long double>(p[0].item())) / p[1].item()),
        nearest(a > 0 ? a : b < 0 ? b : 0) {}
};

long double log_density(const Parameters& p, long double x) {
  if (x < p[2].item() || x > p[3].item()) return -INFINITY;
  const Scores s(p);
  const long double z = (x - p[0].item()) / p[1].item();
  return -(z - s.nearest) * (z + s.nearest) / 2 - std::log(static_cast<long double>(p[1].item())) -
         std::log(integral(s.a, s.b, s.nearest));
}

long double distribution(const Parameters& p, long double x) {
  if (x <= p[2].item() || x >= p[3].item()) return x >= p[3].item();
  const Scores s(p);
  const long double z = (x - p[0].item()) / p[1].item();
  return integral(s.a, z, s.nearest) / integral(s.a, s.b, s.nearest);
}

const Listed row{{
    .name = "TruncatedNormal",
    .make =
        [](const std::vector<Var>& p) {
          return TruncatedNormal{.loc = p[0], .scale = p[1], .low = p[2], .high = p[3]};
        },
    .cases = {scalars({0.25, 1.5, -1, 2}), scalars({0.5, 0.75, -2.5, 0.25}), scalars({0, 1, 3, 6}),
              scalars({1, 2, -0.25, 0.5}), scalars({0, 1, 30, 32})},
    .extremes = {scalars({0, 1, -1e3, 1e3}), scalars({0, 1e-30, -2e-30, 1e-30}), scalars({0, 1, 1000, 1001}),
                 scalars({0, 1, 2, 2.0000002384185791015625}), scalars({0, 1, -35, -30})},
    .log_prob = log_density,
    .cdf = distribution,
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          for (double u : {1e-6, 0.001, 0.01, 0.03, 0.05, 0.1, 0.15, 0.2,  0.3,  0.35,
                           0.45, 0.55,  0.6,  0.7,  0.75, 0.8, 0.9,  0.95, 0.99, 0.999})
            x.push_back(static_cast<double>(static_cast<float>((1 - u) * p[2].item() + u * p[3].item())));
          return x;
        },
    .outside = {-2.75, 33, -INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          const Scores s(p);
          const double width = p[3].item() - p[2].item();
          return std::min<long double>(p[1].item() / (1 + std::abs(s.nearest)), width / 8);
        },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{p[2].item(), p[3].item()};
        },
    .random =
        [](std::mt19937_64& noise) {
          std::normal_distribution<double> normal;
          const double loc = std::sinh(4 * normal(noise)), scale = std::exp(3 * normal(noise));
          const double low = std::sinh(4 * normal(noise));
          return std::vector<double>{loc, scale, low,
                                     low + std::max(1.0, std::abs(low)) * std::exp(3 * normal(noise))};
        },
}};

}  // namespace

TEST_CASE("TruncatedNormal: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] {
          Distribution(TruncatedNormal{0, 1, 2, 1}).check(at);
        }) == "[TruncatedNormal] high is 1, needs to be greater than 2 (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(TruncatedNormal{0, 0, 1, 2}).check(at);
        }) == "[TruncatedNormal] scale is 0, needs to be positive (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(TruncatedNormal{0, 1, 0, Tensor(INFINITY)}).check(at);
        }) == "[TruncatedNormal] high is inf, needs to be finite (at model.cpp:7)");
}

TEST_CASE("TruncatedNormal: 30 and 10^4 scales away, on either side, draws stay inside") {
  for (DType dtype : {f64, f32})
    for (double side : {-1.0, 1.0})
      for (double distance : {30.0, 1e4}) {
        const double a = side * distance, b = side * (distance + 10);
        const auto of = [&](double x) { return Var(Tensor(x).cast(dtype)); };
        const TruncatedNormal law{of(0), of(1), of(std::min(a, b)), of(std::max(a, b))};
        const Tensor x = law.sample(Key(1), {10000}).tensor();
        for (double e : numbers(x)) CHECK((e >= std::min(a, b) && e <= std::max(a, b)));
        for (double y : numbers(law.log_prob(x))) CHECK(std::isfinite(y));
      }
}

}  // namespace tapir::vi::test
