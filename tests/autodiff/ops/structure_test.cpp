// Operations that move elements: values against xtensor and plain loops, and what they refuse.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/structure.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <xtensor/xarray.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xview.hpp>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/box.hpp>
#include <tapir/autodiff/tape/tape.hpp>

using namespace tapir;

namespace {

using Array = xt::xarray<double>;

Array distinct(const std::vector<std::size_t>& shape) {
  Array values = Array::from_shape(shape);
  double next = 0.5;
  for (double& x : values) x = next++;
  return values;
}

template <class E>
bool same(const Var& got, const E& expected) {
  return identical(got.tensor(), Tensor(Array(expected)));
}

// "[op] message" of the error that f throws.
std::string told(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    CHECK(error.where().str().starts_with("structure_test.cpp:"));
    return "[" + error.op() + "] " + error.message();
  }
  return "nothing";
}

Tensor numbers(const Shape& shape, DType dtype = f32) { return Tensor(Type{dtype, shape}); }

}  // namespace

TEST_CASE("broadcast_to: stretches from the right, as xtensor does") {
  const Array x = distinct({3, 1});
  CHECK(same(broadcast_to(Tensor(x), {2, 3, 4}), xt::broadcast(x, {2, 3, 4})));
  CHECK(broadcast_to(2.0, {2}).is_open());
  CHECK(told([] {
          broadcast_to(numbers({3}), {2, 4});
        }) == "[broadcast_to] f32[3] does not broadcast to [2,4]; each axis, counted from the right, has to "
              "be 1 or of the "
              "size that is asked for");
  CHECK(told([] {
          broadcast_to(numbers({2, 3}), Shape{3});
        }).starts_with("[broadcast_to] f32[2,3] does not"));
}

TEST_CASE("reshape: keeps the elements in order and infers one size") {
  const Array x = distinct({2, 6});
  Array expected = x;
  expected.reshape({3, 4});
  CHECK(same(reshape(Tensor(x), {3, 4}), expected));
  CHECK(same(reshape(Tensor(x), {3, -1}), expected));
  CHECK(same(reshape(Tensor(x), Shape{3, 4}), expected));
  CHECK(reshape(Tensor(7.0), {1, 1}).shape() == Shape{1, 1});
  CHECK(reshape(numbers({0, 3}), {-1, 3}).shape() == Shape{0, 3});
  CHECK(told([] { reshape(numbers({2, 3}), {4}); }) == "[reshape] f32[2,3] has 6 elements, [4] has 4");
  CHECK(told([] {
          reshape(numbers({2, 3}), {4, -1});
        }) == "[reshape] f32[2,3] has 6 elements; no size for axis 1 fits beside 4 of the others");
  CHECK(told([] {
          reshape(numbers({2, 3}), {-1, -1});
        }) == "[reshape] more than one size is -1; at most one can be inferred");
  CHECK(told([] { reshape(numbers({2, 3}), {-2, 3}); }) == "[reshape] a size is negative: -2");
}

TEST_CASE("reshape: shares memory on plain values") {
  const Tensor x = numbers({2, 3});
  CHECK(reshape(x, {6}).tensor().data() == x.data());
}

TEST_CASE("expand_dims and squeeze: insert and remove axes of size 1") {
  const Tensor x = numbers({2, 3});
  CHECK(expand_dims(x, 0).shape() == Shape{1, 2, 3});
  CHECK(expand_dims(x, 2).shape() == Shape{2, 3, 1});
  CHECK(expand_dims(x, -1).shape() == Shape{2, 3, 1});
  CHECK(expand_dims(x, -2).shape() == Shape{2, 1, 3});
  CHECK(expand_dims(5.0, 0).shape() == Shape{1});
  CHECK(squeeze(numbers({2, 1, 3}), 1).shape() == Shape{2, 3});
  CHECK(squeeze(numbers({2, 3, 1}), -1).shape() == Shape{2, 3});
  CHECK(told([] {
          expand_dims(numbers({2, 3}), 4);
        }) == "[expand_dims] axis 4 is out of range for the result of f32[2,3], which has 3 axes");
  CHECK(told([] { squeeze(numbers({2, 3}), 0); }) == "[squeeze] axis 0 of f32[2,3] is not of size 1");
  CHECK(told([] { squeeze(numbers({2, 3}), 2); }) == "[squeeze] axis 2 is out of range for f32[2,3]");
}

