// Values, special points and errors of the elementwise operations.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/elementwise.hpp>

#include <functional>
#include <random>

#include <boost/math/special_functions/erf.hpp>
#include <doctest/doctest.h>

#include <tapir/autodiff/ops/structure.hpp>

#include "derivative_rule.hpp"

namespace tapir::test {
namespace {

struct Unary {
  const char* name;
  Var (*f)(Arg);
  double (*oracle)(double);
  double low, high;
  double ulps = 4;  // of the rounded result, for kernels that err by one or two
};

double phi_cdf(double x) { return boost::math::erfc(-x / std::sqrt(2.0)) / 2; }

const Unary unaries[] = {
    {"neg", neg, [](double x) { return -x; }, -9, 9, 0},
    {"square", square, [](double x) { return x * x; }, -9, 9, 1},
    {"sqrt", sqrt, [](double x) { return std::sqrt(x); }, 0, 9, 1},
    {"rsqrt", rsqrt, [](double x) { return 1 / std::sqrt(x); }, 0.01, 9},
    {"abs", abs, [](double x) { return std::abs(x); }, -9, 9, 0},
    {"exp", exp, [](double x) { return std::exp(x); }, -80, 80},
    {"expm1", expm1, [](double x) { return std::expm1(x); }, -3, 3},
    {"log", log, [](double x) { return std::log(x); }, 1e-3, 20},
    {"log1p", log1p, [](double x) { return std::log1p(x); }, -0.9, 3},
    {"sin", sin, [](double x) { return std::sin(x); }, -3, 3},
    {"cos", cos, [](double x) { return std::cos(x); }, -1.5, 1.5},
    {"tan", tan, [](double x) { return std::tan(x); }, -1.5, 1.5},
    {"atan", atan, [](double x) { return std::atan(x); }, -9, 9},
    {"tanh", tanh, [](double x) { return std::tanh(x); }, -9, 9},
    {"sigmoid", sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -80, 80},
    {"log_sigmoid", log_sigmoid, [](double x) { return -boost::math::log1p(std::exp(-x)); }, -30, 30},
    {"softplus", softplus, [](double x) { return boost::math::log1p(std::exp(x)); }, -30, 30},
    {"relu", relu, [](double x) { return x > 0 ? x : 0; }, -9, 9, 0},
    {"gelu", gelu, [](double x) { return x * phi_cdf(x); }, -5, 9,
     40},  // the argument of erfc is rounded: x^2 ulps
    {"silu", silu, [](double x) { return x / (1 + std::exp(-x)); }, -80, 80},
    {"elu", elu, [](double x) { return x > 0 ? x : std::expm1(x); }, -9, 9},
    {"erf", erf, [](double x) { return boost::math::erf(x); }, -5, 5},
    {"erfc", erfc, [](double x) { return boost::math::erfc(x); }, -5, 9},
};

std::vector<double> spread(double low, double high, int count) {
  std::mt19937 generator(17);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> result;
  for (int i = 0; i < count; ++i) result.push_back(uniform(generator));
  return result;
}

Tensor tensor(const std::vector<double>& values) {
  return {Shape{static_cast<Index>(values.size())}, std::span<const double>(values)};
}

void check_unary(const Unary& unary, DType dtype) {
  CAPTURE(std::string(unary.name));
  CAPTURE(name_of(dtype));
  const double ulp = dtype == f32 ? 0x1p-23 : 0x1p-52;
  const Tensor x = tensor(spread(unary.low, unary.high, 203)).cast(dtype);
  const Tensor y = unary.f(x).tensor();
  CHECK(y.type() == x.type());
  double worst = 0;
  double at = 0;
  for (Index i = 0; i < x.size(); ++i) {
    const double expected = unary.oracle(x.at(i));
    const double error = y.at(i) == expected ? 0 : std::abs(y.at(i) - expected) / std::abs(expected) / ulp;
    if (error <= worst) continue;
    worst = std::isnan(error) ? infinity : error;
    at = x.at(i);
  }
  CAPTURE(at);
  CHECK(worst <= unary.ulps);
}

}  // namespace

TEST_CASE("every unary operation agrees with the standard library or Boost") {
  for (const Unary& unary : unaries) {
    check_unary(unary, f64);
    check_unary(unary, f32);
  }
}

TEST_CASE("arithmetic agrees with C++") {
  const auto a = spread(-4, 4, 101);
  const auto b = spread(0.5, 3, 101);
  const Var x = tensor(a);
  const Var y = tensor(b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(a[i]);
    CAPTURE(b[i]);
    const auto at = [i](const Var& v) { return v.tensor().at(static_cast<Index>(i)); };
    CHECK(at(x + y) == a[i] + b[i]);
    CHECK(at(x - y) == a[i] - b[i]);
    CHECK(at(x * y) == a[i] * b[i]);
    CHECK(at(x / y) == a[i] / b[i]);
    CHECK(at(maximum(x, y)) == std::max(a[i], b[i]));
    CHECK(at(minimum(x, y)) == std::min(a[i], b[i]));
    CHECK(at(clamp(x, -1, y)) == std::min(std::max(a[i], -1.0), b[i]));
    CHECK(at(sign(x)) == (a[i] > 0) - (a[i] < 0));
    CHECK(close(at(atan2(x, y)), std::atan2(a[i], b[i]), 1e-15));
    CHECK(close(at(logaddexp(x, y)), std::log(std::exp(a[i]) + std::exp(b[i])), 4e-15));
    // A power errs by its exponent b log a times the rounding of the logarithm.
    CHECK(close(at(pow(y, x)), std::pow(b[i], a[i]), 4e-15));
  }
}

TEST_CASE("arithmetic of i64 is whole and wraps around") {
  const Var a = Tensor({3}, {Index{7}, Index{-3}, std::numeric_limits<Index>::max()});
  const Var one = Tensor(Index{1});
  CHECK((a + one).tensor().view<Index>()[2] == std::numeric_limits<Index>::min());
  CHECK(numbers(a * 2 - 1)[1] == -7);
  CHECK(numbers(square(a))[0] == 49);
  CHECK(numbers(maximum(a, 0)) == std::vector<double>{7, 0, 0x1p63});
  CHECK((a == 7).type() == Type{i64, {3}});
}

TEST_CASE("pow has the special values of IEEE 754") {
  const Tensor a = column({0, 0, 0, 0, -2, -2, -2, -2, infinity, infinity, 1, nan, 2, 0.5});
  const Tensor b = column({0, 1, 3, -1, 2, 3, -1, 0.5, 0, -1, infinity, 0, infinity, infinity});
  check_close(pow(a, b), {1, 0, 0, infinity, 4, -8, -0.5, nan, 1, 0, 1, 1, infinity, 0}, 4e-16);
  CHECK(identical(pow(a, 2).tensor(), square(a).tensor()));
}

TEST_CASE("NaN propagates") {
  const Tensor x = column({nan, 1, nan});
  const Tensor y = column({1, nan, nan});
  for (const Var& result : {maximum(x, y), minimum(x, y), x + y, logaddexp(x, y)})
    check_close(result, {nan, nan, nan});
  for (const Unary& unary : unaries) {
    CAPTURE(std::string(unary.name));
    CHECK(std::isnan(unary.f(column({nan})).tensor().at(0)));
  }
  check_close(clamp(x, -1, 1), {nan, 1, nan});
  CHECK(std::isnan(clamp(0.0, nan, 1).item()));
}

TEST_CASE("values at infinity and zero are limits") {
  const Tensor ends = column({-infinity, 0, infinity});
  check_close(exp(ends), {0, 1, infinity});
  check_close(expm1(ends), {-1, 0, infinity});
  check_close(log(column({0, 1, infinity})), {-infinity, 0, infinity});
  check_close(log1p(column({-1, 0, infinity})), {-infinity, 0, infinity});
  check_close(log(column({-1})), {nan});
  check_close(sqrt(column({-1, 0})), {nan, 0});
  check_close(tanh(ends), {-1, 0, 1});
  check_close(sigmoid(ends), {0, 0.5, 1});
  check_close(log_sigmoid(ends), {-infinity, -std::log(2.0), 0}, 1e-15);
  check_close(softplus(ends), {0, std::log(2.0), infinity}, 1e-15);
  check_close(relu(ends), {0, 0, infinity});
  check_close(elu(ends), {-1, 0, infinity});
  check_close(gelu(ends), {0, 0, infinity});
  check_close(silu(ends), {0, 0, infinity});
  check_close(erf(ends), {-1, 0, 1});
  check_close(erfc(ends), {2, 1, 0});
  check_close(atan(ends), {-std::acos(0.0), 0, std::acos(0.0)}, 1e-15);
  check_close(logaddexp(column({-infinity, infinity, -infinity}), column({-infinity, infinity, 3})),
              {-infinity, infinity, 3});
  check_close(logaddexp(column({1000, -1000}), column({1000, -1001})),
              {1000 + std::log(2.0), -1000 + std::log1p(std::exp(-1.0))}, 1e-15);
}

TEST_CASE("small arguments keep their digits") {
  const Tensor x = column({1e-10, -1e-10});
  check_close(expm1(x), {std::expm1(1e-10), std::expm1(-1e-10)}, 1e-15);
  check_close(log1p(x), {std::log1p(1e-10), std::log1p(-1e-10)}, 1e-15);
  check_close(log_sigmoid(column({40, -800})), {-std::exp(-40.0), -800}, 1e-15);
  check_close(erfc(column({10})), {boost::math::erfc(10.0)}, 1e-13);
}

TEST_CASE("comparisons and logic give 0 or 1 in the operands' dtype") {
  const Tensor a = column({1, 2, 2, nan});
  const Tensor b = column({2, 2, 1, nan});
  CHECK(numbers(Var(a) == b) == std::vector<double>{0, 1, 0, 0});
  CHECK(numbers(Var(a) != b) == std::vector<double>{1, 0, 1, 1});
  CHECK(numbers(Var(a) < b) == std::vector<double>{1, 0, 0, 0});
  CHECK(numbers(Var(a) <= b) == std::vector<double>{1, 1, 0, 0});
  CHECK(numbers(Var(a) > b) == std::vector<double>{0, 0, 1, 0});
  CHECK(numbers(Var(a) >= b) == std::vector<double>{0, 1, 1, 0});
  const Tensor p = column({0, 0, 2, -1}).cast(f32);
  const Tensor q = column({0, 3, 0, 5}).cast(f32);
  CHECK(numbers(logical_and(p, q)) == std::vector<double>{0, 0, 0, 1});
  CHECK(numbers(logical_or(p, q)) == std::vector<double>{0, 1, 1, 1});
  CHECK(numbers(logical_xor(p, q)) == std::vector<double>{0, 1, 1, 0});
  CHECK(numbers(logical_not(p)) == std::vector<double>{1, 1, 0, 0});
  CHECK(logical_not(p).type() == p.type());
  const Tensor odd = column({nan, infinity, -infinity, 1e308});
  CHECK(numbers(isfinite(odd)) == std::vector<double>{0, 0, 0, 1});
  CHECK(numbers(isnan(odd)) == std::vector<double>{1, 0, 0, 0});
}

TEST_CASE("rounding is half to even, and the sign of zero is the operand's") {
  check_close(round(column({0.5, 1.5, 2.5, -0.5, 2.4, 1e300})), {0, 2, 2, 0, 2, 1e300});
  check_close(floor(column({-0.5, 0.5, -infinity})), {-1, 0, -infinity});
  check_close(ceil(column({-0.5, 0.5, nan})), {0, 1, nan});
  CHECK(std::signbit(sign(-0.0).item()));
}

TEST_CASE("where takes one side and nothing of the other") {
  check_close(where(column({1, 0, nan, -0.0}), column({1, nan, 3, nan}), column({nan, 2, nan, 4})),
              {1, 2, 3, 4});
}

TEST_CASE("cast reaches every dtype from every dtype") {
  const Tensor x = column({2.75, -2.75, 0});
  CHECK(numbers(cast(x, i64)) == std::vector<double>{2, -2, 0});
  CHECK(cast(x, f32).type() == Type{f32, {3}});
  CHECK(numbers(cast(cast(x, f32), f64)) == numbers(x));
  CHECK(numbers(cast(cast(x, i64), f32)) == std::vector<double>{2, -2, 0});
  CHECK(numbers(cast(column({nan, infinity, 1e19}), i64)) == std::vector<double>{0, 0, 0});
  for (DType dtype : {f32, f64, i64})
    CHECK(compute(row_of("cast"), std::vector{x.cast(dtype)}, {{"to", dtype}})[0].type() == Type{dtype, {3}});
}

TEST_CASE("bare numbers stay open until they meet a dtype, and cast settles them") {
  const Var open = exp(1.0) * 2 + 1;
  CHECK(open.is_open());
  CHECK((open + Tensor(1.0F)).dtype() == f32);
  CHECK(cast(open, f64).dtype() == f64);
  CHECK(clamp(3.0, 0, 1).is_open());
  CHECK(pow(3, 2).item() == 9);
  CHECK(pow(3, 2).is_open());
}

TEST_CASE("operands broadcast from the right") {
  const Var a = Tensor({2, 1}, {1.0, 2.0});
  const Var b = Tensor({3}, {10.0, 20.0, 30.0});
  CHECK((a + b).shape() == Shape{2, 3});
  CHECK(numbers(a + b) == std::vector<double>{11, 21, 31, 12, 22, 32});
  CHECK(where(Tensor({2, 1}, {1.0, 0.0}), b, a).shape() == Shape{2, 3});
  CHECK((Var(Tensor(Type{f64, {0, 3}})) * b).shape() == Shape{0, 3});
}

TEST_CASE("an error tells the line of the call") {
  const Var a = Tensor(Type{f32, {3, 4}});
  const Var b = Tensor(Type{f32, {5, 6}});
  int line = 0;
  for (int i : {0, 1}) {
    try {
      if (i == 0) line = __LINE__, a + b;
      if (i == 1) line = __LINE__, clamp(a, b, 1);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.where().line == line);
    }
  }
}

