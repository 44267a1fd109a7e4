// scan and checkpoint against unrolled loops.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/transforms/scan.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/batch.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "support/errors.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

constexpr Index steps = 5;

// An AR recursion with a captured weight w, an input per step and the step's number.
ScanStep recursion(std::span<const Var> carry, std::span<const Var> x, const Var& i, const Var& w) {
  const Var next = tanh(w * carry[0] + x[0]) + 0.1 * cast(i, f64);
  return {{next}, {square(next) * x[0]}};
}

Var scanned(const Var& h, const Var& x, const Var& w, bool reverse = false) {
  const auto result = scan([&](auto carry, auto slices, Var i) { return recursion(carry, slices, i, w); }, {h}, {x},
                           {.reverse = reverse});
  return sum(result.carry[0]) + sum(sin(result.outputs[0]));
}

Var unrolled(const Var& h, const Var& x, const Var& w, bool reverse = false) {
  Var carry = h;
  Var total = 0.0;
  const Index length = x.shape()[0];
  for (Index t = 0; t < length; ++t) {
    const Index at = reverse ? length - 1 - t : t;
    const Var slice_of_x = squeeze(slice(x, 0, at, at + 1), 0);
    const ScanStep step = recursion({&carry, 1}, {&slice_of_x, 1}, Tensor(at), w);
    carry = step.carry[0];
    total = total + sum(sin(step.outputs[0]));
  }
  return sum(carry) + total;
}

struct Point {
  Tensor h{{2}, {0.3, -0.2}};
  Tensor x = normal(Key(3), {steps, 2}).tensor();
  Tensor w{{2}, {0.7, 1.1}};
};

void check_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t k = 0; k < a.size(); ++k) {
    REQUIRE(a[k].type() == b[k].type());
    for (Index i = 0; i < a[k].size(); ++i) CHECK(a[k].at(i) == doctest::Approx(b[k].at(i)).epsilon(1e-12));
  }
}

template <class F>
std::vector<Tensor> at_point(F f) {
  const Point p;
  return compile(f)(p.h, p.x, p.w);
}

template <class F>
auto first_derivatives(F f, bool reverse) {
  return [f, reverse](Var h, Var x, Var w) {
    const Var y = f(h, x, w, reverse);
    const Var by[] = {h, x, w};
    auto g = grad(y, by);
    g.insert(g.begin(), y);
    return g;
  };
}

}  // namespace

TEST_CASE("scan: loops of any length, in whole blocks and in iterations that are left, are the loop") {
  for (const Index length : {1, 2, 7, 8, 9, 13, 40, 67, 127, 128, 131, 200})
    for (const bool reverse : {false, true}) {
      CAPTURE(length);
      CAPTURE(reverse);
      const auto slopes = [&](auto loop) {
        return compile([loop, reverse](Var h, Var x, Var w) {
          const Var y = loop(h, x, w, reverse);
          std::vector<Var> results = grad(y, std::vector<Var>{h, x, w});
          results.push_back(y);
          results.push_back(grad(sum(square(results[0])), w));
          return results;
        });
      };
      const Point p;
      const Tensor x = normal(Key(3), {length, 2}).tensor();
      auto looped = slopes(unrolled);
      auto in_blocks = slopes(scanned);
      const auto wanted = looped(p.h, x, p.w);
      const auto got = in_blocks(p.h, x, p.w);
      check_same({got.begin(), got.end()}, {wanted.begin(), wanted.end()});
    }
}

TEST_CASE("scan: value and gradients by carry, xs and captures are those of the unrolled loop") {
  for (bool reverse : {false, true})
    check_same(at_point(first_derivatives(scanned, reverse)), at_point(first_derivatives(unrolled, reverse)));
}

TEST_CASE("scan: the Hessian by a capture is that of the unrolled loop") {
  check_same(at_point([](Var h, Var x, Var w) { return hessian(scanned(h, x, w), w); }),
             at_point([](Var h, Var x, Var w) { return hessian(unrolled(h, x, w), w); }));
}

