// Sets as values of a program: what is outside, and an example of what is inside.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/tape/tape.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

using Kind = Support::Kind;

Var any(const Var& faults, Axes axes) { return sum(faults, axes) > 0; }

Var outside_numbers(const Support::Bounds& ends, const Var& x) {
  return logical_or(ends.without_low ? x <= ends.low : x < ends.low,
                    ends.without_high ? x >= ends.high : x > ends.high);
}

Var outside_whole(const Support::Bounds& ends, const Var& x) {
  const Var outside =
      outside_numbers({ends.low, ends.high, is_infinite(ends.low), is_infinite(ends.high)}, x);
  return x.dtype() == i64 ? outside : logical_or(outside, floor(x) < x);
}

Var off_one(const Var& x) { return abs(x - 1) > slack(x.type().dtype); }

Var off_zero_sum(const Var& x, int axes) {
  std::vector<int> all;
  for (int axis = -axes; axis < 0; ++axis) all.push_back(axis);
  const Var allowed = slack(x.type().dtype) * max(abs(x), Axes(all), true);
  Var off = 0.0;
  for (int axis : all) off = logical_or(off, any(abs(sum(x, axis, true)) > allowed, Axes(all)));
  return off;
}

Var falls(const Var& x) {
  const Index n = x.shape().back();
  return any(slice(x, -1, 1, n) <= slice(x, -1, 0, n - 1), -1);
}

Var outside_counts(const Var& total, const Var& x) {
  const Var sums = sum(x, -1);
  return logical_or(any(outside_whole({0, HUGE_VAL}, x), -1), logical_or(sums<total, sums> total));
}

// By row.
Var outside_cholesky(const TriangleRows& rows) { return logical_or(rows.right > 0, rows.diagonal <= 0); }

Var outside_correlation_cholesky(const TriangleRows& rows) {
  return logical_or(outside_cholesky(rows), off_one(sqrt(rows.left + square(rows.diagonal))));
}

Var outside(const Support& support, const Var& x) {
  if (const auto ends = support.ends()) return outside_numbers(*ends, x);
  switch (support.kind()) {
    case Kind::nonzero: return x == 0;
    case Kind::boolean: return outside_whole({0, 1}, x);
    case Kind::count: return outside_whole({0, HUGE_VAL}, x);
    case Kind::log_weights: return logical_or(any(x == HUGE_VAL, -1), max(x, -1) == -HUGE_VAL);
    case Kind::simplex: return logical_or(any(x < 0, -1), off_one(sum(x, -1)));
    case Kind::ordered: return falls(x);
    case Kind::positive_ordered: return logical_or(any(x <= 0, -1), falls(x));
    case Kind::unit_vector: return off_one(norm(x, -1));
    case Kind::one_hot: return logical_or(any(abs(x * (x - 1)) > 0, -1), off_one(sum(x, -1)));
    case Kind::count_vector: return outside_counts(support.bounds()->low, x);
    case Kind::lower_cholesky: return any(outside_cholesky(triangle_rows(x)), -1);
    case Kind::correlation_cholesky: return any(outside_correlation_cholesky(triangle_rows(x)), -1);
    case Kind::positive_definite: {
      const Var allowed = slack(x.type().dtype) * max(abs(x), {-2, -1}, true);
      return logical_or(any(abs(x - transpose(x)) > allowed, {-2, -1}), logical_not(is_positive_definite(x)));
    }
    case Kind::zero_sum: return off_zero_sum(x, support.rank());
    default: return outside_whole(*support.bounds(), x);
  }
}

Var middle(const Support::Bounds& ends) {
  if (is_infinite(ends.low)) return is_infinite(ends.high) ? Var(0.0) : ends.high - 1;
  return is_infinite(ends.high) ? ends.low + 1 : 0.5 * ends.low + 0.5 * ends.high;
}

Var ascending(Index size, double first) { return Var::open(Tensor::iota(f64, size)) + first; }
Var first_of(Index size) { return Var::open(tapir::one_hot(Tensor(Index{0}), size, f64).tensor()); }
Var identity(Index size) { return Var::open(eye(size, f64).tensor()); }

}  // namespace

Var Support::excludes(Arg value) const {
  const auto bounds = this->bounds();
  return composed(value.where, "", {value.var, bounds ? bounds->low : 0, bounds ? bounds->high : 0},
                  [&] { return outside(*this, value); });
}

Var Support::example(const Shape& shape, Where where) const {
  const auto size = [&] { return shape.back(); };
  switch (kind_) {
    case Kind::nonzero:
    case Kind::positive:
    case Kind::nonnegative: return 1.0;
    case Kind::unit_interval: return 0.5;
    case Kind::interval:
      return composed(where, "", {bounds_->low, bounds_->high}, [&] { return middle(*bounds_); });
    case Kind::whole_interval: return bounds_->low;
    case Kind::simplex: return 1 / static_cast<double>(size());
    case Kind::ordered: return ascending(size(), 0);
    case Kind::positive_ordered: return ascending(size(), 1);
    case Kind::unit_vector: return 1 / std::sqrt(static_cast<double>(size()));
    case Kind::one_hot: return first_of(size());
    case Kind::count_vector:
      return composed(where, "", {bounds_->low},
                      [&] { return expand_dims(bounds_->low, -1) * first_of(size()); });
    case Kind::lower_cholesky:
    case Kind::correlation_cholesky:
    case Kind::positive_definite: return identity(size());
    default: return 0.0;
  }
}

}  // namespace tapir::vi