TEST_CASE("stop_gradient and after: give the value") {
  const Array x = distinct({2, 3});
  CHECK(same(stop_gradient(Tensor(x)), x));
  CHECK(same(after(Tensor(x), numbers({4})), x));
}

TEST_CASE("after: is another node than the value, and than the same value after something else") {
  const auto tape = Tape::make();
  const Var x = tape->input({f32, {2}}), p = tape->input({f32, {3}}), q = tape->input({f32, {3}});
  const Var first = after(x, p);
  CHECK(first.place()->ref != x.place()->ref);
  CHECK(first.place()->ref == after(x, p).place()->ref);
  CHECK(first.place()->ref != after(x, q).place()->ref);
}

TEST_CASE("transpose: any order of axes, small and blocked, in every dtype") {
  const Array x = distinct({2, 3, 4, 5});
  CHECK(same(transpose(Tensor(x), {3, 1, 0, 2}), xt::transpose(x, {3, 1, 0, 2})));
  CHECK(same(transpose(Tensor(x), {0, 2, 1, 3}), xt::transpose(x, {0, 2, 1, 3})));
  CHECK(same(transpose(Tensor(x), {-1, 0, 1, 2}), xt::transpose(x, {3, 0, 1, 2})));
  CHECK(same(transpose(Tensor(x)), xt::transpose(x, {0, 1, 3, 2})));
  const Array large = distinct({130, 67});
  CHECK(same(transpose(Tensor(large)), xt::transpose(large)));
  const xt::xarray<float> single = xt::cast<float>(large);
  CHECK(identical(transpose(Tensor(single)).tensor(), Tensor(xt::xarray<float>(xt::transpose(single)))));
  const xt::xarray<Index> whole = xt::cast<Index>(large);
  CHECK(identical(transpose(Tensor(whole)).tensor(), Tensor(xt::xarray<Index>(xt::transpose(whole)))));
  CHECK(transpose(numbers({0, 3})).shape() == Shape{3, 0});
}

TEST_CASE("transpose: what it refuses, and the identity records nothing") {
  CHECK(told([] { transpose(numbers({2, 3}), {0, 0}); }) == "[transpose] axis 0 is named twice for f32[2,3]");
  CHECK(told([] {
          transpose(numbers({2, 3}), {0});
        }) == "[transpose] the order names 1 axes, the operand is f32[2,3]; each axis has to be named once");
  CHECK(told([] {
          transpose(numbers({2, 3}), {0, 2});
        }) == "[transpose] axis 2 is out of range for f32[2,3]");
  CHECK(told([] { transpose(numbers({2})); }) == "[transpose] needs two axes to swap, the operand is f32[2]");
  const auto tape = Tape::make();
  const Var x = tape->input({f32, {2, 3}});
  CHECK(transpose(x, {0, 1}).place()->ref == x.place()->ref);
}

