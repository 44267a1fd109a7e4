// Bijectors beside the suite: digits in the tails, sets, the registry, the sphere, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijector.hpp>

#include <cmath>
#include <limits>

#include <boost/math/quadrature/gauss.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/bijectors/bijectors.hpp>
#include <tapir/vi/distributions/delta.hpp>

#include "recorded_run.hpp"
#include "recording.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "bijector_test.cpp";
constexpr double infinity = std::numeric_limits<double>::infinity();

ValueAndLogDet there(const Bijector& b, const Var& x) { return b.forward_and_log_det(x); }
ValueAndLogDet back(const Bijector& b, const Var& y) { return b.inverse_and_log_det(y); }

}  // namespace

// Expected values: the formulas of the doc comments with 50 digits of the doubles that are given (mpmath).
TEST_CASE("bijectors: log_det keeps its digits in both tails, where the value is rounded to an edge") {
  struct Tail {
    Bijector b;
    double x;
    double log_det;
  };
  const Tail tails[] = {
      {Exp{}, -700, -700},
      {Softplus{}, -700, -700},
      {Softplus{}, 60, -8.7565107626965203385e-27},
      {Softplus{}, -0.5, -0.97407698418010668087},
      {Sigmoid{}, 700, -700},
      {Sigmoid{.low = -1, .high = 3}, -60, -58.613705638880109381},
      {Tanh{}, 300, -598.61370563888010938},
      {Tanh{}, -300, -598.61370563888010938},
      {Tanh{}, 1e-3, -9.999998333333778194e-7},
      {Power{.exponent = 2}, 1e-300, -690.08238071765375987},
      {inverse(Softplus{}), 1e-30, 69.077552789821370437},
  };
  for (const Tail& tail : tails) {
    CAPTURE(tail.b.name());
    CAPTURE(tail.x);
    CHECK(std::abs(there(tail.b, tail.x).log_det.item() - tail.log_det) <=
          4e-16 * std::abs(tail.log_det) + 2e-16);
  }
}

TEST_CASE("bijectors: inverses keep the digits of what lies close to an edge") {
  const auto close = [](double actual, double expected) {
    return std::abs(actual - expected) <= 1e-15 * std::abs(expected);
  };
  CHECK(close(Bijector(Softplus{}).inverse(1e-30).item(), -69.077552789821370437));
  CHECK(close(Bijector(Softplus{}).inverse(800).item(), 800));
  CHECK(close(Bijector(Sigmoid{}).inverse(1e-30).item(), -69.077552789821370437));
  CHECK(close(Bijector(Sigmoid{.low = 2, .high = 3}).inverse(3 - 0x1p-50).item(), 34.657359027997264583));
  CHECK(close(Bijector(Tanh{}).inverse(1e-20).item(), 1e-20));
  CHECK(Bijector(Sigmoid{.low = 0.1, .high = 0.7}).forward(1000).item() == 0.7);
  CHECK(Bijector(Sigmoid{.low = 0.1, .high = 0.7}).forward(-1000).item() == 0.1);
  const auto x = numbers(Bijector(StickBreaking{}).inverse(column({1e-30, 0.4, 0.6, 1e-30})));
  CHECK(close(x[0], std::log(1e-30) + std::log(3.0)));
  CHECK(close(x[1], std::log(0.4) - std::log(0.6) + std::log(2.0)));
  CHECK(close(x[2], std::log(0.6) - std::log(1e-30)));
  CHECK(near(back(StickBreaking{}, column({1e-30, 0.4, 0.6, 1e-30})).log_det.item(),
             -(2 * std::log(1e-30) + std::log(0.24)), 1e-15));
  // A correlation of 1 - 5e-21: tanh x is 1 in double, and the rest of the row is not 0.
  const auto [y, log_det] = there(CorrelationCholesky{}, column({23.0}));
  CHECK(y.tensor().at(2) == 1);
  CHECK(near(y.tensor().at(3) * std::cosh(23.0), 1,
             1e-14));  // exp(-22) has 22 times the rounding of its argument
  CHECK(close(log_det.item(), -2 * std::log(std::cosh(23.0))));
  CHECK(near(Bijector(CorrelationCholesky{}).inverse(y).tensor().at(0), 23, 1e-14));
}

TEST_CASE("bijectors: simplices where elements underflow have a finite log_det and clean gradients") {
  for (const Bijector& b : {Bijector(StickBreaking{}), Bijector(SoftmaxCentred{})}) {
    const Tensor x = column({-800, 750, 0.3});
    const auto results = value_and_gradients({x}, [&](const std::vector<Var>& v) {
      const auto [y, log_det] = b.forward_and_log_det(v[0]);
      return y + log_det;
    });
    CHECK(there(b, x).value.tensor().at(0) == 0);
    CHECK(there(b, x).log_det.item() < -2000);
    for (const Tensor& result : results)
      for (double e : numbers(result)) CHECK(std::isfinite(e));
  }
}

