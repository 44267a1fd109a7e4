// Elementwise rows whose rule is a function of double, applied to one element after another.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <limits>
#include <utility>

#include <tapir/autodiff/ops/rows.hpp>

namespace tapir::ops {

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

template <auto Rule, class T, std::size_t... K>
void apply_rule(const void* const* in, void* out, Index n, std::index_sequence<K...>) {
  T* const to = static_cast<T*>(out);
  for (Index i = 0; i < n; ++i) {
    const double x[] = {static_cast<double>(static_cast<const T*>(in[K])[i])...};
    // NaN is settled here: some libraries search for ever with it.
    to[i] = static_cast<T>((std::isnan(x[K]) || ...) ? no_value : Rule(x[K]...));
  }
}

template <class... X>
constexpr std::make_index_sequence<sizeof...(X)> operands_of(double (*)(X...)) {
  return {};
}

template <auto Rule, class T>
void scalar_tile(const void* const* in, void* out, Index n) {
  apply_rule<Rule, T>(in, out, n, operands_of(Rule));
}

/// `row` with the rule `double Rule(double, ..)` instead of a kernel: f32 is computed in double and rounded.
/// The rule is called only with numbers; what it answers may depend on nothing else, and it throws nothing.
template <auto Rule>
Row by_scalar(Row row) {
  row.tile = [](const Signature& s) -> TileKernel {
    if (!is_floating(s[0].dtype)) return nullptr;
    return s[0].dtype == DType::f32 ? scalar_tile<Rule, float> : scalar_tile<Rule, double>;
  };
  row.links = nullptr;
  return row;
}

}  // namespace tapir::ops
