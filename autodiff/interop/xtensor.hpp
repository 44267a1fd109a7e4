// Tensors and views as xtensor expressions, without a copy.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <xtensor/xarray.hpp>
#include <xtensor/xbuffer_adaptor.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>

#include <tapir/autodiff/tensor/tensor.hpp>
#include <tapir/autodiff/tensor/view.hpp>

namespace tapir {

/// A rank that is known only when the program runs.
inline constexpr int any_rank = -1;

template <class T, int Rank>
class Adaptor;

}  // namespace tapir

namespace xt {

template <class T, int Rank>
struct xcontainer_inner_types<tapir::Adaptor<T, Rank>> {
  using element_type = std::remove_const_t<T>;
  using storage_type = xbuffer_adaptor<T*, no_ownership, std::allocator<element_type>>;
  using reference = inner_reference_t<storage_type>;
  using const_reference = typename storage_type::const_reference;
  using size_type = typename storage_type::size_type;
  using shape_type = std::conditional_t<Rank == tapir::any_rank, dynamic_shape<size_type>,
                                        std::array<size_type, static_cast<std::size_t>(Rank < 0 ? 0 : Rank)>>;
  using strides_type = get_strides_t<shape_type>;
  using backstrides_type = get_strides_t<shape_type>;
  using inner_shape_type = shape_type;
  using inner_strides_type = strides_type;
  using inner_backstrides_type = backstrides_type;
  using temporary_type =
      std::conditional_t<Rank == tapir::any_rank, xarray<element_type>,
                         xtensor<element_type, static_cast<std::size_t>(Rank < 0 ? 0 : Rank)>>;
  static constexpr layout_type layout = layout_type::row_major;
};

template <class T, int Rank>
struct xiterable_inner_types<tapir::Adaptor<T, Rank>> : xcontainer_iterable_types<tapir::Adaptor<T, Rank>> {};

}  // namespace xt

