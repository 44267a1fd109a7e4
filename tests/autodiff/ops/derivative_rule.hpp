// The derivative rules of a row, applied to plain values: no tape, nothing but the rule.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>

namespace tapir::test {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

inline const Op& row_of(std::string_view name) {
  for (const Op* op : Op::all())
    if (op->name() == name) return *op;
  FAIL("there is no row ", std::string(name));
  return *Op::all().front();
}

inline Recorded recorded(const Op& op, const std::vector<Tensor>& inputs, const Attrs& attrs) {
  std::vector<Var> outputs;
  for (const Tensor& output : compute(op, inputs, attrs)) outputs.emplace_back(output);
  return {op, attrs, {inputs.begin(), inputs.end()}, outputs, std::vector<bool>(inputs.size(), true)};
}

/// Cotangents of all operands, for the cotangent `g` of the first result.
inline std::vector<Tensor> pull(std::string_view name, const std::vector<Tensor>& inputs, const Tensor& g,
                                const Attrs& attrs = {}) {
  const Op& op = row_of(name);
  const Recorded at = recorded(op, inputs, attrs);
  Tangents cotangents(at.outputs.size());
  cotangents[0] = Var(g);
  std::vector<Tensor> result;
  for (const auto& cotangent : op->vjp(at, cotangents))
    result.push_back(cotangent ? cotangent->tensor() : Tensor());
  return result;
}

/// The tangent of the first result, for the tangent `t` of the only operand.
inline Tensor push(std::string_view name, const Tensor& input, const Tensor& t, const Attrs& attrs = {}) {
  const Op& op = row_of(name);
  return op->jvp(recorded(op, {input}, attrs), {Var(t)})[0]->tensor();
}

inline Tensor column(std::initializer_list<double> values) {
  return {Shape{static_cast<Index>(values.size())}, values};
}

inline std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> result;
  for (Index i = 0; i < tensor.size(); ++i) result.push_back(tensor.at(i));
  return result;
}
inline std::vector<double> numbers(const Var& var) { return numbers(var.tensor()); }

/// Equal bit by bit but for the payload of NaN, or closer than `relative` times the expected value.
inline bool close(double actual, double expected, double relative) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (actual == expected) return true;
  return std::abs(actual - expected) <= relative * std::abs(expected);
}

inline void check_close(const Tensor& actual, const std::vector<double>& expected, double relative = 0) {
  REQUIRE(static_cast<std::size_t>(actual.size()) == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CAPTURE(actual.at(static_cast<Index>(i)));
    CAPTURE(expected[i]);
    CHECK(close(actual.at(static_cast<Index>(i)), expected[i], relative));
  }
}
inline void check_close(const Var& actual, const std::vector<double>& expected, double relative = 0) {
  check_close(actual.tensor(), expected, relative);
}

/// The text of the Error that `f` throws, without the number of the line: "[op] message (at file.cpp)".
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    const std::string text = error.what();
    return text.substr(0, text.rfind(':')) + ")";
  }
  return "no error";
}

}  // namespace tapir::test
