// Operations that change a value's shape or its place in the program, but none of its elements.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/structure.hpp>

#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/rows.hpp>

namespace tapir {
namespace {

using ops::require;

const std::vector<DType> every_dtype{f32, f64, i64};

// ---- broadcast_to ----

std::vector<Type> broadcast_type(const Signature& s) {
  const Shape& shape = s.attrs.get<Shape>("shape");
  Shape met;
  require(broadcast_shapes(s[0].shape, shape, met) && met == shape,
          s[0].str() + " does not broadcast to " + shape.str() +
              "; each axis, counted from the right, has to be 1 or of the size that is asked for");
  return {{s[0].dtype, shape}};
}

// The axes of `out`, from the right, along which `in` was stretched.
std::vector<int> stretched_axes(const Shape& in, const Shape& out) {
  std::vector<int> axes;
  for (int axis = -out.rank(); axis < 0; ++axis)
    if (-axis > in.rank() || in[axis] != out[axis]) axes.push_back(axis);
  return axes;
}

Var unbroadcast(const Recorded& r, const Var& g) {
  const Shape in = r.inputs[0].shape();
  return reshape(sum(g, Axes(stretched_axes(in, r.attrs.get<Shape>("shape"))), true), in);
}

// The new axis stays first: what lies between it and the operand's own axes becomes explicit.
std::vector<Var> batch_broadcast(const Recorded& r, std::span<const Widened> in, Index count) {
  const Shape& shape = r.attrs.get<Shape>("shape");
  const Shape own = r.inputs[0].shape();
  const Shape aligned = Shape{count} + Shape::ones(shape.rank() - own.rank()) + own;
  return {broadcast_to(reshape(in[0].value, aligned), Shape{count} + shape)};
}

const Op broadcast_op{{.name = "broadcast_to",
                       .kind = Kind::broadcast,
                       .shape = broadcast_type,
                       .batch = batch_broadcast,
                       .vjp = ops::pull(unbroadcast),
                       .linear = true,
                       .dtypes = every_dtype,
                       .samples = {{{{{3}}}, {{"shape", Shape{2, 3}}}},
                                   {{{{3, 1}}}, {{"shape", Shape{3, 4}}}},
                                   {{{{}}}, {{"shape", Shape{2, 2}}}},
                                   {{{{1, 3, 1}}}, {{"shape", Shape{2, 2, 3, 2}}}},
                                   {{{{1}}}, {{"shape", Shape{1, 1}}}}}}};

// ---- reshape ----

std::vector<Type> reshape_type(const Signature& s) {
  const Shape& shape = s.attrs.get<Shape>("shape");
  require(s[0].size() == shape.size(), s[0].str() + " has " + std::to_string(s[0].size()) + " elements, " +
                                           shape.str() + " has " + std::to_string(shape.size()));
  return {{s[0].dtype, shape}};
}

const Op reshape_op{
    {.name = "reshape",
     .kind = Kind::alias,
     .shape = reshape_type,
     .vjp = ops::pull([](const Recorded& r, const Var& g) { return reshape(g, r.inputs[0].shape()); }),
     .linear = true,
     .dtypes = every_dtype,
     .samples = {{{{{2, 3, 2}}}, {{"shape", Shape{6, 2}}}},
                 {{{{1, 5, 1}}}, {{"shape", Shape{5}}}},
                 {{{{}}}, {{"shape", Shape{1, 1}}}},
                 {{{{2, 6}}}, {{"shape", Shape{1, 2, 1, 3, 2, 1}}}}}}};

// ---- stop_gradient, after ----

std::vector<Type> first_type(const Signature& s) { return {s[0]}; }

const Op stop_op{{.name = "stop_gradient",
                  .kind = Kind::alias,
                  .shape = first_type,
                  .flow = Flow::zero,
                  .dtypes = every_dtype,
                  .samples = {{{{{2, 3}}}}, {{{{}}}}}}};

std::vector<int> follow_value(const Signature& s, int, int input) {
  std::vector<int> axes(static_cast<std::size_t>(s[0].shape.rank()), mixed);
  for (std::size_t i = 0; input == 0 && i < axes.size(); ++i) axes[i] = static_cast<int>(i);
  return axes;
}

// The dependency is an order, not an operand: it stays as it is, batched or not.
std::vector<Var> batch_after(const Recorded& r, std::span<const Widened> in, Index count) {
  const Var& value = in[0].value;
  return {
      after(in[0].batched ? value : broadcast_to(value, Shape{count} + r.inputs[0].shape()), in[1].value)};
}

const Op after_op{{.name = "after",
                   .kind = Kind::alias,
                   .shape = first_type,
                   .follows = follow_value,
                   .batch = batch_after,
                   .vjp = ops::pull_each({[](const Recorded&, const Var& g) { return g; }, nullptr}),
                   .jvp = [](const Recorded&, const Tangents& t) -> Tangents { return {t[0]}; },
                   .dtypes = every_dtype,
                   .samples = {{{{{2, 3}}, {{4}}}}, {{{{}}, {{2, 1}}}}}}};

}  // namespace

Var broadcast_to(Arg x, const Shape& shape) {
  return x.shape() == shape ? x.var : apply(broadcast_op, {x}, {{"shape", shape}});
}

Var reshape(Arg x, const Shape& shape) {
  return x.shape() == shape ? x.var : apply(reshape_op, {x}, {{"shape", shape}});
}

Var reshape(Arg x, std::initializer_list<Index> sizes) {
  int open = -1;
  Shape shape;
  for (Index size : sizes) {
    if (size == -1) {
      if (open >= 0) throw Error("reshape", "more than one size is -1; at most one can be inferred", x.where);
      open = shape.rank();
    }
    if (size < -1) throw Error("reshape", "a size is negative: " + std::to_string(size), x.where);
    shape.append(size == -1 ? 1 : size);
  }
  if (open >= 0) {
    const Index known = shape.size();
    if (known == 0 || x.type().size() % known != 0)
      throw Error("reshape",
                  x.type().str() + " has " + std::to_string(x.type().size()) +
                      " elements; no size for axis " + std::to_string(open) + " fits beside " +
                      std::to_string(known) + " of the others",
                  x.where);
    shape.set(open, x.type().size() / known);
  }
  return reshape(x, shape);
}

Var expand_dims(Arg x, int axis) {
  const int rank = x.rank();
  const int at = axis < 0 ? axis + rank + 1 : axis;
  if (at < 0 || at > rank)
    throw Error("expand_dims",
                "axis " + std::to_string(axis) + " is out of range for the result of " + x.type().str() +
                    ", which has " + std::to_string(rank + 1) + " axes",
                x.where);
  return reshape(x, x.shape().inserted(at, 1));
}

Var squeeze(Arg x, int axis) {
  const int at = normalize_axis(axis, x.type(), "squeeze", x.where);
  if (x.shape()[at] != 1)
    throw Error("squeeze", "axis " + std::to_string(axis) + " of " + x.type().str() + " is not of size 1",
                x.where);
  return reshape(x, x.shape().without(at));
}

Var stop_gradient(Arg x) { return apply(stop_op, {x}); }

Var after(Arg x, Arg dependency) { return apply(after_op, {x, dependency}); }

Var full(const Type& type, double value) { return Tensor::full(type, value); }

Var iota(Index size, DType dtype) { return Tensor::iota(dtype, size); }

Var eye(Index size, DType dtype) {
  Tensor result({dtype, {size, size}});
  dispatch(dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto elements = result.mutable_view<T>();
    for (Index i = 0; i < size; ++i) elements[static_cast<std::size_t>(i * (size + 1))] = T{1};
  });
  return result;
}

}  // namespace tapir