TEST_CASE("elementwise errors say what is wrong, both types and the file") {
  const Var a = Tensor(Type{f32, {3, 4}});
  const Var b = Tensor(Type{f32, {5, 6}});
  CHECK(error_of([&] { a + b; }) ==
        "[add] shapes do not broadcast: f32[3,4] and f32[5,6] (at elementwise_test.cpp)");
  CHECK(error_of([&] {
          a* Tensor(Type{f64, {4}});
        }) == "[mul] dtypes differ: f32[3,4] and f64[3,4]; cast one of them (at elementwise_test.cpp)");
  CHECK(error_of([&] {
          exp(Tensor(Type{i64, {3}}));
        }) == "[exp] is not defined for i64[3] (at elementwise_test.cpp)");
  CHECK(error_of([&] {
          Var(Tensor(Type{i64, {3}})) / 2;
        }) == "[div] is not defined for i64[3] (at elementwise_test.cpp)");
  CHECK(error_of([&] { clamp(a, b, 1); }) ==
        "[maximum] shapes do not broadcast: f32[3,4] and f32[5,6] (at elementwise_test.cpp)");
}

// ---- derivatives at the points where a formula would fail ----

TEST_CASE("pow: the gradient in the base is finite for whole exponents and base <= 0") {
  const Tensor a = column({0, 0, 0, 0, -2, -2, -2});
  const Tensor b = column({0, 1, 2, 3, 0, 3, -1});
  check_close(pull("pow", {a, b}, column({1, 1, 1, 1, 1, 1, 1}))[0], {0, 1, 0, 0, 0, 12, -0.25}, 1e-15);
}