TEST_CASE("scan: a value that is carried and captured has the sum of both gradients") {
  auto f = compile([](Var x) {
    const Var y = scan([&](auto c, auto, Var) { return ScanStep{{c[0] * x}}; }, {x}, {}, {.length = 2}).carry[0];
    const Var one = 1.0;
    const Var wide = stack({x, 2.0 * x});
    const Replacement seed{x, wide};
    return std::vector<Var>{grad(y, x), *jvp({&y, 1}, {&x, 1}, {&one, 1})[0], hessian(y, x),
                            batch({&y, 1}, {&seed, 1}, 2)[0]};
  });
  const auto results = f(Tensor(3.0));  // x^3
  CHECK(results[0].item() == 27.0);
  CHECK(results[1].item() == 27.0);
  CHECK(results[2].item() == 18.0);
  CHECK(identical(results[3], Tensor({2}, {27.0, 216.0})));
}

TEST_CASE("scan: forward mode is that of the unrolled loop") {
  auto push = [](auto f) {
    return [f](Var h, Var x, Var w) {
      const Var y = f(h, x, w, false);
      const Var by[] = {h, x, w};
      const Var ts[] = {cos(h), sin(x), w * w};
      return *jvp({&y, 1}, by, ts)[0];
    };
  };
  check_same(at_point(push(scanned)), at_point(push(unrolled)));
}

TEST_CASE("scan: batched by any operand, it is the stack of single scans") {
  const Point p;
  for (int which = 0; which < 3; ++which) {
    auto wide = compile([which](Var h, Var x, Var w, Var more) {
      const Var y = scanned(h, x, w);
      const Var operands[] = {h, x, w};
      const Replacement seed{operands[which], more};
      return batch({&y, 1}, {&seed, 1}, 3)[0];
    });
    auto single = compile([](Var h, Var x, Var w) { return scanned(h, x, w); });
    const Tensor operands[] = {p.h, p.x, p.w};
    const Tensor more = normal(Key(8), Shape{3} + operands[which].shape()).tensor();
    const Tensor together = wide(p.h, p.x, p.w, more)[0];
    for (Index k = 0; k < 3; ++k) {
      Tensor one[] = {p.h, p.x, p.w};
      one[which] = more.rows(k, k + 1).reshaped(operands[which].shape());
      CHECK(together.at(k) == doctest::Approx(single(one[0], one[1], one[2])[0].at(0)).epsilon(1e-13));
    }
  }
}

TEST_CASE("scan: on plain values it is a loop") {
  const Point p;
  CHECK(scanned(p.h, p.x, p.w).item() == doctest::Approx(unrolled(p.h, p.x, p.w).item()).epsilon(1e-13));
}

TEST_CASE("scan: the tape does not grow with the length") {
  auto nodes = [](Index length) {
    auto f = compile([length](Var h) {
      return grad(sum(scan([](auto c, auto, Var) -> ScanStep { return {{sin(c[0])}}; }, {h}, {}, {.length = length})
                          .carry[0]),
                  h);
    });
    const Type type{f64, {2}};
    return f.program({&type, 1}).tape().size();
  };
  CHECK(nodes(3) == nodes(3000));
}

TEST_CASE("scan: noise differs between iterations and repeats with the key") {
  auto f = compile([](Var h, Var counter) {
    const Key key(counter, f64);
    return scan([&](auto c, auto, Var i) -> ScanStep { return {{c[0]}, {normal(key.at(i), {})}}; }, {h}, {},
                {.length = 4})
        .outputs[0];
  });
  const Tensor counter({2}, {Index{1}, Index{0}});
  const auto first = f(Tensor(0.0), counter)[0];
  CHECK(identical(first, f(Tensor(0.0), counter)[0]));
  for (Index i = 1; i < 4; ++i) CHECK(first.at(i) != first.at(0));
}