namespace tapir {

/// What xtensor asks of a container whose rank is static; nothing when it is not.
template <int Rank>
struct StaticRank {
  static constexpr std::size_t rank = static_cast<std::size_t>(Rank);
};
template <>
struct StaticRank<any_rank> {};

/// The rank that the type of a shape gives away.
template <class ShapeType>
inline constexpr int static_rank = any_rank;
template <class Size, std::size_t N>
inline constexpr int static_rank<std::array<Size, N>> = static_cast<int>(N);

/// Memory of a tensor or view as an xtensor container of rank `Rank`. xtensor's own adaptors take on the
/// shape of what is assigned to them, as long as the number of elements agrees; this one is of the shape it
/// was made for: assignment writes elements, and only those of an expression of exactly that shape.
///
///   errors  "[as] an expression of shape [3,2] is written into f32[2,3]; the shapes must be equal"
///           "[as] the operands of an expression that is written into f32[2,3] do not broadcast"
///   cost    assignment goes through a temporary, because the expression may read what it overwrites;
///           `xt::noalias(adaptor) = expression` writes directly
template <class T, int Rank>
class Adaptor : public xt::xstrided_container<Adaptor<T, Rank>>,
                public xt::xcontainer_semantic<Adaptor<T, Rank>>,
                public StaticRank<Rank> {
  using Container = xt::xstrided_container<Adaptor>;
  using Semantic = xt::xcontainer_semantic<Adaptor>;

 public:
  using expression_tag = xt::xtensor_expression_tag;
  using storage_type = typename Container::storage_type;
  using shape_type = typename Container::shape_type;
  using temporary_type = typename Semantic::temporary_type;

  /// `owner`, if given, keeps the memory alive as long as the adaptor, inside expressions too.
  Adaptor(T* data, const Shape& shape, Where where, std::optional<Tensor> owner = std::nullopt)
      : storage_(data, static_cast<std::size_t>(shape.size())), where_(where), owner_(std::move(owner)) {
    auto sizes = xtl::make_sequence<shape_type>(static_cast<std::size_t>(shape.rank()), std::size_t{1});
    std::transform(shape.begin(), shape.end(), sizes.begin(),
                   [](Index size) { return static_cast<std::size_t>(size); });
    this->resize(sizes, true);
  }

  Adaptor(const Adaptor&) = default;
  Adaptor(Adaptor&&) = default;
  ~Adaptor() = default;

  Adaptor& operator=(const Adaptor& other) { return assign_elements(other); }
  template <class E>
  Adaptor& operator=(const xt::xexpression<E>& expression) {
    return assign_elements(expression.derived_cast());
  }

  // The hooks through which xtensor's other forms of assignment pass (`+=`, `xt::noalias`).
  template <class E>
  Adaptor& assign_xexpression(const xt::xexpression<E>& expression) {
    require_shape_of(expression.derived_cast());
    if constexpr (can_match<E>) Semantic::assign_xexpression(expression);
    return *this;
  }
  template <class E>
  Adaptor& computed_assign(const xt::xexpression<E>& expression) {
    require_shape_of(expression.derived_cast());
    if constexpr (can_match<E>) Semantic::computed_assign(expression);
    return *this;
  }
  Adaptor& assign_temporary(temporary_type&& temporary) {
    require_shape_of(temporary);
    std::copy(temporary.storage().begin(), temporary.storage().end(), storage_.begin());
    return *this;
  }

 private:
  template <class E>
  Adaptor& assign_elements(const E& expression) {
    require_shape_of(expression);
    if constexpr (can_match<E>) assign_temporary(temporary_type(expression));
    return *this;
  }

  // False for expressions of another static rank: `require_shape_of` refuses them, and what would follow
  // compiles to reads of elements that their shape does not have.
  template <class E>
  static constexpr bool can_match = static_rank<typename E::shape_type> == any_rank || Rank == any_rank ||
                                    static_rank<typename E::shape_type> == Rank;

  template <class E>
  void require_shape_of(const E& expression) const {
    const Type own{dtype_of<std::remove_const_t<T>>, shape_of(*this)};
    Shape given;
    try {
      given = shape_of(expression);
    } catch (const xt::broadcast_error&) {
      throw Error("as",
                  "the operands of an expression that is written into " + own.str() + " do not broadcast",
                  where_);
    }
    if (given != own.shape)
      throw Error("as",
                  "an expression of shape " + given.str() + " is written into " + own.str() +
                      "; the shapes must be equal",
                  where_);
  }

  template <class E>
  static Shape shape_of(const E& expression) {
    Shape shape;
    for (auto size : expression.shape()) shape.append(static_cast<Index>(size));
    return shape;
  }

  storage_type& storage_impl() noexcept { return storage_; }
  const storage_type& storage_impl() const noexcept { return storage_; }
  friend class xt::xcontainer<Adaptor>;

  storage_type storage_;
  Where where_;
  std::optional<Tensor> owner_;
};

/// Throws unless `type` has this dtype and (unless `any_rank`) this rank.
inline void require_adaptable(const Type& type, DType dtype, int rank, Where where) {
  if (type.dtype == dtype && (rank == any_rank || rank == type.shape.rank())) return;
  const std::string wanted =
      std::string(name_of(dtype)) + (rank == any_rank ? "" : " of rank " + std::to_string(rank));
  throw Error("as", wanted + " was asked for, but the value is " + type.str(), where);
}

/// The elements of `tensor`, to be read. The adaptor holds a share of the tensor: it may outlive the
/// variable, and a later write to the variable detaches from it.
///
///   errors   "[as] f32 of rank 2 was asked for, but the value is f64[3]"
///   example  Tensor y = 2.0F * as<float, 2>(x) + 1.0F;
template <Element T, int Rank = any_rank>
Adaptor<const T, Rank> as(const Tensor& tensor, Where where = here()) {
  require_adaptable(tensor.type(), dtype_of<T>, Rank, where);
  return {static_cast<const T*>(tensor.data()), tensor.shape(), where, tensor};
}

/// The elements of `tensor`, to be written; detaches from other copies first. To be used at once: it is valid
/// as long as `tensor` is neither destroyed nor assigned to, and a copy of `tensor` made meanwhile shares
/// what it writes.
///
///   errors   as above
///   example  as_mutable<float, 2>(x) *= 0.5F;
template <Element T, int Rank = any_rank>
Adaptor<T, Rank> as_mutable(Tensor& tensor, Where where = here()) {
  require_adaptable(tensor.type(), dtype_of<T>, Rank, where);
  return {static_cast<T*>(tensor.mutable_data()), tensor.shape(), where};
}

/// The elements of a view, to be read.
template <Element T, int Rank = any_rank>
Adaptor<const T, Rank> as(const ConstView& view, Where where = here()) {
  require_adaptable(view.type, dtype_of<T>, Rank, where);
  return {static_cast<const T*>(view.data), view.type.shape, where};
}

/// The elements of a view, to be written.
///
///   example  xt::noalias(as<float, 1>(out)) = xt::sin(as<float, 1>(in));
template <Element T, int Rank = any_rank>
Adaptor<T, Rank> as(const MutableView& view, Where where = here()) {
  require_adaptable(view.type, dtype_of<T>, Rank, where);
  return {static_cast<T*>(view.data), view.type.shape, where};
}

}  // namespace tapir
