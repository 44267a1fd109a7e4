// Looking for vectors and matrices outside a set.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/support_points.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tapir::vi {
namespace {

using Kind = Support::Kind;

// What is wrong with a point: with one element, or (element -1) with the whole.
struct Fault {
  Index element = -1;
  std::string is;    // of a whole: "sums to 0.9"
  std::string need;  // may be empty
};
using Found = std::optional<Fault>;

// One point of a tensor, in double.
struct Point {
  std::vector<double> x;
  Index columns;
  DType dtype;
  Shape shape;

  Index size() const { return static_cast<Index>(x.size()); }
  Index rows() const { return size() / columns; }
  double operator[](Index i) const { return x[static_cast<std::size_t>(i)]; }
  double at(Index row, Index column) const { return (*this)[row * columns + column]; }
  std::string str(double number) const { return text(number, dtype); }
  bool is_one(double number) const { return std::abs(number - 1) <= slack(dtype); }
};

double norm(const double* first, Index count) {
  double squares = 0;
  for (Index i = 0; i < count; ++i) squares += first[i] * first[i];
  return std::sqrt(squares);
}

Found outside_log_weights(const Point& p) {
  bool any = false;
  for (Index i = 0; i < p.size(); ++i) {
    if (!(p[i] < HUGE_VAL)) return Fault{i, {}, "be a number below inf"};
    any = any || std::isfinite(p[i]);
  }
  if (!any) return Fault{-1, "is -inf throughout", "be above -inf somewhere"};
  return {};
}

Found outside_simplex(const Point& p) {
  double total = 0;
  for (Index i = 0; i < p.size(); ++i) {
    if (!(p[i] >= 0)) return Fault{i, {}, "be at least 0"};
    total += p[i];
  }
  if (!p.is_one(total)) return Fault{-1, "sums to " + p.str(total), "sum to 1"};
  return {};
}

Found outside_ordered(const Point& p, bool positive) {
  if (positive && !(p[0] > 0)) return Fault{0, {}, "be positive"};
  for (Index i = 0; i < p.size(); ++i) {
    if (!std::isfinite(p[i])) return Fault{i, {}, "be finite"};
    if (i > 0 && !(p[i] > p[i - 1]))
      return Fault{i, {}, "be greater than the one before it, " + p.str(p[i - 1])};
  }
  return {};
}

Found outside_sphere(const Point& p) {
  const double length = norm(p.x.data(), p.size());
  if (!p.is_one(length)) return Fault{-1, "has norm " + p.str(length), "have norm 1"};
  return {};
}

Found outside_one_hot(const Point& p) {
  Index ones = 0;
  for (Index i = 0; i < p.size(); ++i) {
    if (p[i] != 0 && p[i] != 1) return Fault{i, {}, "be 0 or 1"};
    ones += p[i] == 1;
  }
  if (ones != 1) return Fault{-1, "has " + std::to_string(ones) + " ones", "have one"};
  return {};
}

Found outside_counts(const Point& p, std::optional<double> total) {
  double sum = 0;
  for (Index i = 0; i < p.size(); ++i) {
    if (!(p[i] >= 0 && std::isfinite(p[i]) && p[i] == std::floor(p[i])))
      return Fault{i, {}, "be a whole number of at least 0"};
    sum += p[i];
  }
  if (total && sum != *total) return Fault{-1, "sums to " + p.str(sum), "sum to " + p.str(*total)};
  return {};
}

Found outside_lower_cholesky(const Point& p) {
  for (Index i = 0; i < p.size(); ++i) {
    const Index row = i / p.columns;
    const Index column = i % p.columns;
    if (column > row && p[i] != 0) return Fault{i, {}, "be 0 above the diagonal"};
    if (column == row && !(p[i] > 0)) return Fault{i, {}, "be positive on the diagonal"};
    if (!std::isfinite(p[i])) return Fault{i, {}, "be finite"};
  }
  return {};
}

Found outside_correlation_cholesky(const Point& p) {
  if (auto fault = outside_lower_cholesky(p)) return fault;
  for (Index row = 0; row < p.rows(); ++row) {
    const double length = norm(p.x.data() + row * p.columns, p.columns);
    if (!p.is_one(length))
      return Fault{-1, "has norm " + p.str(length) + " in row " + std::to_string(row), "have rows of norm 1"};
  }
  return {};
}

bool is_positive_definite(Point p) {
  const Index n = p.columns;
  const auto at = [&](Index i, Index j) -> double& { return p.x[static_cast<std::size_t>(i * n + j)]; };
  for (Index j = 0; j < n; ++j) {
    for (Index i = j; i < n; ++i)
      for (Index k = 0; k < j; ++k) at(i, j) -= at(i, k) * at(j, k);
    if (!(at(j, j) > 0)) return false;
    const double root = std::sqrt(at(j, j));
    for (Index i = j; i < n; ++i) at(i, j) /= root;
  }
  return true;
}

Found outside_positive_definite(const Point& p) {
  double largest = 0;
  for (Index i = 0; i < p.size(); ++i) {
    if (!std::isfinite(p[i])) return Fault{i, {}, "be finite"};
    largest = std::max(largest, std::abs(p[i]));
  }
  for (Index i = 0; i < p.size(); ++i) {
    const double mirrored = p.at(i % p.columns, i / p.columns);
    if (std::abs(p[i] - mirrored) > slack(p.dtype) * largest)
      return Fault{i, {}, "be " + p.str(mirrored) + " as its mirror image"};
  }
  if (!is_positive_definite(p)) return Fault{-1, "is not positive definite", {}};
  return {};
}

// The sum of a vector of counts, where it is known for point `i` of `many`.
std::optional<double> total_of(const Support& support, Index i, const Shape& many) {
  if (!support.bounds() || support.bounds()->low.is_recorded()) return std::nullopt;
  const Tensor total = support.bounds()->low.tensor();
  if (total.size() == 1) return total.at(0);
  return total.shape() == many ? std::optional(total.at(i)) : std::nullopt;
}

// Sums along an axis, beside the largest element.
Found outside_zero_sum(const Point& p) {
  double largest = 0;
  for (Index i = 0; i < p.size(); ++i) {
    if (!std::isfinite(p[i])) return Fault{i, {}, "be finite"};
    largest = std::max(largest, std::abs(p[i]));
  }
  const auto strides = p.shape.strides();
  for (int axis = 0; axis < p.shape.rank(); ++axis) {
    const Index step = strides[static_cast<std::size_t>(axis)];
    for (Index i = 0; i < p.size(); ++i) {
      if (i / step % p.shape[axis] != 0) continue;
      double total = 0;
      for (Index k = 0; k < p.shape[axis]; ++k) total += p[i + k * step];
      if (std::abs(total) > slack(p.dtype) * largest)
        return Fault{-1, "sums to " + p.str(total) + " along axis " + std::to_string(axis), "sum to 0"};
    }
  }
  return {};
}

Found outside(Kind kind, const Point& p, std::optional<double> total) {
  switch (kind) {
    case Kind::log_weights: return outside_log_weights(p);
    case Kind::simplex: return outside_simplex(p);
    case Kind::ordered: return outside_ordered(p, false);
    case Kind::positive_ordered: return outside_ordered(p, true);
    case Kind::unit_vector: return outside_sphere(p);
    case Kind::one_hot: return outside_one_hot(p);
    case Kind::count_vector: return outside_counts(p, total);
    case Kind::lower_cholesky: return outside_lower_cholesky(p);
    case Kind::correlation_cholesky: return outside_correlation_cholesky(p);
    case Kind::positive_definite: return outside_positive_definite(p);
    case Kind::zero_sum: return outside_zero_sum(p);
    default: return {};
  }
}

std::string name_of_rank(int rank) {
  return rank == 1 ? "a vector" : rank == 2 ? "a matrix" : "an array of " + std::to_string(rank) + " axes";
}

}  // namespace

std::optional<std::string> violation_of_points(const Support& support, const Tensor& value) {
  const Shape shape = value.shape();
  const Kind kind = support.kind();
  const int rank = support.rank();
  if (shape.rank() < rank || shape.back() == 0)
    return "is " + value.type().str() + ", needs to be " + name_of_rank(rank);
  if (rank == 2 && kind != Kind::zero_sum && shape[-1] != shape[-2])
    return "is " + value.type().str() + ", needs to be square";
  const Shape many = shape.take_front(shape.rank() - rank);
  const Shape own = shape.drop_front(many.rank());
  const Index size = own.size();
  for (Index point = 0; point < many.size(); ++point) {
    Point p{{}, shape.back(), value.dtype(), own};
    for (Index i = 0; i < size; ++i) p.x.push_back(value.at(point * size + i));
    const auto fault = outside(kind, p, total_of(support, point, many));
    if (!fault) continue;
    const std::string what =
        fault->element < 0
            ? fault->is + place_of(point, many, value.type())
            : "is " + p.str(p[fault->element]) + place_of(point * size + fault->element, shape, value.type());
    return fault->need.empty() ? what : what + ", needs to " + fault->need;
  }
  return std::nullopt;
}

}  // namespace tapir::vi
