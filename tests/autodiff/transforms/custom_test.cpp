// A user's operation: forward and vjp as xtensor expressions, recorded, differentiated, batched.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/transforms/custom.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>

#include <tapir/autodiff/interop/xtensor.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/batch.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

using namespace tapir;

namespace {

// y = x / (1 + |x|), for vectors.
Custom softsign() {
  return Custom({
      .name = "softsign",
      .shape = [](auto operands) { return std::vector<Type>{operands[0]}; },
      .forward =
          [](auto in, auto out) {
            const auto x = as<double, 1>(in[0]);
            xt::noalias(as<double, 1>(out[0])) = x / (1.0 + xt::abs(x));
          },
      .vjp =
          [](auto in, auto, auto g, auto dx) {
            const auto x = as<double, 1>(in[0]);
            xt::noalias(as<double, 1>(dx[0])) = as<double, 1>(g[0]) / xt::square(1.0 + xt::abs(x));
          },
  });
}

// The largest of a * b and where it is: two operands, two results, one of them an index.
Custom largest_product() {
  return Custom({
      .name = "largest_product",
      .shape = [](std::span<const Type> operands) -> std::vector<Type> {
        if (operands[0] != operands[1])
          reject("operands differ: " + operands[0].str() + " and " + operands[1].str());
        return {{f64, {}}, {i64, {}}};
      },
      .forward =
          [](auto in, auto out) {
            const auto products = as<double, 1>(in[0]) * as<double, 1>(in[1]);
            const auto best = std::max_element(products.begin(), products.end());
            as<double, 0>(out[0])() = *best;
            as<Index, 0>(out[1])() = static_cast<Index>(best - products.begin());
          },
      .vjp =
          [](auto in, auto out, auto g, auto cotangents) {
            const auto at = static_cast<std::size_t>(as<Index, 0>(out[1])());
            as<double, 1>(cotangents[0])(at) = as<double, 0>(g[0])() * as<double, 1>(in[1])(at);
            as<double, 1>(cotangents[1])(at) = as<double, 0>(g[0])() * as<double, 1>(in[0])(at);
          },
  });
}

std::vector<Tensor> run(const std::vector<Var>& outputs, const std::vector<Tensor>& inputs) {
  std::vector<Ref> refs;
  for (const Var& output : outputs) refs.push_back(output.place()->ref);
  Program program(outputs[0].place()->tape, refs);
  program.run(inputs);
  return {program.outputs().begin(), program.outputs().end()};
}

std::string told(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    CHECK(error.where().str().starts_with("custom_test.cpp:"));
    return "[" + error.op() + "] " + error.message();
  }
  return "nothing";
}

const Tensor points({3}, {-2.0, 0.5, 4.0});

}  // namespace

TEST_CASE("custom: computes on plain values and records on a tape") {
  const Custom f = softsign();
  const Tensor y = f(points).tensor();
  for (Index i = 0; i < 3; ++i) CHECK(y.at(i) == points.at(i) / (1.0 + std::abs(points.at(i))));
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {3}});
  const Var recorded = f(x);
  CHECK(recorded.place()->ref == f(x).place()->ref);
  CHECK(tape->str(recorded.place()->ref.node).find("softsign") != std::string::npos);
  CHECK(identical(run({recorded}, {points})[0], y));
}

TEST_CASE("custom: the gradient is the user's, in a chain with other operations") {
  const Custom f = softsign();
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {3}});
  const Var g = grad(sum(square(f(2.0 * x))), x);
  const Tensor got = run({g}, {points})[0];
  for (Index i = 0; i < 3; ++i) {
    const double u = 2.0 * points.at(i), slope = 1.0 / ((1.0 + std::abs(u)) * (1.0 + std::abs(u)));
    CHECK(got.at(i) == doctest::Approx(4.0 * u / (1.0 + std::abs(u)) * slope).epsilon(1e-14));
  }
}

TEST_CASE("custom: several operands and results, of several dtypes") {
  const Custom f = largest_product();
  const Tensor a({3}, {1.0, -2.0, 3.0}), b({3}, {4.0, -5.0, 2.0});
  const auto results = f.all({a, b});
  CHECK(results[0].item() == 10.0);
  CHECK(identical(results[1].tensor(), Tensor(1)));
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {3}}), y = tape->input({f64, {3}});
  const std::vector<Var> both{x, y};
  const auto g = grad(f(x, y) * 3.0, both);
  const auto got = run({g[0], g[1]}, {a, b});
  CHECK(identical(got[0], Tensor({3}, {0.0, -15.0, 0.0})));
  CHECK(identical(got[1], Tensor({3}, {0.0, -6.0, 0.0})));
}

TEST_CASE("custom: nodes outlive the object that made them") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {3}});
  Var y, g;
  {
    const Custom f = softsign();
    y = f(x);
    g = grad(sum(y), x);
  }
  CHECK(run({y, g}, {points})[0].at(1) == 0.5 / 1.5);
}

TEST_CASE("custom: batched equals one at a time, value and gradient, with operands that are not batched") {
  const Custom f = largest_product();
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {3}}), y = tape->input({f64, {3}}), many = tape->input({f64, {4, 3}});
  const Var value = f(x, y);
  const std::vector<Var> outputs{value, grad(value, y)};
  const std::vector<Replacement> seeds{{x, many}};
  const auto wide = batch(outputs, seeds, 4);
  Tensor rows({f64, {4, 3}});
  for (Index i = 0; i < 12; ++i)
    rows.mutable_view<double>()[static_cast<std::size_t>(i)] = std::sin(3.0 * static_cast<double>(i));
  const Tensor b({3}, {1.0, -2.0, 3.0});
  const auto got = run(wide, {points, b, rows});
  REQUIRE(got[1].shape() == Shape{4, 3});
  for (Index k = 0; k < 4; ++k) {
    const auto one = run(outputs, {rows.rows(k, k + 1).reshaped({3}), b, rows});
    CHECK(got[0].at(k) == one[0].at(0));
    CHECK(identical(got[1].rows(k, k + 1).reshaped({3}), one[1]));
  }
}

TEST_CASE("custom: the errors of its rules and of its use name the operation and the line") {
  const Custom f = softsign(), g = largest_product();
  CHECK(told([&] { g(points, Tensor(1.0)); }) == "[largest_product] operands differ: f64[3] and f64[]");
  CHECK(told([] { Custom({.name = "nothing"}); }) ==
        "[custom] needs a name, a shape rule and a forward function");
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {3}});
  const Var first = grad(sum(f(x)), x);
  CHECK(told([&] { grad(sum(first), x); }) ==
        "[softsign] is differentiated a second time; a custom operation has a first derivative only");
  const Custom step({.name = "step",
                     .shape = [](auto types) { return std::vector<Type>{types[0]}; },
                     .forward = [](auto, auto) {}});
  CHECK(told([&] { grad(sum(step(x)), x); }).starts_with("[grad] the operation step has no reverse rule"));
}
