// Log-sum-exp, softmax and its logarithm at the points where a naive formula fails.
// SPDX-License-Identifier: BSD-3-Clause
#include <random>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>

#include "derivative_rule.hpp"

namespace tapir::test {
namespace {

const Attrs last{{"axis", Index{-1}}};
const Attrs over_last{{"axes", std::vector<Index>{-1}}, {"keep_dims", Index{0}}};

Tensor random_tensor(const Shape& shape, double low, double high) {
  std::mt19937 generator(11);
  std::uniform_real_distribution<double> uniform(low, high);
  Tensor result(Type{f64, shape});
  for (double& x : result.mutable_view<double>()) x = uniform(generator);
  return result;
}

// exp(x_i - x_j) summed in long double: no maximum, no overflow at these sizes.
long double share(const Tensor& x, Index outer, Index i, Index column, Index n, Index inner) {
  const auto at = [&](Index j) { return static_cast<long double>(x.at((outer * n + j) * inner + column)); };
  long double total = 0;
  for (Index j = 0; j < n; ++j) total += std::exp(at(j) - at(i));
  return 1 / total;
}

}  // namespace

TEST_CASE("softmax and log_softmax agree with sums in long double along any axis") {
  for (const auto& [outer, n, inner] : std::vector<std::array<Index, 3>>{
           {3, 7, 1}, {2, 5, 3}, {1, 1, 4}, {50, 10, 1}, {2, 3000, 1}, {1, 40, 90}, {70, 1100, 1}})
    for (DType dtype : {f32, f64}) {
      const Tensor x = random_tensor({outer, n, inner}, -20, 20).cast(dtype);
      const Tensor y = softmax(x, 1).tensor();
      const Tensor l = log_softmax(x, 1).tensor();
      const double rounding = dtype == f32 ? 0x1p-23 : 0x1p-52;
      double worst = 0;
      for (Index i = 0; i < x.size(); ++i) {
        const long double p = share(x, i / (n * inner), i / inner % n, i % inner, n, inner);
        worst = std::max(worst, static_cast<double>(std::abs(y.at(i) / p - 1)) / rounding);
        worst = std::max(worst, static_cast<double>(std::abs(l.at(i) - std::log(p))) / rounding / 40);
      }
      CAPTURE(n);
      CAPTURE(inner);
      // A rounded difference of 40 moves an exponential by 20 roundings.
      CHECK(worst < 25);
    }
}

TEST_CASE("logsumexp is exact for large and small operands") {
  check_close(logsumexp(column({1000, 1000})), {1000 + std::log(2.0)}, 1e-15);
  check_close(logsumexp(column({-1000, -1000, -1000})), {-1000 + std::log(3.0)}, 1e-15);
  check_close(logsumexp(column({-2000})), {-2000});
}

TEST_CASE("logsumexp at infinity") {
  check_close(logsumexp(column({-infinity, -infinity})), {-infinity});
  check_close(logsumexp(column({-infinity, 3})), {3});
  check_close(logsumexp(column({infinity, 3})), {infinity});
  check_close(logsumexp(column({infinity, -infinity})), {infinity});
  check_close(logsumexp(column({nan, infinity})), {nan});
  // A long axis and a wide array take other paths through the kernel.
  Tensor long_axis = Tensor::full({f64, {5000}}, -infinity);
  check_close(logsumexp(long_axis), {-infinity});
  long_axis.mutable_view<double>()[4321] = 2.5;
  check_close(logsumexp(long_axis), {2.5});
  CHECK(logsumexp(Tensor::full({f64, {3, 2000}}, -infinity), 0).tensor().at(1999) == -infinity);
}

TEST_CASE("logsumexp: the gradient is the softmax, and zero where all are -inf") {
  check_close(pull("logsumexp", {column({0, std::log(3.0)})}, Tensor(4.0), over_last)[0], {1, 3}, 1e-15);
  check_close(pull("logsumexp", {column({-infinity, -infinity})}, Tensor(4.0), over_last)[0], {0, 0});
  check_close(pull("logsumexp", {column({-infinity, 7})}, Tensor(4.0), over_last)[0], {0, 4});
  check_close(push("logsumexp", column({-infinity, -infinity}), column({1, 1}), over_last), {0});
}

TEST_CASE("softmax: -inf has no share and no gradient") {
  const Tensor x = column({-infinity, 0, 0});
  check_close(softmax(x), {0, 0.5, 0.5});
  check_close(log_softmax(x), {-infinity, -std::log(2.0), -std::log(2.0)}, 1e-15);
  check_close(pull("softmax", {x}, column({5, 1, 3}), last)[0], {0, -0.5, 0.5}, 1e-15);
  check_close(softmax(column({1e4, 1e4 - 1})), {1 / (1 + std::exp(-1.0)), 1 / (1 + std::exp(1.0))}, 1e-15);
  check_close(softmax(column({-infinity, -infinity})), {nan, nan});
}

TEST_CASE("log_softmax keeps its digits far from zero") {
  const Tensor x = column({1e4, 1e4 + 0.5}).cast(f32);
  check_close(log_softmax(x), {-std::log1p(std::exp(0.5)), -std::log1p(std::exp(-0.5))}, 2e-7);
  check_close(pull("log_softmax", {column({0, 0})}, column({1, 0}), last)[0], {0.5, -0.5}, 1e-15);
}

TEST_CASE("softmax errors name the operation, the type and the file") {
  const Var x = Tensor(Type{f64, {2}});
  const Var whole = Tensor(Type{i64, {2}});
  CHECK(error_of([&] { logsumexp(x, 3); }) ==
        "[logsumexp] axis 3 is out of range for f64[2] (at softmax_test.cpp)");
  CHECK(error_of([&] { logsumexp(whole); }) == "[logsumexp] is not defined for i64[2] (at softmax_test.cpp)");
  CHECK(error_of([&] { softmax(x, 1); }) ==
        "[softmax] axis 1 is out of range for f64[2] (at softmax_test.cpp)");
  CHECK(error_of([&] { softmax(whole); }) == "[softmax] is not defined for i64[2] (at softmax_test.cpp)");
  CHECK(error_of([&] { log_softmax(2.0); }) ==
        "[log_softmax] axis -1 is out of range for f64[] (at softmax_test.cpp)");
}

}  // namespace tapir::test
