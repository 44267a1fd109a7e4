// Tensor: a value. Copies share their memory, writing detaches.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

#include <tapir/autodiff/tensor/shape.hpp>

namespace tapir {

/// What every xtensor container, view and expression has: sizes per axis and row-major elements.
template <class E>
concept ArrayExpression = requires(const E& e) {
  typename E::value_type;
  requires std::is_arithmetic_v<typename E::value_type>;
  e.dimension();
  e.shape().begin();
  e.begin();
  e.end();
};

/// A dense row-major array of f32, f64 or i64 elements with a shape. A value: copies share their memory and the
/// first write detaches the writer's copy, so no change is ever seen through another Tensor.
///
///   cost  a copy is one atomic increment; memory is aligned to 64 bytes
class Tensor {
 public:
  /// f64[] holding 0.
  Tensor() : Tensor(Type{}) {}
  /// Zeros.
  explicit Tensor(const Type& type);
  /// A rank-0 tensor: float is f32, double f64, every integer i64.
  template <class A>
    requires std::is_arithmetic_v<A>
  explicit Tensor(A value);
  /// The value of any xtensor expression; float keeps f32, double f64, integers and bool become i64.
  template <ArrayExpression E>
  Tensor(const E& expression);  // NOLINT(google-explicit-constructor)
  /// Elements in row-major order; their number must be the shape's.
  template <Element T>
  Tensor(const Shape& shape, std::span<const T> elements);
  template <Element T>
  Tensor(const Shape& shape, std::initializer_list<T> elements)
      : Tensor(shape, std::span<const T>(elements.begin(), elements.size())) {}

  static Tensor full(const Type& type, double value);
  /// [0, 1, .., size-1]
  static Tensor iota(DType dtype, Index size);

  const Type& type() const { return type_; }
  DType dtype() const { return type_.dtype; }
  const Shape& shape() const { return type_.shape; }
  int rank() const { return type_.shape.rank(); }
  Index size() const { return type_.shape.size(); }

  template <Element T>
  std::span<const T> view() const;
  /// Writable elements; detaches from other copies first.
  template <Element T>
  std::span<T> mutable_view();
  const void* data() const { return bytes_.get(); }
  void* mutable_data();
  /// No other Tensor shares this memory.
  bool is_unique() const { return bytes_.use_count() == 1; }

  /// The one element of a tensor of size 1, as double.
  double item(Where where = here()) const;
  /// Element i in row-major order, as double.
  double at(Index i) const;

  Tensor cast(DType dtype) const;
  /// The same elements under another shape of the same size; shares memory.
  Tensor reshaped(const Shape& shape, Where where = here()) const;
  /// Rows [first, last) of the outermost axis, copied.
  Tensor rows(Index first, Index last, Where where = here()) const;

  /// Same type and same bytes: NaN equals itself, 0.0 is not -0.0.
  friend bool identical(const Tensor& a, const Tensor& b);
  /// Shape and elements, shortened in the middle when there are many.
  std::string str() const;

 private:
  void require(DType dtype) const;

  Type type_;
  std::shared_ptr<std::byte> bytes_;
};

bool identical(const Tensor& a, const Tensor& b);

// ---- templates ----

template <class A>
  requires std::is_arithmetic_v<A> Tensor::Tensor(A value) : Tensor(Type{dtype_of<element_for<A>>, {}}) {
    mutable_view<element_for<A>>()[0] = static_cast<element_for<A>>(value);
  }

  template <ArrayExpression E>
  Tensor::Tensor(const E& expression) {
    using T = element_for<typename E::value_type>;
    Shape shape;
    for (auto size : expression.shape()) shape.append(static_cast<Index>(size));
    *this = Tensor(Type{dtype_of<T>, shape});
    if (size() == 0) return;  // without elements, xtensor's iterators start from a null pointer
    std::transform(expression.begin(), expression.end(), mutable_view<T>().begin(),
                   [](auto x) { return static_cast<T>(x); });
  }

  template <Element T>
  Tensor::Tensor(const Shape& shape, std::span<const T> elements) : Tensor(Type{dtype_of<T>, shape}) {
    if (static_cast<Index>(elements.size()) != size())
      throw Error("tensor", std::to_string(elements.size()) + " elements for shape " + shape.str());
    std::copy(elements.begin(), elements.end(), mutable_view<T>().begin());
  }

  template <Element T>
  std::span<const T> Tensor::view() const {
    require(dtype_of<T>);
    return {static_cast<const T*>(data()), static_cast<std::size_t>(size())};
  }

  template <Element T>
  std::span<T> Tensor::mutable_view() {
    require(dtype_of<T>);
    return {static_cast<T*>(mutable_data()), static_cast<std::size_t>(size())};
  }

}  // namespace tapir