TEST_CASE("bijectors: the image of a set moves its ends; what is not known is the codomain") {
  const auto image = [](const Bijector& b, const Support& part) { return b.image(part).str(); };
  CHECK(image(Exp{}, Support::real) == "positive numbers");
  CHECK(image(Exp{}, Support::nonnegative) == "numbers in [1, inf)");
  CHECK(image(Exp{}, Support::interval(0, 0)) == "the point 1");
  CHECK(image(Sigmoid{}, Support::positive) == "numbers in (0.5, 1)");
  CHECK(image(Affine{.loc = 1, .scale = -2}, Support::unit_interval) == "numbers in [-1, 1]");
  CHECK(image(Affine{.loc = 1, .scale = -2}, Support::positive) == "numbers in (-inf, 1)");
  CHECK(image(Affine{.loc = 1, .scale = -2}, Support::at_most(3)) == "numbers in [-5, inf)");
  CHECK(image(Power{.exponent = -1}, Support::greater_than(2)) == "numbers in (0, 0.5)");
  CHECK(image(inverse(Exp{}), Support::positive) == "real numbers");
  CHECK(image(inverse(Exp{}), Support::unit_interval) == "numbers in (-inf, 0]");
  CHECK(image(Chain{{Exp{}, Affine{.loc = 2}, Power{.exponent = -1}}}, Support::real) ==
        "numbers in (0, 0.5)");
  CHECK(image(Permutation{{1, 0}}, Support::simplex) == "simplices");
  CHECK(image(Permutation{{1, 0}}, Support::ordered) == "real numbers");
  CHECK(image(Identity{}, Support::ordered) == "ascending vectors");
  // Both directions at once, and one that is not known before it runs.
  const Support both = Bijector(Affine{.scale = column({2, -2})}).image(Support::at_least(1));
  CHECK(numbers(both.bounds()->low) == std::vector<double>{2, -infinity});
  CHECK(numbers(both.bounds()->high) == std::vector<double>{infinity, -2});
  const auto ends = run_recorded({Tensor(-2.0)}, [](const std::vector<Var>& v) -> std::vector<Var> {
    const Support set = Bijector(Affine{.scale = v[0]}).image(Support::positive);
    return {set.bounds()->low, set.bounds()->high};
  });
  CHECK(ends[0].item() == -infinity);
  CHECK(ends[1].item() == 0);
}

TEST_CASE("biject_to: onto the inside of every continuous set") {
  const auto onto = [](const Support& set, const Shape& x) {
    const Bijector b = biject_to(set);
    const Tensor y = b.forward(irregular(x)).tensor();
    CHECK(!set.violation(y));
    for (double outside : numbers(set.excludes(y))) CHECK(outside == 0);
    CHECK(b.domain() == Support::Kind::real);
    return std::string(b.name());
  };
  CHECK(onto(Support::real, {5}) == "Identity");
  CHECK(onto(Support::positive, {5}) == "Exp");
  CHECK(onto(Support::nonnegative, {5}) == "Exp");
  CHECK(onto(Support::unit_interval, {5}) == "Sigmoid");
  CHECK(onto(Support::interval(2, 3), {5}) == "Sigmoid");
  CHECK(onto(Support::greater_than(2), {5}) == "Chain");
  CHECK(onto(Support::at_most(-1), {5}) == "Chain");
  CHECK(onto(Support::simplex, {5, 3}) == "StickBreaking");
  CHECK(onto(Support::ordered, {5, 3}) == "Ordered");
  CHECK(onto(Support::positive_ordered, {5, 3}) == "PositiveOrdered");
  CHECK(onto(Support::unit_vector, {5, 3}) == "UnitVector");
  CHECK(onto(Support::lower_cholesky, {5, 6}) == "LowerCholesky");
  CHECK(onto(Support::correlation_cholesky, {5, 6}) == "CorrelationCholesky");
  CHECK(onto(Support::positive_definite, {5, 6}) == "Chain");
  const auto error = [](const Support& set) { return error_of([&] { (void)biject_to(set); }); };
  CHECK(error(Support::boolean) ==
        "[biject_to] no bijector leads from real numbers onto zeros and ones" + line(__LINE__ - 2, file));
  CHECK(error(Support::category(3)) ==
        "[biject_to] no bijector leads from real numbers onto whole numbers in [0, 2]" +
            line(__LINE__ - 5, file));
  CHECK(error(Support::nonzero) ==
        "[biject_to] no bijector leads from real numbers onto numbers other than 0" +
            line(__LINE__ - 8, file));
  CHECK(error(Distribution(Delta{0.5}).support()) ==
        "[biject_to] no bijector leads from real numbers onto the point 0.5" + line(__LINE__ - 10, file));
}