TEST_CASE("box copy: the same elements for any number of threads") {
  const Shape shape{7, 300, 200};
  std::vector<double> in(static_cast<std::size_t>(shape.size())), expected(in.size()), out(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<double>(i);
  const Shape result{300, 200, 7};
  ops::Lattice from = ops::Lattice::dense(result);
  from.strides = {200, 1, 60000};
  const ops::BoxCopy copy(result, from, ops::Lattice::dense(result), f64);
  for (std::size_t i = 0; i < 300; ++i)
    for (std::size_t j = 0; j < 200; ++j)
      for (std::size_t k = 0; k < 7; ++k) expected[(i * 200 + j) * 7 + k] = in[k * 60000 + i * 200 + j];
  for (int threads : {1, 2, 5}) {
    Pool pool(threads);
    std::fill(out.begin(), out.end(), 0.0);
    copy(in.data(), out.data(), pool);
    CHECK(out == expected);
  }
}

TEST_CASE("flip: one axis, several, none") {
  const Array x = distinct({2, 3, 4});
  CHECK(same(flip(Tensor(x), 1), xt::flip(x, 1)));
  CHECK(same(flip(Tensor(x), {0, -1}), xt::flip(Array(xt::flip(x, 0)), 2)));
  CHECK(same(flip(Tensor(x), Axes::none()), x));
  CHECK(same(flip(Tensor(x), Axes::all()), xt::flip(Array(xt::flip(Array(xt::flip(x, 0)), 1)), 2)));
  CHECK(told([] { flip(numbers({2}), 1); }) == "[flip] axis 1 is out of range for f32[2]");
}

TEST_CASE("tril and triu: keep one side of a diagonal, of every matrix") {
  const Array x = distinct({2, 3, 4});
  for (int diagonal = -4; diagonal <= 5; ++diagonal) {
    Array lower = x, upper = x;
    for (std::size_t b = 0; b < 2; ++b)
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 4; ++j) {
          if (j - i > diagonal) lower(b, static_cast<std::size_t>(i), static_cast<std::size_t>(j)) = 0;
          if (j - i < diagonal) upper(b, static_cast<std::size_t>(i), static_cast<std::size_t>(j)) = 0;
        }
    CHECK(same(tril(Tensor(x), diagonal), lower));
    CHECK(same(triu(Tensor(x), diagonal), upper));
  }
  const Tensor infinite = Tensor::full({f64, {2, 2}}, INFINITY);
  CHECK(tril(infinite).tensor().at(1) == 0.0);
  CHECK(told([] { tril(numbers({3})); }) == "[tril] needs a matrix, the operand is f32[3]");
}

TEST_CASE("slice: ranges, steps, bounds from the end") {
  const Array x = distinct({4, 7, 3});
  CHECK(same(slice(Tensor(x), 0, 1, 3), xt::view(x, xt::range(1, 3))));
  CHECK(same(slice(Tensor(x), 1, 1, 7, 3), xt::view(x, xt::all(), xt::range(1, 7, 3))));
  CHECK(same(slice(Tensor(x), -1, 0, -1), xt::view(x, xt::all(), xt::all(), xt::range(0, 2))));
  CHECK(same(slice(Tensor(x), 1, -3, -1), xt::view(x, xt::all(), xt::range(4, 6))));
  CHECK(slice(Tensor(x), 1, 2, 2).shape() == Shape{4, 0, 3});
  CHECK(told([] { slice(numbers({4}), 0, 2, 9); }) == "[slice] [2, 9) does not lie in axis 0 of f32[4]");
  CHECK(told([] { slice(numbers({4}), 0, 3, 2); }) == "[slice] [3, 2) does not lie in axis 0 of f32[4]");
  CHECK(told([] { slice(numbers({4}), 0, 0, 4, 0); }) == "[slice] the step is 0; it has to be positive");
  CHECK(told([] { slice(numbers({4}), 1, 0, 4); }) == "[slice] axis 1 is out of range for f32[4]");
}

TEST_CASE("pad: a value before and after") {
  const Array x = distinct({2, 3});
  Array wide = 9.0 * xt::ones<double>({3, 8});
  xt::view(wide, xt::range(1, 3), xt::range(2, 5)) = x;
  CHECK(same(pad(Tensor(x), {{1, 0}, {2, 3}}, 9.0), wide));
  CHECK(same(pad(Tensor(x), {{0, 0}, {0, 0}}), x));
  CHECK(told([] {
          pad(numbers({2, 3}), {{1, 1}});
        }) == "[pad] 1 widths for f32[2,3]; each axis needs one pair");
  CHECK(told([] {
          pad(numbers({2}), {{-1, 0}});
        }) == "[pad] a width is negative for axis 0 of f32[2]; slice makes it smaller");
  CHECK(told([] {
          pad(numbers({2}, i64), {{1, 0}}, 0.5);
        }) == "[pad] the value 0.5 meets an i64 operand, which takes whole numbers only");
}

