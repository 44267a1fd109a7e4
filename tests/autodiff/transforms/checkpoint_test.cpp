// checkpoint: the gradient's bits, what is computed again, when, and errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "support/tape_text.hpp"

using namespace tapir;
using tapir::test::count_of;

namespace {

Var segment(const Var& x, const Var& w) { return tanh(matmul(sin(matmul(x, w)), w)); }

Var saved(const Var& x, const Var& w) {
  return checkpoint([](auto in) { return std::vector<Var>{segment(in[0], in[1])}; }, {x, w})[0];
}

Tensor some_x() { return normal(Key(1), {7, 3}).tensor(); }
Tensor some_w() { return normal(Key(2), {3, 3}).tensor(); }

template <class F>
std::vector<Tensor> value_and_gradients(const F& f) {
  return compile([&](Var a, Var b) {
    const Var y = sum(square(f(a, b)));
    const Var by[] = {a, b};
    auto all = grad(y, by);
    all.push_back(y);
    return all;
  })(some_x(), some_w());
}

int first_of(const Tape& tape, std::string_view name, int from) {
  for (int i = from; i < tape.size(); ++i)
    if (tape.node(i).op->name() == name) return i;
  return -1;
}

}  // namespace

TEST_CASE("checkpoint: value and gradients have the bits of the same segment kept") {
  const auto kept = value_and_gradients(segment), again = value_and_gradients(saved);
  for (std::size_t i = 0; i < kept.size(); ++i) CHECK(identical(kept[i], again[i]));
}

TEST_CASE("checkpoint: without a gradient the segment runs once") {
  const auto tape = Tape::make();
  saved(tape->input({f64, {7, 3}}), tape->input({f64, {3, 3}}));
  CHECK(count_of(*tape, "matmul") == 2);
  CHECK(count_of(*tape, "sin") == 1);
}

TEST_CASE(
    "checkpoint: the gradient computes the segment again, after its cotangent, and nothing merges it back") {
  const auto tape = Tape::make();
  const Var a = tape->input({f64, {7, 3}}), b = tape->input({f64, {3, 3}});
  const Var y = sum(square(saved(a, b)));
  const int before = tape->size();
  grad(y, b);
  CHECK(count_of(*tape, "sin", before) == 1);
  CHECK(count_of(*tape, "after", before) == 2);
  // Whatever is computed again has the cotangent of the segment's result among its ancestors.
  const int cotangent = tape->node(first_of(*tape, "after", before)).inputs[1].node;
  CHECK(cotangent >= before);
  const int sine = first_of(*tape, "sin", before);
  CHECK(tape->ancestors({{sine, 0}})[static_cast<std::size_t>(cotangent)]);
  // Nothing of the gradient reads what was computed inside the segment the first time.
  const int first_sine = first_of(*tape, "sin", 0);
  for (int i = before; i < tape->size(); ++i)
    for (Ref ref : tape->node(i).inputs) CHECK(ref.node != first_sine);
}

TEST_CASE("checkpoint: a chain of segments keeps less memory than the chain") {
  const auto bytes = [](bool keep) {
    return compile([keep](Var a, Var b) {
             Var h = a;
             for (int i = 0; i < 8; ++i) h = keep ? segment(h, b) : saved(h, b);
             return grad(sum(h), b);
           })
        .program(std::vector<Type>{{f64, {512, 32}}, {f64, {32, 32}}})
        .facts()
        .arena_bytes;
  };
  CHECK(4 * bytes(false) < 3 * bytes(true));
}

TEST_CASE("checkpoint: an operand given twice, or given and captured, has its gradient once") {
  const auto product = [](std::span<const Var> in) { return std::vector<Var>{in[0] * in[1]}; };
  CHECK(compile([&](Var a) {
          return grad(checkpoint(product, {a, a})[0], a);
        })(Tensor(3.0))[0]
            .item() == 6.0);
  auto captured = compile([](Var a) {
    return grad(checkpoint([a](auto in) { return std::vector<Var>{in[0] * a * a}; }, {a})[0], a);
  });
  CHECK(captured(Tensor(2.0))[0].item() == 12.0);
}

