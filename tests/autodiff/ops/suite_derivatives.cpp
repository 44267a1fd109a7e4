// The suite: reverse rules against central differences, to second order; forward rules against reverse ones.
// SPDX-License-Identifier: BSD-3-Clause
#include "suite.hpp"

#include <algorithm>
#include <cmath>

using namespace tapir;
using namespace tapir::test;

namespace {

// Differences of fourth order, (8 (F(h) - F(-h)) - (F(2h) - F(-2h))) / 12h. Their error is h^4/30 F^(5), at most about
// 1e-8 of the derivative at the samples' steepest points (negative powers of 0.3), plus 2e-16 / h of the values: 1e-12.
constexpr double step = 5e-4;
constexpr double tolerance = 5e-8;

std::vector<Tensor> moved(std::span<const Tensor> from, std::span<const Tensor> along, double by) {
  std::vector<Tensor> result(from.begin(), from.end());
  for (std::size_t k = 0; k < result.size(); ++k) {
    if (result[k].dtype() != f64 || along[k].dtype() != f64) continue;
    const auto to = result[k].mutable_view<double>();
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += by * along[k].view<double>()[i];
  }
  return result;
}

template <class F>
double difference(const F& at) {
  return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
}

// The operands of first derivatives, or those of second ones.
using Which = bool (Case::*)(std::size_t) const;
constexpr Which once = &Case::is_active, twice = &Case::is_active_twice;

// First derivatives with cotangents, second derivatives with directions, all of them inputs: (x.., w.., u..).
struct Derivatives {
  explicit Derivatives(const Case& c)
      : r(record(c)),
        xs(active_inputs(c, r)),
        ys(floating_outputs(r)),
        ws(inputs_like(r, ys)),
        gs(vjp(ys, ws, xs)),
        us(inputs_like(r, present(gs))) {}

  // The inputs' directions: none for operands that no derivative is taken by.
  std::vector<Tensor> directions_of(const Case& c, Generator& random, Which which = once) const {
    std::vector<Tensor> result;
    for (std::size_t i = 0; i < c.operands.size(); ++i)
      result.push_back((c.*which)(i) ? direction(c.operands[i].type(), random) : Tensor(Type{i64, {}}));
    return result;
  }

  Recording r;
  std::vector<Var> xs, ys, ws;
  Tangents gs;
  std::vector<Var> us;
};

// <derivatives, directions>, absent derivatives being zero; and the sum of the terms' sizes.
struct Projection {
  double value = 0;
  double size = 0;
};

Projection project(const Tangents& derivatives, std::span<const Tensor> values, std::span<const Tensor> along) {
  Projection result;
  std::size_t next = 0;
  for (std::size_t i = 0; i < derivatives.size(); ++i) {
    if (!derivatives[i]) continue;
    const std::span<const Tensor> value = values.subspan(next++, 1), direction = along.subspan(i, 1);
    CHECK(value[0].type() == direction[0].type());
    result.value += product(value, direction);
    result.size += magnitude(value, direction);
  }
  return result;
}

std::vector<Tensor> active(const Case& c, std::span<const Tensor> of_inputs, Which which = once) {
  std::vector<Tensor> result;
  for (std::size_t i = 0; i < c.operands.size(); ++i)
    if ((c.*which)(i)) result.push_back(of_inputs[i]);
  return result;
}

}  // namespace

TEST_CASE("every op: the gradient of a random projection equals central differences") {
  each_case("vjp", {f64}, [](const Case& c) {
    if (!c.has_derivatives()) return;
    const Derivatives d(c);
    if (d.xs.empty()) return;
    auto random = c.random();
    const auto w = directions(d.ws, random), u = directions(d.us, random), v = d.directions_of(c, random);
    Program values = program(d.r, d.ys);
    const double expected = difference([&](double by) {
      values.run(joined({moved(c.operands, v, by), w, u}));
      return product(values.outputs(), w);
    });
    const auto actual = project(d.gs, run(d.r, present(d.gs), joined({c.operands, w, u})), active(c, v));
    CHECK_MESSAGE(std::abs(actual.value - expected) <= tolerance * (1 + actual.size), "the projection is ",
                  actual.value, ", differences give ", expected);
  });
}

// By operands and by cotangents: the second derivatives of the operation, and that its rule is linear.
TEST_CASE("every op: the gradient of a random projection of the gradient equals central differences") {
  each_case("second order", {f64}, [](const Case& c) {
    if (!c.has_derivatives()) return;
    const Derivatives d(c);
    if (d.us.empty()) return;
    std::vector<Var> by = inputs_active_twice(c, d.r);
    by.insert(by.end(), d.ws.begin(), d.ws.end());
    const Tangents second = vjp(present(d.gs), d.us, by);
    auto random = c.random();
    const auto w = directions(d.ws, random), u = directions(d.us, random);
    const auto v = d.directions_of(c, random, twice);
    const auto v_of_w = directions(d.ws, random);
    Program first = program(d.r, present(d.gs));
    const double expected = difference([&](double step_by) {
      first.run(joined({moved(c.operands, v, step_by), moved(w, v_of_w, step_by), u}));
      return product(first.outputs(), u);
    });
    const auto actual = project(second, run(d.r, present(second), joined({c.operands, w, u})),
                                joined({active(c, v, twice), v_of_w}));
    CHECK_MESSAGE(std::abs(actual.value - expected) <= tolerance * (1 + actual.size), "the projection is ",
                  actual.value, ", differences give ", expected);
  });
}

// Both sides sum the same products in another order: a few hundred roundings, and the condition of a solve.
TEST_CASE("every op: <u, J v> equals <J' u, v>, without differences") {
  each_case("jvp", {f32, f64}, [](const Case& c) {
    if (!c.has_derivatives()) return;
    const Derivatives d(c);
    if (d.xs.empty()) return;
    const auto ts = inputs_like(d.r, d.xs);
    const Tangents forward = jvp(d.ys, d.xs, ts);
    auto random = c.random();
    const auto w = directions(d.ws, random), u = directions(d.us, random), t = directions(ts, random);
    const auto inputs = joined({c.operands, w, u, t});
    const auto pushed = project(forward, run(d.r, present(forward), inputs), w);
    const auto pulled = project(d.gs, run(d.r, present(d.gs), inputs), t);
    const double roundings = c.dtype == f64 ? 1e-12 : 1e-4;
    CHECK_MESSAGE(std::abs(pushed.value - pulled.value) <= roundings * (1 + pushed.size + pulled.size),
                  "forward ", pushed.value, ", reverse ", pulled.value);
  });
}

TEST_CASE("every op: forward over reverse equals reverse over reverse") {
  each_case("hvp", {f64}, [](const Case& c) {
    if (!c.has_derivatives()) return;
    const Derivatives d(c);
    const auto xs = inputs_active_twice(c, d.r);
    if (d.us.empty() || xs.empty()) return;
    const auto ts = inputs_like(d.r, xs);
    const Tangents forward = jvp(present(d.gs), xs, ts);
    const Tangents reverse = vjp(present(d.gs), d.us, xs);
    auto random = c.random();
    const auto w = directions(d.ws, random), u = directions(d.us, random), t = directions(ts, random);
    const auto inputs = joined({c.operands, w, u, t});
    const auto pushed = project(forward, run(d.r, present(forward), inputs), u);
    const auto pulled = project(reverse, run(d.r, present(reverse), inputs), t);
    CHECK_MESSAGE(std::abs(pushed.value - pulled.value) <= 1e-11 * (1 + pushed.size + pulled.size), "forward ",
                  pushed.value, ", reverse ", pulled.value);
  });
}