TEST_CASE("scan: a plain start and plain xs make one node too, if the body takes values from a tape") {
  const Tensor xs({4}, {1., 2., 3., 4.});
  const auto f = [&](Var w) {
    const auto body = [&](auto c, auto x, Var) -> ScanStep { return {{w * c[0] + x[0]}}; };
    return scan(body, {Tensor(0.5)}, {xs}).carry;
  };
  auto tape = Tape::make();
  const Var w = tape->input({f64, {}});
  const Var end = f(w)[0];
  CHECK(tape->node(end.place()->ref.node).op->name() == "scan");
  auto compiled = compile([&](Var v) -> std::vector<Var> { return {f(v)[0], grad(f(v)[0], v)}; });
  const double v = 0.7;
  const auto results = compiled(Tensor(v));
  CHECK(results[0].item() == doctest::Approx((((0.5 * v + 1) * v + 2) * v + 3) * v + 4).epsilon(1e-14));
  CHECK(results[1].item() == doctest::Approx(4 * 0.5 * v * v * v + 3 * v * v + 2 * 2 * v + 3).epsilon(1e-14));
}

namespace {

ScanStep twice_as_long(std::span<const Var> carry, std::span<const Var>, const Var&) {
  return {{concat({carry[0], carry[0]}, 0)}};
}

}  // namespace

TEST_CASE("scan: errors name what is carried and what is walked along") {
  const Tensor x({3, 2}, {1., 2., 3., 4., 5., 6.});
  const int line = __LINE__ + 1;
  auto doubled = compile([](Var v) { return scan(twice_as_long, {v}, {}, {.length = 2}).carry; });
  CHECK(text_of_error([&] { doubled(x); }) == "[scan] the carry is f64[3,2] and becomes f64[6,2]" + at_line(line));
  auto uneven = compile([](Var v) { return scan(twice_as_long, {v}, {v, iota(4, f64)}).carry; });
  CHECK(text_of_error([&] { uneven(x); }) == "[scan] xs have lengths 3 and 4" + at_line(line + 2));
  const auto same = [](auto carry, auto, Var) { return ScanStep{{carry.begin(), carry.end()}}; };
  CHECK(text_of_error([&] { scan(same, {x}, {Tensor(1.0)}); }) ==
        "[scan] an x is f64[]; it needs an axis to walk along" + at_line(line + 5));
  CHECK(text_of_error([&] { scan(same, {x}); }) ==
        "[scan] without xs, a length has to be given" + at_line(line + 7));
  auto lost = compile([](Var v) { return scan([](auto, auto, Var) { return ScanStep{}; }, {v}, {v}).outputs; });
  CHECK(text_of_error([&] { lost(x); }) == "[scan] 1 values are carried in and 0 out" + at_line(line + 9));
}

TEST_CASE("checkpoint: values and derivatives are those without it, and the arena is smaller") {
  auto deep = [](bool save) {
    return [save](Var x) {
      Var h = x;
      for (int block = 0; block < 8; ++block) {
        auto segment = [](std::span<const Var> in) {
          Var y = in[0];
          for (int i = 0; i < 8; ++i) y = cumsum(sin(y), 0) * 0.1;
          return std::vector<Var>{y};
        };
        h = save ? checkpoint(segment, {h})[0] : segment({&h, 1})[0];
      }
      const Var y = sum(square(h));
      return std::vector<Var>{y, grad(y, x)};
    };
  };
  const Tensor x = normal(Key(5), {4096}).tensor();
  auto plain = compile(deep(false));
  auto saved = compile(deep(true));
  const auto a = plain(x);
  const auto b = saved(x);
  for (std::size_t k = 0; k < 2; ++k) CHECK(identical(a[k], b[k]));
  const Type type = x.type();
  CHECK(3 * saved.program({&type, 1}).facts().arena_bytes < plain.program({&type, 1}).facts().arena_bytes);
}

TEST_CASE("checkpoint: Hessian, forward mode and batching are those without it") {
  auto f = [](Var x) { return checkpoint([](auto in) { return std::vector<Var>{sum(exp(sin(in[0])))}; }, {x})[0]; };
  auto g = [](Var x) { return sum(exp(sin(x))); };
  const Tensor x({3}, {0.1, 0.5, -0.3});
  auto all = [](auto h) {
    return [h](Var v) {
      const Var y = h(v);
      const Var t = cos(v);
      const Var more = stack({v, v * 2.0});
      const Replacement seed{v, more};
      return std::vector<Var>{hessian(y, v), *jvp({&y, 1}, {&v, 1}, {&t, 1})[0],
                              batch({&y, 1}, {&seed, 1}, 2)[0]};
    };
  };
  check_same(compile(all(f))(x), compile(all(g))(x));
}