TEST_CASE("pow: the gradient in the exponent is 0 at base 0, NaN below") {
  const Tensor a = column({0, 0, 2, -1});
  const Tensor b = column({2, 0, 3, 2});
  check_close(pull("pow", {a, b}, column({1, 1, 1, 1}))[1], {0, 0, 8 * std::log(2.0), nan}, 1e-15);
}

TEST_CASE("derivatives at kinks") {
  const Tensor x = column({-1, 0, 1});
  const Tensor g = column({3, 3, 3});
  check_close(pull("abs", {x}, g)[0], {-3, 0, 3});
  check_close(pull("relu", {x}, g)[0], {0, 0, 3});
  check_close(pull("elu", {x}, g)[0], {3 * std::exp(-1.0), 3, 3}, 1e-15);
  check_close(pull("relu", {column({-1})}, column({infinity}))[0], {0});
}

TEST_CASE("maximum and minimum: the winner takes the gradient, ties share, an infinite one does not leak") {
  const Tensor a = column({1, 2, 2, nan});
  const Tensor b = column({2, 2, 1, 0});
  const Tensor g = column({infinity, 4, 4, 4});
  check_close(pull("maximum", {a, b}, g)[0], {0, 2, 4, 4});
  check_close(pull("maximum", {a, b}, g)[1], {infinity, 2, 0, 4});
  check_close(pull("minimum", {a, b}, g)[0], {infinity, 2, 0, 4});
  check_close(pull("minimum", {a, b}, g)[1], {0, 2, 4, 4});
}

