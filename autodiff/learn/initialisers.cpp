// Laws of initial values.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/initialisers.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tapir {
namespace {

Tensor scaled(const Tensor& values, double factor, double offset) {
  Tensor result = values;
  dispatch(values.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>)
      for (T& x : result.mutable_view<T>()) x = static_cast<T>(static_cast<double>(x) * factor + offset);
  });
  return result;
}

Initialiser uniform_by_fans(std::function<double(const Fans&)> bound) {
  return [bound](const Key& key, const Type& type) {
    return initialisers::uniform(bound(fans(type.shape)))(key, type);
  };
}

Initialiser normal_by_fans(std::function<double(const Fans&)> variance) {
  return [variance](const Key& key, const Type& type) {
    return initialisers::normal(std::sqrt(variance(fans(type.shape))))(key, type);
  };
}

double dot_columns(const std::vector<double>& a, Index rows, Index columns, Index i, Index j) {
  double total = 0;
  for (Index r = 0; r < rows; ++r)
    total += a[static_cast<std::size_t>(r * columns + i)] * a[static_cast<std::size_t>(r * columns + j)];
  return total;
}

// Gram and Schmidt, twice: the second round takes out what rounding left. R's diagonal is positive, which makes Q of a
// normal matrix uniform.
void orthonormalise_columns(std::vector<double>& a, Index rows, Index columns) {
  const auto at = [&](Index r, Index c) -> double& { return a[static_cast<std::size_t>(r * columns + c)]; };
  for (Index c = 0; c < columns; ++c) {
    for (int round = 0; round < 2; ++round)
      for (Index other = 0; other < c; ++other) {
        const double part = dot_columns(a, rows, columns, c, other);
        for (Index r = 0; r < rows; ++r) at(r, c) -= part * at(r, other);
      }
    const double length = std::sqrt(dot_columns(a, rows, columns, c, c));
    for (Index r = 0; r < rows; ++r) at(r, c) /= length;
  }
}

}  // namespace

Fans fans(const Shape& shape) {
  if (shape.rank() == 0) return {};
  if (shape.rank() == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  const auto leading = static_cast<double>(shape.take_front(shape.rank() - 2).size());
  return {leading * static_cast<double>(shape[-2]), leading * static_cast<double>(shape[-1])};
}

namespace initialisers {

Initialiser constant(double value) {
  return [value](const Key&, const Type& type) { return Tensor::full(type, value); };
}

Initialiser zeros() { return constant(0.0); }

Initialiser uniform(double scale) {
  return [scale](const Key& key, const Type& type) {
    return scaled(tapir::uniform(key.as(type.dtype), type.shape).tensor(), 2 * scale, -scale);
  };
}

Initialiser normal(double scale) {
  return [scale](const Key& key, const Type& type) {
    return scaled(tapir::normal(key.as(type.dtype), type.shape).tensor(), scale, 0.0);
  };
}

Initialiser fan_in_uniform() {
  return uniform_by_fans([](const Fans& f) { return 1.0 / std::sqrt(f.in); });
}
Initialiser glorot_uniform() {
  return uniform_by_fans([](const Fans& f) { return std::sqrt(6.0 / (f.in + f.out)); });
}
Initialiser glorot_normal() {
  return normal_by_fans([](const Fans& f) { return 2.0 / (f.in + f.out); });
}
Initialiser he_uniform() {
  return uniform_by_fans([](const Fans& f) { return std::sqrt(6.0 / f.in); });
}
Initialiser he_normal() {
  return normal_by_fans([](const Fans& f) { return 2.0 / f.in; });
}

Initialiser orthogonal(double gain) {
  return [gain](const Key& key, const Type& type) {
    if (type.shape.rank() < 2) throw Error("orthogonal", "needs a matrix, the parameter is " + type.str());
    const Index columns = type.shape[-1];
    const Index rows = columns == 0 ? 0 : type.size() / columns;
    const bool tall = rows >= columns;
    const Tensor noise =
        tapir::normal(key.as(DType::f64), tall ? Shape{rows, columns} : Shape{columns, rows}).tensor();
    const auto draws = noise.view<double>();
    std::vector<double> a(draws.begin(), draws.end());
    orthonormalise_columns(a, std::max(rows, columns), std::min(rows, columns));
    Tensor result({DType::f64, type.shape});
    const auto out = result.mutable_view<double>();
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < columns; ++c)
        out[static_cast<std::size_t>(r * columns + c)] =
            gain * a[static_cast<std::size_t>(tall ? r * columns + c : c * rows + r)];
    return result.cast(type.dtype);
  };
}

}  // namespace initialisers
}  // namespace tapir
