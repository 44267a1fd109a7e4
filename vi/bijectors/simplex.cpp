// StickBreaking, SoftmaxCentred: free vectors onto simplices.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/simplex.hpp>

#include <cmath>

#include <tapir/autodiff/ops/ops.hpp>

namespace tapir::vi {
namespace {

Shape one_more(const Shape& shape) { return {shape.back() + 1}; }

Shape one_less(std::string_view bijector, const Shape& shape, Where where) {
  if (shape.back() < 1) throw Error(bijector, "y has no element; a simplex has at least 1", where);
  return {shape.back() - 1};
}

// log(n), log(n - 1), .. log 1: what makes x = 0 the middle.
Var offsets(Index n) {
  Tensor result(Type{f64, {n}});
  auto x = result.mutable_view<double>();
  for (Index k = 0; k < n; ++k) x[static_cast<std::size_t>(k)] = std::log(static_cast<double>(n - k));
  return Var::open(result);
}

Var without_last(const Var& x) { return slice(x, -1, 0, x.shape().back() - 1); }

// x with a zero put before (or after) the last axis's elements.
Var with_zero(const Var& x, bool before) {
  std::vector<std::pair<Index, Index>> widths(static_cast<std::size_t>(x.rank()));
  widths.back() = before ? std::pair<Index, Index>{1, 0} : std::pair<Index, Index>{0, 1};
  return pad(x, widths);
}

// The length left before each break is a running sum of log(1 - z); before the first it is log 1.
Var log_sticks(const Var& x) {
  const Var t = x - offsets(x.shape().back());
  const Var left = with_zero(cumsum(log_sigmoid(-t)), true);
  return left + with_zero(log_sigmoid(t), false);
}

Var unbroken(const Var& y) {
  const Index size = y.shape().back();
  const Var after = slice(flip(cumsum(flip(y, -1)), -1), -1, 1, size);
  return log(without_last(y)) - log(after) + offsets(size - 1);
}

Var outside_inner(const Var& y) { return logical_or(Support::simplex.excludes(y), sum(y <= 0, -1) > 0); }

Var log_softmax_centred(const Var& x) { return log_softmax(with_zero(x, false)); }

Var centred(const Var& y) {
  const Index size = y.shape().back();
  const Var log_y = log(y);
  return without_last(log_y) - slice(log_y, -1, size - 1, size);
}

}  // namespace

Shape StickBreaking::forward_shape(const Shape& x, Where) const { return one_more(x); }
Shape StickBreaking::inverse_shape(const Shape& y, Where where) const { return one_less(name, y, where); }

Var StickBreaking::excludes(Arg y) const {
  return composed(y.where, name, {y.var}, [&] { return outside_inner(y); });
}

Var StickBreaking::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] { return exp(log_sticks(x)); });
}

Var StickBreaking::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] { return unbroken(y); });
}

ValueAndLogDet StickBreaking::forward_and_log_det(Arg x) const {
  return composed(x.where, name, {x.var}, [&]() -> ValueAndLogDet {
    const Var log_y = log_sticks(x);
    return {exp(log_y), sum(log_y, -1)};
  });
}

ValueAndLogDet StickBreaking::inverse_and_log_det(Arg y) const {
  return composed(y.where, name, {y.var}, [&]() -> ValueAndLogDet {
    return {unbroken(y), -sum(log(y), -1)};
  });
}

Shape SoftmaxCentred::forward_shape(const Shape& x, Where) const { return one_more(x); }
Shape SoftmaxCentred::inverse_shape(const Shape& y, Where where) const { return one_less(name, y, where); }

Var SoftmaxCentred::excludes(Arg y) const {
  return composed(y.where, name, {y.var}, [&] { return outside_inner(y); });
}

Var SoftmaxCentred::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] { return exp(log_softmax_centred(x)); });
}

Var SoftmaxCentred::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] { return centred(y); });
}

ValueAndLogDet SoftmaxCentred::forward_and_log_det(Arg x) const {
  return composed(x.where, name, {x.var}, [&]() -> ValueAndLogDet {
    const Var log_y = log_softmax_centred(x);
    return {exp(log_y), sum(log_y, -1)};
  });
}

ValueAndLogDet SoftmaxCentred::inverse_and_log_det(Arg y) const {
  return composed(y.where, name, {y.var}, [&]() -> ValueAndLogDet { return {centred(y), -sum(log(y), -1)}; });
}

}  // namespace tapir::vi