TEST_CASE("UnitVector: a density on the circle becomes a normalised one of the plane") {
  // By quadrature in polar coordinates; the density on the circle is von Mises' with concentration 1.3.
  const UnitVector b;
  using Gauss = boost::math::quadrature::gauss<double, 30>;
  const double log_norm = std::log(2 * M_PI * std::cyl_bessel_i(0, 1.3));
  const auto at_radius = [&](double r) {
    const int angles = 64;  // the trapezoidal rule of a smooth periodic function is exact to its rounding
    double total = 0;
    for (int k = 0; k < angles; ++k) {
      const double angle = 2 * M_PI * k / angles;
      const auto [y, log_det] = there(b, column({r * std::cos(angle), r * std::sin(angle)}));
      total += std::exp(1.3 * y.tensor().at(0) - log_norm + log_det.item());
    }
    return total * 2 * M_PI / angles * r;
  };
  CHECK(near(Gauss::integrate(at_radius, 0.0, 4.0) + Gauss::integrate(at_radius, 4.0, 12.0), 1, 1e-12));
  CHECK(!Bijector(b).is_bijective());
  CHECK(Bijector(b).codomain() == Support::Kind::unit_vector);
  const Tensor y = Bijector(b).forward(column({3, -4})).tensor();
  CHECK(numbers(y) == std::vector<double>{0.6, -0.8});
  CHECK(identical(Bijector(b).inverse(y).tensor(), y));
}

TEST_CASE("inverse: of an inverse it is the bijector itself") {
  CHECK(same(inverse(inverse(Softplus{})), Softplus{}));
  CHECK(inverse(Exp{}).name() == "Inverse");
  CHECK(!same(inverse(Exp{}), Exp{}));
}

TEST_CASE("Chain: without parts it is the identity of numbers; maps of numbers around one of vectors act on "
          "elements") {
  CHECK(there(Chain{}, column({1, 2})).value.shape() == Shape{2});
  CHECK(numbers(there(Chain{}, column({1, 2})).log_det) == std::vector<double>{0, 0});
  const Bijector around = Chain{{Affine{.scale = 2}, Ordered{}, Exp{}}};
  CHECK(around.ranks() == Ranks{1, 1});
  const auto [y, log_det] = there(around, column({0.1, 0.2}));
  const double second = 0.2 + std::exp(0.4);
  CHECK(near(y.tensor().at(1), std::exp(second), 1e-15));
  CHECK(near(log_det.item(), 2 * std::log(2.0) + 0.4 + 0.2 + second, 1e-15));
  CHECK(Bijector(Chain{{LowerCholesky{}, CholeskyProduct{}}}).ranks() == Ranks{1, 2});
  CHECK(Bijector(Chain{{Affine{}, LowerCholesky{}, Affine{.scale = 3}}}).ranks() == Ranks{1, 2});
}

TEST_CASE("bijectors: parameters with batch axes give one log_det for each; shared ones are stretched") {
  const auto [y, log_det] = there(Affine{.loc = 0, .scale = irregular({4, 1})}, irregular({3}));
  CHECK(y.shape() == Shape{4, 3});
  CHECK(log_det.type() == Type{f64, {4, 3}});
  CHECK(there(Permutation{{1, 0}}, irregular({5, 2}, 0.3, f32)).log_det.type() == Type{f32, {5}});
  CHECK(there(Exp{}, 0.5).value.is_open());
}