TEST_CASE("checkpoint: planning does not multiply the ways through a chain of segments of two values") {
  auto f = compile([](Var a) {
    std::vector<Var> h{a, a};
    for (int i = 0; i < 40; ++i)
      h = checkpoint([](auto in) { return std::vector<Var>{in[0] + in[1], in[0] * 0.5}; }, h);
    return grad(sum(h[0]), a);
  });
  // Linear in a: the same recursion on ones.
  double first = 1, second = 1;
  for (int i = 0; i < 40; ++i) second = std::exchange(first, first + second) * 0.5;
  CHECK(f(Tensor({2}, {1.0, 2.0}))[0].at(1) == doctest::Approx(first).epsilon(1e-13));
}

TEST_CASE("checkpoint: captures and parameters get gradients") {
  Params params(0, f64);
  const Var scale = Scope(params).param("scale", 1.5);
  auto f = [&](bool keep) {
    return compile(
        [&, keep](Var a, Var b) {
          const Var outside = exp(b);
          const auto body = [&](std::span<const Var> in) {
            return std::vector<Var>{sum(sin(in[0] * outside) * scale)};
          };
          const Var input[] = {a};
          const Var y = keep ? body(input)[0] : checkpoint(body, {a})[0];
          const Var by[] = {a, b, scale};
          return grad(y, by);
        },
        {.parameters = params.binding()})(some_x(), Tensor(0.3));
  };
  const auto kept = f(true), again = f(false);
  for (std::size_t i = 0; i < 3; ++i) CHECK(identical(kept[i], again[i]));
}

TEST_CASE("checkpoint: several results, each with its own cotangent; one without is not needed again") {
  const auto two = [](std::span<const Var> in) { return std::vector<Var>{exp(in[0]), sin(in[0])}; };
  const auto gradient = [&](auto through) {
    return compile([through](Var a) {
      const auto y = through(a);
      return grad(sum(y[0] * y[1]), a);
    })(some_x())[0];
  };
  const Tensor kept = gradient([&](Var a) { return two({&a, 1}); });
  const Tensor again = gradient([&](Var a) { return checkpoint(two, {a}); });
  for (Index i = 0; i < kept.size(); ++i) CHECK(again.at(i) == doctest::Approx(kept.at(i)).epsilon(1e-15));

  const auto tape = Tape::make();
  const Var a = tape->input({f64, {3}});
  const Var y = sum(checkpoint(two, {a})[0]);
  const int before = tape->size();
  const auto needed = tape->ancestors({grad(y, a).place()->ref});
  CHECK(needed[static_cast<std::size_t>(first_of(*tape, "exp", before))]);
  CHECK_FALSE(needed[static_cast<std::size_t>(first_of(*tape, "sin", before))]);
}

TEST_CASE("checkpoint: within a checkpoint") {
  const auto nested = [](const Var& a, const Var& b) {
    return checkpoint([](auto in) { return std::vector<Var>{saved(saved(in[0], in[1]), in[1])}; }, {a, b})[0];
  };
  const auto plain = [](const Var& a, const Var& b) { return segment(segment(a, b), b); };
  const auto kept = value_and_gradients(plain), again = value_and_gradients(nested);
  CHECK(identical(kept[0], again[0]));
  CHECK(identical(kept[2], again[2]));
  // That by w is a sum of four terms, here added within the segments first.
  for (Index i = 0; i < kept[1].size(); ++i)
    CHECK(again[1].at(i) == doctest::Approx(kept[1].at(i)).epsilon(1e-14));
}

TEST_CASE("checkpoint: in the body of a scan") {
  const auto loop = [](bool keep) {
    return [keep](const Var& a, const Var& b) {
      return scan([&](auto carry, auto,
                      Var) { return ScanStep{{keep ? segment(carry[0], b) : saved(carry[0], b)}}; },
                  {a}, {}, {.length = 3})
          .carry[0];
    };
  };
  const auto kept = value_and_gradients(loop(true)), again = value_and_gradients(loop(false));
  for (std::size_t i = 0; i < kept.size(); ++i) CHECK(identical(kept[i], again[i]));
}

TEST_CASE("checkpoint: on plain values it is the function") {
  const Var x = some_x(), w = some_w();
  CHECK(identical(saved(x, w).tensor(), segment(x, w).tensor()));
}
