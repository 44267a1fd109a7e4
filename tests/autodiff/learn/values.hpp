// Numbers and tensors in tests of training.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir::test {

inline std::vector<double> numbers(const Tensor& x) {
  std::vector<double> result;
  for (Index i = 0; i < x.size(); ++i) result.push_back(x.at(i));
  return result;
}

inline Tensor vector_of(std::vector<double> values, DType dtype = DType::f64) {
  const Tensor x({static_cast<Index>(values.size())}, std::span<const double>(values));
  return x.cast(dtype);
}

inline void check_close(const std::vector<double>& actual, const std::vector<double>& expected,
                        double tolerance) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(i);
    CAPTURE(actual[i]);
    CAPTURE(expected[i]);
    CHECK(std::abs(actual[i] - expected[i]) <= tolerance * std::max(1.0, std::abs(expected[i])));
  }
}

inline void check_close(const Tensor& actual, const std::vector<double>& expected, double tolerance) {
  check_close(numbers(actual), expected, tolerance);
}

using Values = std::map<std::string, Tensor>;

inline bool same_bits(const Values& a, const Values& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [path, value] : a) {
    const auto other = b.find(path);
    if (other == b.end() || !identical(value, other->second)) return false;
  }
  return true;
}

/// Values that share no memory with the originals.
inline Values copied(const Values& values) {
  Values result = values;
  for (auto& [path, value] : result) value.mutable_data();
  return result;
}

/// The text of the error that `f` throws.
template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return Error(error.op(), error.message()).what();
  }
  return "no error";
}

}  // namespace tapir::test
