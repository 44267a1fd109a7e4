// Comparing, hashing and printing attributes.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tape/attrs.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <functional>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {
namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};

std::size_t mix(std::size_t seed, std::size_t value) {
  return seed ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2));
}

// Large tensors are sampled: equality decides in the end.
std::size_t hash_tensor(const Tensor& tensor) {
  const std::size_t bytes = tensor.type().bytes();
  const auto* data = static_cast<const char*>(tensor.data());
  constexpr std::size_t whole = 4096;
  if (bytes <= whole) return std::hash<std::string_view>{}({data, bytes});
  std::size_t seed = bytes;
  for (std::size_t i = 0; i < whole; i += 8) {
    std::size_t word = 0;
    std::memcpy(&word, data + (bytes - 8) / whole * i, 8);
    seed = mix(seed, word);
  }
  return seed;
}

template <class Range>
std::size_t hash_range(const Range& range) {
  std::size_t seed = 17;
  for (Index i : range) seed = mix(seed, std::hash<Index>{}(i));
  return seed;
}

std::size_t hash_attr(const Attr& attr) {
  return std::visit(
      Overload{[](Index i) { return std::hash<Index>{}(i); },
               [](double x) { return std::hash<std::uint64_t>{}(std::bit_cast<std::uint64_t>(x)); },
               [](DType d) { return static_cast<std::size_t>(d); },
               [](const std::string& s) { return std::hash<std::string>{}(s); },
               [](const std::vector<Index>& v) { return hash_range(v); },
               [](const Shape& s) { return hash_range(s); }, [](const Tensor& t) { return hash_tensor(t); },
               [](const std::shared_ptr<const Body>& body) {
                 return static_cast<std::size_t>(body->tape->size());
               },
               [](const std::shared_ptr<Cell>& cell) { return std::hash<std::shared_ptr<Cell>>{}(cell); },
               [](const std::shared_ptr<const void>& owner) {
                 return std::hash<std::shared_ptr<const void>>{}(owner);
               }},
      attr);
}

bool same(const Attr& a, const Attr& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      Overload{[&](double x) {
                 return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(std::get<double>(b));
               },
               [&](const Tensor& x) { return identical(x, std::get<Tensor>(b)); },
               [&](const std::shared_ptr<const Body>& x) {
                 const auto& y = std::get<std::shared_ptr<const Body>>(b);
                 return x == y || (x->inputs == y->inputs && x->outputs == y->outputs &&
                                   Tape::difference(*x->tape, *y->tape).empty());
               },
               [&](const auto& x) { return x == std::get<std::remove_cvref_t<decltype(x)>>(b); }},
      a);
}

std::string join(const auto& range) {
  std::string text;
  for (Index i : range) text += (text.empty() ? "" : ",") + std::to_string(i);
  return text;
}

}  // namespace

std::string str(const Attr& attr) {
  return std::visit(Overload{[](Index i) { return std::to_string(i); },
                             [](double x) {  // the shortest form that reads back as the same number
                               std::array<char, 32> text{};
                               const auto end = std::to_chars(text.data(), text.data() + text.size(), x).ptr;
                               return std::string(text.data(), end);
                             },
                             [](DType d) { return std::string(name_of(d)); },
                             [](const std::string& s) { return '"' + s + '"'; },
                             [](const std::vector<Index>& v) { return join(v); },
                             [](const Shape& s) { return s.str(); }, [](const Tensor& t) { return t.str(); },
                             [](const std::shared_ptr<const Body>& body) {
                               return "body of " + std::to_string(body->tape->size()) + " nodes";
                             },
                             [](const std::shared_ptr<Cell>& cell) { return cell->path; },
                             [](const std::shared_ptr<const void>&) { return std::string("owner"); }},
                    attr);
}

bool Attrs::has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.first == name; });
}

const Attr& Attrs::find(std::string_view name) const {
  for (const Entry& entry : entries_)
    if (entry.first == name) return entry.second;
  throw Error("tape", "an attribute \"" + std::string(name) + "\" is missing");
}

void Attrs::set(std::string_view name, Attr value) {
  for (Entry& entry : entries_)
    if (entry.first == name) {
      entry.second = std::move(value);
      return;
    }
  entries_.emplace_back(name, std::move(value));
}

std::size_t Attrs::hash() const {
  std::size_t seed = entries_.size();
  for (const auto& [name, attr] : entries_)
    seed = mix(mix(seed, std::hash<std::string>{}(name)), hash_attr(attr));
  return seed;
}

std::string Attrs::str() const {
  std::string text;
  for (const auto& [name, attr] : entries_) {
    if (std::holds_alternative<std::shared_ptr<const void>>(attr)) continue;
    text += (text.empty() ? "" : " ") + name + "=" + tapir::str(attr);
  }
  return text;
}

std::string difference(const Attrs& a, const Attrs& b) {
  if (a.entries_.size() != b.entries_.size()) return "their number";
  for (std::size_t i = 0; i < a.entries_.size(); ++i) {
    if (a.entries_[i].first != b.entries_[i].first) return b.entries_[i].first;
    if (!same(a.entries_[i].second, b.entries_[i].second)) return a.entries_[i].first;
  }
  return {};
}

}  // namespace tapir
