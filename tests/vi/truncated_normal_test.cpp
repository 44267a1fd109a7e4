// TruncatedNormal: its row, far tails, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/truncated_normal.hpp>

#include <doctest/doctest.h>

#include <boost/math/quadrature/gauss.hpp>

#include <tapir/vi/distributions/normal.hpp>

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
        nearest(a > 0   ? a
                : b < 0 ? b
                        : 0) {}
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
              scalars({1, 2, -0.25, 0.5}), scalars({0, 1, 30, 32}), scalars({0.5, 2, -1, INFINITY}),
              scalars({0.5, 2, -INFINITY, -4}), scalars({0, 1, -INFINITY, INFINITY})},
    .extremes = {scalars({0, 1, 50, INFINITY}), scalars({0, 1, -1e9, 1e-3}), scalars({0, 1, -INFINITY, 1e9}),
                 scalars({0, 1, -1e3, 1e3}), scalars({0, 1e-30, -2e-30, 1e-30}), scalars({0, 1, 1000, 1001}),
                 scalars({0, 1, 2, 2.0000002384185791015625}), scalars({0, 1, -35, -30})},
    .log_prob = log_density,
    .cdf = distribution,
    .cdf_unit = 0.01,  // a quantile is measured from the mode, by 1 less its level if that is above
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const auto end = [&](double bound, double side) {
            if (std::isfinite(bound)) return bound;
            return side * std::max(side * p[0].item(), side * p[side > 0 ? 2 : 3].item()) +
                   side * 9 * p[1].item();
          };
          const double low = end(p[2].item(), -1), high = end(p[3].item(), 1);
          for (double u : {1e-6, 0.001, 0.01, 0.03, 0.05, 0.1, 0.15, 0.2,  0.3,  0.35,
                           0.45, 0.55,  0.6,  0.7,  0.75, 0.8, 0.9,  0.95, 0.99, 0.999})
            x.push_back(static_cast<double>(static_cast<float>((1 - u) * low + u * high)));
          return x;
        },
    .outside = {-INFINITY, INFINITY},
    .length =
        [](const Parameters& p) {
          const Scores s(p);
          const double width = p[3].item() - p[2].item();
          return std::min<long double>(p[1].item() / (1 + std::abs(s.nearest)), width / 8);
        },
    .breaks =
        [](const Parameters& p) {
          std::vector<double> ends{p[2].item(), p[3].item()};
          if (std::isinf(ends[0]) && std::isinf(ends[1])) ends.insert(ends.begin() + 1, p[0].item());
          return ends;
        },
    .random =
        [](std::mt19937_64& noise) {
          std::normal_distribution<double> normal;
          const double loc = std::sinh(4 * normal(noise)), scale = std::exp(3 * normal(noise));
          const double low = std::sinh(4 * normal(noise));
          const double high = low + std::max(1.0, std::abs(low)) * std::exp(3 * normal(noise));
          const double open = normal(noise);
          return std::vector<double>{loc, scale, open > 1 ? -INFINITY : low, open < -1 ? INFINITY : high};
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
          Distribution(TruncatedNormal{0, 1, 3, -INFINITY}).check(at);
        }) == "[TruncatedNormal] high is -inf, needs to be greater than 3 (at model.cpp:7)");
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

TEST_CASE("TruncatedNormal: outside of the interval the density is 0") {
  const TruncatedNormal law{Tensor(0.25), 1.5, -1, 2};
  for (double x : numbers(law.log_prob(column({-1.5, 2.5})))) CHECK(x == -INFINITY);
}

TEST_CASE("TruncatedNormal: with one plain infinite end the support is a half-line, with two the line") {
  CHECK(TruncatedNormal{0, 1, 2, INFINITY}.support().str() == "numbers in [2, inf)");
  CHECK(TruncatedNormal{0, 1, Tensor(-INFINITY), 1}.support().str() == "numbers in (-inf, 1]");
  CHECK(TruncatedNormal{0, 1, -INFINITY, INFINITY}.support() == Support::Kind::real);
  const double whole = TruncatedNormal{1, 2, -INFINITY, INFINITY}.log_prob(1.5).item();
  CHECK(near(whole, Normal{1, 2}.log_prob(1.5).item(), 1e-15));
}

}  // namespace tapir::vi::test
