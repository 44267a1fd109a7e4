// hvp, jacobian, hessian against closed forms.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "support/errors.hpp"
#include "support/tape_text.hpp"

using namespace tapir;
using tapir::test::at_line;
using tapir::test::count_of;
using tapir::test::text_of_error;

namespace {

const Tensor point({3}, {0.4, -1.2, 0.7});

// log sum exp: gradient p = softmax x, Hessian diag p - p p'.
std::vector<double> shares() {
  std::vector<double> p;
  double total = 0;
  for (Index i = 0; i < 3; ++i) total += std::exp(point.at(i));
  for (Index i = 0; i < 3; ++i) p.push_back(std::exp(point.at(i)) / total);
  return p;
}

}  // namespace

TEST_CASE("hessian: of log-sum-exp") {
  const Tensor h = compile([](Var x) { return hessian(log(sum(exp(x))), x); })(point)[0];
  REQUIRE(h.type() == Type{f64, {3, 3}});
  const auto p = shares();
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      CHECK(h.at(static_cast<Index>(3 * i + j)) ==
            doctest::Approx((i == j ? p[i] : 0) - p[i] * p[j]).epsilon(1e-14));
}

TEST_CASE("hessian: of a quadratic form is A + A', whatever the point") {
  const Tensor a({3, 3}, {1.0, 2.0, 0.0, -1.0, 3.0, 0.5, 4.0, 0.0, -2.0});
  const Tensor h = compile([](Var x, Var m) { return hessian(dot(x, sum(m * x, {-1})), x); })(point, a)[0];
  for (Index i = 0; i < 3; ++i)
    for (Index j = 0; j < 3; ++j) CHECK(h.at(3 * i + j) == a.at(3 * i + j) + a.at(3 * j + i));
}

TEST_CASE("hessian: by a matrix has its axes twice") {
  // f = sum x^3: the second derivative is 6 x where both indices are the same.
  const Tensor x({2, 3}, {1.0, 2.0, 3.0, -1.0, -2.0, 0.5});
  const Tensor h = compile([](Var v) { return hessian(sum(v * v * v), v); })(x)[0];
  REQUIRE(h.type() == Type{f64, {2, 3, 2, 3}});
  for (Index i = 0; i < 6; ++i)
    for (Index j = 0; j < 6; ++j) CHECK(h.at(6 * i + j) == (i == j ? 6 * x.at(i) : 0));
}

TEST_CASE("hessian: of a scalar variable is a scalar") {
  CHECK(compile([](Var x) { return hessian(x * x * x, x); })(Tensor(2.0))[0].item() == 12.0);
}

TEST_CASE("hessian: of what is linear is zero") {
  const Tensor h = compile([](Var x) { return hessian(sum(3.0 * x), x); })(point)[0];
  CHECK(identical(h, Tensor({f64, {3, 3}})));
}

TEST_CASE("hvp: the Hessian times a vector, without the Hessian") {
  const Tensor v({3}, {0.5, 2.0, -1.0});
  const auto both = compile([](Var x, Var along) {
    const Var y = log(sum(exp(x)));
    return std::vector<Var>{hvp(y, x, along), sum(hessian(y, x) * along, {-1})};
  })(point, v);
  const auto p = shares();
  double mean_of = 0;
  for (std::size_t i = 0; i < 3; ++i) mean_of += p[i] * v.at(static_cast<Index>(i));
  for (std::size_t i = 0; i < 3; ++i) {
    const auto at = static_cast<Index>(i);
    CHECK(both[0].at(at) == doctest::Approx(p[i] * (v.at(at) - mean_of)).epsilon(1e-14));
    CHECK(both[1].at(at) == doctest::Approx(p[i] * (v.at(at) - mean_of)).epsilon(1e-14));
  }
}

TEST_CASE("hvp: of what is linear is zero") {
  const Tensor t = compile([](Var x) { return hvp(sum(x), x, x); })(point)[0];
  CHECK(identical(t, Tensor({f64, {3}})));
}

TEST_CASE("jacobian: results' axes first, then the variable's") {
  // y_ij = x_i^2 w_j: dy_ij / dx_k = 2 x_i w_j where i = k.
  const Tensor w({2}, {3.0, -1.0});
  const Tensor j = compile([](Var x, Var u) { return jacobian(outer(square(x), u), x); })(point, w)[0];
  REQUIRE(j.type() == Type{f64, {3, 2, 3}});
  for (Index i = 0; i < 3; ++i)
    for (Index c = 0; c < 2; ++c)
      for (Index k = 0; k < 3; ++k)
        CHECK(j.at((i * 2 + c) * 3 + k) ==
              doctest::Approx(i == k ? 2 * point.at(i) * w.at(c) : 0).epsilon(1e-15));
}

TEST_CASE("jacobian: one reverse pass, however many results") {
  const auto nodes = [](Index n) {
    const auto tape = Tape::make();
    const Var x = tape->input({f64, {n}});
    jacobian(sin(x) * sum(x), x);
    return tape->size();
  };
  CHECK(nodes(3) == nodes(300));
}

TEST_CASE("jacobian: zeros where nothing depends, and of an empty result") {
  const Tensor none = compile([](Var x) { return jacobian(floor(x), x); })(point)[0];
  CHECK(identical(none, Tensor({f64, {3, 3}})));
  const Tensor empty = compile([](Var x) { return jacobian(exp(slice(x, 0, 1, 1)), x); })(point)[0];
  CHECK(empty.type() == Type{f64, {0, 3}});
}

TEST_CASE("jacobian: by f32 is f32") {
  CHECK(compile([](Var x) { return jacobian(exp(x), x); })(point.cast(f32))[0].type() == Type{f32, {3, 3}});
}

TEST_CASE("third order: the derivative of a Hessian") {
  // f = (sum x)^3 / 6: every third derivative is 1.
  const Tensor t = compile([](Var x) {
    const Var s = sum(x);
    return jacobian(hessian(s * s * s / 6.0, x), x);
  })(point)[0];
  REQUIRE(t.type() == Type{f64, {3, 3, 3}});
  for (Index i = 0; i < 27; ++i) CHECK(t.at(i) == doctest::Approx(1.0).epsilon(1e-14));
}

TEST_CASE("jacobian, hvp and hessian: errors") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {3}}, "x");
  int line = __LINE__ + 1;
  CHECK(text_of_error([&] { jacobian(Var(point), x); }) ==
        "[jacobian] needs recorded values" + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { jacobian(exp(x), Var(point)); }) ==
        "[jacobian] needs recorded values" + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { hessian(exp(x), x); }) ==
        "[grad] needs a scalar result, it is f64[3]; sum it, or use vjp or jacobian" + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { hvp(sum(exp(x)), x, Var(1.0)); }) ==
        "[jvp] needs a recorded variable and a tangent of its shape, has f64[3]" + at_line(line));
}
