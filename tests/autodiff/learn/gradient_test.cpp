// Value and gradient as one compiled function.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "problem.hpp"

namespace tapir::test {

TEST_CASE("value_and_grad: the value, the gradient by path, and what else was returned") {
  const Params params = problem_params();
  auto f = value_and_grad(params, [loss = problem_loss(params)](Var c) {
    return std::vector<Var>{loss(c), c * 2.0, sum(c)};
  });
  for (int call = 0; call < 3; ++call) {
    const auto [value, gradients, rest] = f(vector_of(problem_c));
    CHECK(value.item() == doctest::Approx(0.5 + 8 + 1.25 * 0.25 + 0.5625 * -0.5).epsilon(1e-15));
    CHECK(gradients.size() == 2);
    check_close(problem_values(gradients), problem_gradient(problem_start), 1e-15);
    REQUIRE(rest.size() == 2);
    check_close(rest[0], {1, 4, 2.5}, 0);
    CHECK(rest[1].item() == 3.75);
  }
}

TEST_CASE("value_and_grad: reads parameters anew, and notices what is frozen") {
  Params params = problem_params();
  auto f = value_and_grad(params, problem_loss(params));
  f(vector_of(problem_c));
  params.assign("b", Tensor(2.0));
  check_close(problem_values(f(vector_of(problem_c)).gradients), problem_gradient({1.0, -2.0, 0.5, 2.0}),
              1e-15);
  params.freeze("b");
  CHECK(f(vector_of(problem_c)).gradients.size() == 1);
  CHECK(f(vector_of(problem_c)).gradients.contains("w"));
}

TEST_CASE("value_and_grad: parameters created while recording have gradients") {
  Params params(0, f64);
  auto f = value_and_grad(params, [&](Var x) {
    const Var a = params.contains("a") ? params["a"] : Scope(params).param("a", 3.0);
    return sum(a * x) + (x.shape()[0] > 1
                             ? params.contains("late") ? params["late"] : Scope(params).param("late", 1.0)
                             : Var(0.0));
  });
  CHECK(f(vector_of({5})).gradients.at("a").item() == 5);
  CHECK(f(vector_of({5})).gradients.at("a").item() == 5);
  CHECK(f(vector_of({5, 6})).gradients.at("a").item() == 11);
  CHECK(f(vector_of({5, 6})).gradients.at("late").item() == 1);
  // Now "late" is a parameter of the first program too, which does not reach it.
  CHECK(error_of([&] { f(vector_of({5})); }) ==
        "[grad] the result does not depend on parameter \"late\"; allow_unused gives zeros");
}

TEST_CASE("value_and_grad: an unreached parameter is an error that names it, unless allowed") {
  const Params params = problem_params();
  const auto only_w = [w = params["w"]](Var c) { return sum(c * w); };
  CHECK(error_of([&] { value_and_grad(params, only_w)(vector_of(problem_c)); }) ==
        "[grad] the result does not depend on parameter \"b\"; allow_unused gives zeros");
  const auto result = value_and_grad(params, only_w, {.allow_unused = true})(vector_of(problem_c));
  CHECK(result.gradients.at("b").item() == 0);
  check_close(result.gradients.at("w"), problem_c, 0);
}

TEST_CASE("value_and_grad: a model of captured data trains") {
  const Params params = problem_params();
  const Tensor c = vector_of(problem_c);
  auto f = value_and_grad(params, [&, loss = problem_loss(params)](std::span<const Var>) { return loss(c); });
  check_close(problem_values(f().gradients), problem_gradient(problem_start), 1e-15);
}

TEST_CASE("value_and_grad: errors of what it is given") {
  Params params = problem_params();
  CHECK(error_of([&] {
          value_and_grad(params, [&](Var c) { return c * params["w"]; })(vector_of(problem_c));
        }) == "[grad] needs a scalar result, it is f64[3]; sum it, or use vjp or jacobian");
  CHECK(error_of([&] {
          value_and_grad(params, [](Var) { return std::vector<Var>{}; })(vector_of(problem_c));
        }) == "[value_and_grad] the function returns nothing");
  params.freeze("");
  CHECK(error_of([&] { value_and_grad(params, problem_loss(params))(vector_of(problem_c)); }) ==
        "[grad] there is no parameter to train: none exists, or all are frozen");
}

}  // namespace tapir::test