TEST_CASE("concat and stack: along any axis, numbers among tensors") {
  const Array a = distinct({2, 3}), b = 10 * distinct({2, 1}), c = -a;
  CHECK(same(concat({Tensor(a), Tensor(b), Tensor(c)}, 1), xt::concatenate(xt::xtuple(a, b, c), 1)));
  CHECK(same(concat({Tensor(a), Tensor(c)}), xt::concatenate(xt::xtuple(a, c), 0)));
  CHECK(same(concat({Tensor(a)}), a));
  for (int axis : {0, 1, 2}) {
    Array both = Array::from_shape({2, 2, 2});
    Array square = xt::view(a, xt::all(), xt::range(0, 2));
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 2; ++j) {
        const double x = square(i, j);
        (axis == 0 ? both(0, i, j) : axis == 1 ? both(i, 0, j) : both(i, j, 0)) = x;
        (axis == 0 ? both(1, i, j) : axis == 1 ? both(i, 1, j) : both(i, j, 1)) = -x;
      }
    const Array negative = -square;
    CHECK(same(stack({Tensor(square), Tensor(negative)}, axis), both));
    CHECK(same(stack({Tensor(square), Tensor(negative)}, axis - 3), both));
  }
  const Var mixture = stack({1.0, Tensor(2.0F), 3.0});
  CHECK(identical(mixture.tensor(), Tensor({3}, {1.0F, 2.0F, 3.0F})));
  CHECK(stack({1.0, 2.0}).is_open());
}

TEST_CASE("concat and stack: what they refuse") {
  CHECK(told([] { concat({}); }) == "[concat] there are no parts; needs at least one");
  CHECK(told([] {
          concat({numbers({2, 3}), numbers({2, 4})});
        }) == "[concat] parts do not fit: f32[2,3] and f32[2,4]; they may differ along axis 0 only");
  CHECK(told([] {
          concat({numbers({2}), numbers({2}, f64)});
        }) == "[concat] dtypes differ: f32[2] and f64[2]; cast one of them");
  CHECK(told([] { concat({numbers({})}); }) == "[concat] axis 0 is out of range for f32[]");
  CHECK(told([] { stack({}); }) == "[stack] there are no parts; needs at least one");
  CHECK(told([] {
          stack({numbers({2}), numbers({3})});
        }) == "[stack] parts differ: f32[2] and f32[3]; they have to be of one shape");
  CHECK(told([] {
          stack({numbers({2}), numbers({2})}, 2);
        }) == "[stack] axis 2 is out of range for f32[2,2]");
}

TEST_CASE("tile: repeats whole axes") {
  const Array x = distinct({2, 3});
  const Array across = xt::concatenate(xt::xtuple(x, x, x), 1);
  CHECK(same(tile(Tensor(x), {1, 3}), across));
  CHECK(same(tile(Tensor(x), {2, 3}), xt::concatenate(xt::xtuple(across, across), 0)));
  CHECK(same(tile(Tensor(x), {1, 1}), x));
  CHECK(tile(Tensor(x), {0, 1}).shape() == Shape{0, 3});
  CHECK(told([] { tile(numbers({2, 3}), {2}); }) == "[tile] 1 repeats for f32[2,3]; each axis needs one");
  CHECK(told([] { tile(numbers({2}), {-1}); }) == "[tile] a count is negative: -1");
}

TEST_CASE("full, zeros, ones, iota, eye: plain values") {
  CHECK(identical(full({f32, {2}}, 1.5).tensor(), Tensor({2}, {1.5F, 1.5F})));
  CHECK(identical(zeros({i64, {2}}).tensor(), Tensor({2}, {Index{0}, Index{0}})));
  CHECK(identical(ones({f64, {}}).tensor(), Tensor(1.0)));
  CHECK(identical(iota(3).tensor(), Tensor({3}, {Index{0}, Index{1}, Index{2}})));
  CHECK(same(eye(4, f64), xt::eye<double>(4)));
}