TEST_CASE("bijectors: errors name bijector, parameter, value and line") {
  const auto error = [](const auto& f) { return error_of([&] { (void)f(); }); };
  const auto at = [](int row) { return line(row, file); };
  const Bijector flat = Affine{.scale = 0};
  CHECK(error([&] { return flat.forward(1); }) ==
        "[Affine] scale is 0, needs to be finite and not 0" + at(__LINE__ - 1));
  CHECK(error([&] { return Bijector(Power{NAN}).inverse(1); }) ==
        "[Power] exponent is nan, needs to be finite and not 0" + at(__LINE__ - 1));
  CHECK(error([&] { return Bijector(Sigmoid{.low = 2, .high = 1}).forward_and_log_det(1); }) ==
        "[Sigmoid] high is 1, needs to be greater than 2" + at(__LINE__ - 1));
  CHECK(error([&] {
          return Bijector(Sigmoid{.low = column({0, 3}), .high = 1}).inverse_and_log_det(1);
        }) == "[Sigmoid] high is 1, needs to be greater than 3" + at(__LINE__ - 2));
  CHECK(error([&] {
          return Bijector(Chain{{Exp{}, flat}}).forward(1);
        }) == "[Chain] parts[1].scale is 0, needs to be finite and not 0" + at(__LINE__ - 2));
  CHECK(error([&] { return Bijector(Inverse{flat}).forward(1); }) ==
        "[Inverse] bijector.scale is 0, needs to be finite and not 0" + at(__LINE__ - 1));
  CHECK(error([&] {
          return Bijector(PerSlice{{{flat, 1}}}).forward(column({1}));
        }) == "[PerSlice] slices[0].scale is 0, needs to be finite and not 0" + at(__LINE__ - 2));
  CHECK(error([&] { return Bijector(StickBreaking{}).forward(0.5); }) ==
        "[StickBreaking] x is f64[]; a point has 1 axis" + at(__LINE__ - 1));
  CHECK(error([&] { return Bijector(LowerCholesky{}).inverse(irregular({3})); }) ==
        "[LowerCholesky] y is f64[3]; a point has 2 axes" + at(__LINE__ - 1));
  CHECK(error([&] {
          return Bijector(LowerCholesky{}).forward(irregular({2, 4}));
        }) == "[LowerCholesky] x has 4 elements; a triangle has 1, 3, 6, 10, .." + at(__LINE__ - 2));
  CHECK(error([&] {
          return Bijector(CorrelationCholesky{}).forward(irregular({2, 4}));
        }) == "[CorrelationCholesky] x has 4 elements; a triangle has 0, 1, 3, 6, .. below its diagonal" +
                  at(__LINE__ - 3));
  CHECK(error([&] {
          return Bijector(CorrelationCholesky{}).inverse(irregular({3, 2}));
        }) == "[CorrelationCholesky] y has matrices [3,2]; they have to be square" + at(__LINE__ - 2));
  CHECK(error([&] {
          return Bijector(SoftmaxCentred{}).inverse(Tensor(Type{f64, {2, 0}}));
        }) == "[SoftmaxCentred] y has no element; a simplex has at least 1" + at(__LINE__ - 2));
  CHECK(error([&] {
          return Bijector(Permutation{{0, 1, 1}}).forward(irregular({3}));
        }) == "[Permutation] order has 1 twice" + at(__LINE__ - 2));
  CHECK(error([&] {
          return Bijector(Permutation{{0, 3, 1}}).forward(irregular({3}));
        }) == "[Permutation] order has 3, it has to be less than 3" + at(__LINE__ - 2));
  CHECK(error([&] {
          return Bijector(Permutation{{0, -1, 1}}).forward(irregular({3}));
        }) == "[Permutation] order has -1, it has to be 0 or more" + at(__LINE__ - 2));
  CHECK(error([&] {
          return Bijector(Permutation{{0, 2, 1}}).inverse(irregular({4}));
        }) == "[Permutation] order has 3 numbers, a point is [4]" + at(__LINE__ - 2));
  CHECK(error([&] {
          return Bijector(PerSlice{{{LowerCholesky{}, 3}}}).forward(irregular({3}));
        }) == "[PerSlice] slices[0]: LowerCholesky takes 1 axis to 2; a slice is a vector and stays one" +
                  at(__LINE__ - 3));
  CHECK(error([&] {
          return Bijector(PerSlice{{{Exp{}, 1}, {Tanh{}, 2}}}).forward(irregular({4}));
        }) == "[PerSlice] the slices have 3 elements, a point is [4]" + at(__LINE__ - 2));
}

TEST_CASE("bijectors: what they record carries the user's line, also where only a parameter is recorded") {
  const auto tape = Tape::make();
  const Var scale = tape->input({f64, {}});
  const Var x = tape->input({f64, {3}});
  const Bijector all =
      Chain{{Affine{.scale = scale}, PerSlice{{{Sigmoid{.low = 0, .high = 2}, 1}, {StickBreaking{}, 2}}},
             Permutation{{3, 1, 2, 0}}}};
  const auto y = column({0.1, 0.2, 0.3, 0.4});
  const int first = __LINE__ + 1;
  (void)all.forward_and_log_det(column({0.1, 0.2, 0.3}));
  (void)all.forward_and_log_det(x);
  (void)all.inverse_and_log_det(y);
  (void)all.excludes(y);
  const int last = __LINE__ - 1;
  for (int i = 0; i < tape->size(); ++i) {
    if (tape->node(i).inputs.empty()) continue;
    CAPTURE(tape->str(i));
    CHECK(tape->node(i).where.str().substr(0, file.size()) == file);
    CHECK(tape->node(i).where.line >= first);
    CHECK(tape->node(i).where.line <= last);
  }
}

}  // namespace tapir::vi::test
