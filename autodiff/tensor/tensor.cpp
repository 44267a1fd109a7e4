// Tensor's memory, conversions and printing.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tensor/tensor.hpp>

#include <array>
#include <charconv>
#include <cstring>
#include <new>

namespace tapir {
namespace {

constexpr std::align_val_t alignment{64};

// Behind the elements there is room for a vector of the widest instruction set, whatever element it starts from.
std::shared_ptr<std::byte> allocate(std::size_t bytes) {
  const std::size_t room = (bytes + 63) / 64 * 64 + 64;
  auto* memory = static_cast<std::byte*>(::operator new(room, alignment));
  std::memset(memory + bytes, 0, room - bytes);
  return {memory, [](std::byte* p) { ::operator delete(p, alignment); }};
}

// The shortest text that reads back as the same number: two values that differ never look alike.
template <class T>
std::string digits_of(T value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

}  // namespace

Tensor::Tensor(const Type& type) : type_(type), bytes_(allocate(type.bytes())) {
  std::memset(bytes_.get(), 0, type_.bytes());
}

Tensor Tensor::full(const Type& type, double value) {
  Tensor result(type);
  dispatch(type.dtype, [&](auto zero) {
    auto view = result.mutable_view<decltype(zero)>();
    std::fill(view.begin(), view.end(), converted<decltype(zero)>(value));
  });
  return result;
}

Tensor Tensor::iota(DType dtype, Index size) {
  Tensor result(Type{dtype, {size}});
  dispatch(dtype, [&](auto zero) {
    Index i = 0;
    for (auto& x : result.mutable_view<decltype(zero)>()) x = static_cast<decltype(zero)>(i++);
  });
  return result;
}

void Tensor::require(DType dtype) const {
  if (dtype != type_.dtype)
    throw Error("tensor", "elements of " + type_.str() + " were asked for as " + std::string(name_of(dtype)));
}

void* Tensor::mutable_data() {
  if (!is_unique()) {
    auto fresh = allocate(type_.bytes());
    std::memcpy(fresh.get(), bytes_.get(), type_.bytes());
    bytes_ = std::move(fresh);
  }
  return bytes_.get();
}

double Tensor::item(Where where) const {
  if (size() != 1) throw Error("item", "needs exactly one element, the tensor is " + type_.str(), where);
  return at(0);
}

double Tensor::at(Index i) const {
  if (i < 0 || i >= size()) throw Error("at", "element " + std::to_string(i) + " of " + type_.str());
  return dispatch(type_.dtype, [&](auto zero) {
    return static_cast<double>(view<decltype(zero)>()[static_cast<std::size_t>(i)]);
  });
}

Tensor Tensor::cast(DType dtype) const {
  if (dtype == type_.dtype) return *this;
  Tensor result(Type{dtype, type_.shape});
  dispatch(type_.dtype, [&](auto from) {
    dispatch(dtype, [&](auto to) {
      auto in = view<decltype(from)>();
      std::transform(in.begin(), in.end(), result.mutable_view<decltype(to)>().begin(),
                     [](auto x) { return converted<decltype(to)>(x); });
    });
  });
  return result;
}

Tensor Tensor::reshaped(const Shape& shape, Where where) const {
  if (shape.size() != size())
    throw Error("reshape",
                type_.str() + " has " + std::to_string(size()) + " elements, the shape " + shape.str() +
                    " has " + std::to_string(shape.size()),
                where);
  Tensor result = *this;
  result.type_.shape = shape;
  return result;
}

Tensor Tensor::rows(Index first, Index last, Where where) const {
  if (rank() == 0 || first < 0 || last < first || last > shape()[0])
    throw Error("rows",
                "rows [" + std::to_string(first) + ", " + std::to_string(last) + ") of " + type_.str(),
                where);
  Shape shape = type_.shape;
  shape.set(0, last - first);
  Tensor result(Type{dtype(), shape});
  const std::size_t row = shape[0] == 0 ? 0 : result.type_.bytes() / static_cast<std::size_t>(shape[0]);
  std::memcpy(result.mutable_data(),
              static_cast<const std::byte*>(data()) + static_cast<std::size_t>(first) * row,
              result.type_.bytes());
  return result;
}

bool identical(const Tensor& a, const Tensor& b) {
  if (a.type() != b.type()) return false;
  return a.data() == b.data() || std::memcmp(a.data(), b.data(), a.type().bytes()) == 0;
}

std::string Tensor::str() const {
  constexpr Index shown = 8;
  std::string text = type_.str() + " {";
  for (Index i = 0; i < size(); ++i) {
    if (size() > 2 * shown && i == shown) {
      text += ", ..";
      i = size() - shown;
    }
    text += i ? ", " : "";
    dispatch(dtype(),
             [&](auto zero) { text += digits_of(view<decltype(zero)>()[static_cast<std::size_t>(i)]); });
  }
  return text + "}";
}

}  // namespace tapir