TEST_CASE("logaddexp: shares add up to one, and are 0 where both operands are -inf") {
  const Tensor a = column({1000, -infinity, -infinity, infinity, 0});
  const Tensor b = column({1001, -infinity, 0, 0, 0});
  const Tensor one = column({1, 1, 1, 1, 1});
  check_close(pull("logaddexp", {a, b}, one)[0], {1 / (1 + std::exp(1.0)), 0, 0, 1, 0.5}, 1e-15);
  check_close(pull("logaddexp", {a, b}, one)[1], {1 / (1 + std::exp(-1.0)), 0, 1, 0, 0.5}, 1e-15);
}

TEST_CASE("where: the gradient goes to the side that was taken, none to the condition") {
  const auto g = pull("where", {column({1, 0}), column({5, 5}), column({6, 6})}, column({infinity, 2}));
  check_close(g[1], {infinity, 0});
  check_close(g[2], {0, 2});
  CHECK(g[0].shape() == Shape{});  // none
}

TEST_CASE("cast: the gradient is cast back, and none goes through i64") {
  const Tensor x = column({1, 2});
  CHECK(pull("cast", {x}, column({3, 4}).cast(f32), {{"to", f32}})[0].type() == Type{f64, {2}});
  CHECK_FALSE(row_of("cast")->vjp(recorded(row_of("cast"), {x}, {{"to", i64}}), {Var(x)})[0].has_value());
  CHECK_FALSE(row_of("cast")->jvp(recorded(row_of("cast"), {x}, {{"to", i64}}), {Var(x)})[0].has_value());
}

TEST_CASE("rules record cotangents of the operands that are asked for only") {
  const Op& mul_op = row_of("mul");
  Recorded r = recorded(mul_op, {column({1}), column({2})}, {});
  r.needs = {false, true};
  const Tangents g = mul_op->vjp(r, {Var(column({1}))});
  CHECK_FALSE(g[0].has_value());
  CHECK(g[1].has_value());
}

}  // namespace tapir::test
