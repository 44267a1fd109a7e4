// The static attributes of a node: named values, compared and hashed bit by bit.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tapir/autodiff/tensor/tensor.hpp>

namespace tapir {

struct Body;
struct Cell;

/// Axes stand as negative Indices (-1 is the last), so that leading axes can be added without touching them.
/// A Shape attribute is the shape of the result: batching gives it the prefix.
using Attr = std::variant<Index, double, DType, std::string, std::vector<Index>, Shape, Tensor,
                          std::shared_ptr<const Body>, std::shared_ptr<Cell>, std::shared_ptr<const void>>;

class Attrs {
 public:
  using Entry = std::pair<std::string, Attr>;

  Attrs() = default;
  Attrs(std::initializer_list<Entry> entries) : entries_(entries) {}

  template <class T>
  const T& get(std::string_view name) const {
    return std::get<T>(find(name));
  }
  bool flag(std::string_view name) const { return get<Index>(name) != 0; }
  bool has(std::string_view name) const;
  void set(std::string_view name, Attr value);

  const std::vector<Entry>& entries() const { return entries_; }
  std::size_t hash() const;
  /// "axes=-1,-2 keep_dims=0"; bodies and owners are left out.
  std::string str() const;
  /// The name of the first attribute in which the two differ, empty if none.
  friend std::string difference(const Attrs& a, const Attrs& b);

 private:
  const Attr& find(std::string_view name) const;

  std::vector<Entry> entries_;
};

std::string difference(const Attrs& a, const Attrs& b);
std::string str(const Attr& attr);

}  // namespace tapir
