// The row log_gamma_draw: gamma variables out of random words, with their implicit derivative.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/philox.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::elementwise;
using ops::mix64;
using ops::Philox;
using ops::require;

/// (whole + 1/2) / 2^52.
double uniform_of(std::uint64_t word) { return (static_cast<double>(word >> 12) + 0.5) * 0x1p-52; }

/// A word is the key of a sequence of its own: block 0 is for the boost, block k for attempt k.
double log_gamma_of(Index word, double concentration) {
  if (!(concentration > 0)) return std::numeric_limits<double>::quiet_NaN();
  const Philox source{.key = mix64(static_cast<std::uint64_t>(word)), .sequence = 0};
  const bool small = concentration < 1;
  const double d = (small ? concentration + 1 : concentration) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  constexpr std::uint64_t attempts = 64;
  double log_v = 0;
  for (std::uint64_t k = 1; k <= attempts; ++k) {
    const auto words = source.block(k);
    const double x = ops::normal_quantile(uniform_of(words[0]));
    if (!(c * x > -1)) continue;
    const double candidate = 3 * std::log1p(c * x);
    // d (1 - v + log v), v = e^candidate.
    if (std::log(uniform_of(words[1])) >= 0.5 * x * x - d * (std::expm1(candidate) - candidate)) continue;
    log_v = candidate;
    break;
  }
  const double boost = small ? std::log(uniform_of(source.block(0)[0])) / concentration : 0;
  return std::log(d) + log_v + boost;
}

template <class T>
void log_gamma_tile(const void* const* in, void* out, Index n) {
  const Index* words = static_cast<const Index*>(in[0]);
  const T* concentration = static_cast<const T*>(in[1]);
  T* to = static_cast<T*>(out);
  for (Index i = 0; i < n; ++i)
    to[i] = static_cast<T>(log_gamma_of(words[i], static_cast<double>(concentration[i])));
}

std::vector<Type> log_gamma_type(const Signature& s) {
  require(s.size() == 2, "needs 2 operands, has " + std::to_string(s.size()));
  require(s[0].shape == s[1].shape, "shapes differ: " + s[0].str() + " and " + s[1].str());
  require(s[0].dtype == i64, "the words are " + s[0].str() + "; they have to be i64");
  return {s[1]};
}

// No derivative by differences: the attempt that succeeds changes with the concentration, the law's quantiles do not.
Row log_gamma_row() {
  Row row = elementwise("log_gamma_draw", {nullptr, [](const Recorded& r, const Var& g) {
                                             return g * log_gamma_slope(r.inputs[1], r.outputs[0]);
                                           }});
  row.shape = log_gamma_type;
  row.tile = [](const Signature& s) -> TileKernel {
    if (s[1].dtype == f32) return log_gamma_tile<float>;
    return s[1].dtype == f64 ? log_gamma_tile<double> : nullptr;
  };
  row.links = nullptr;
  for (Sample& sample : row.samples) {
    const Shape shape = sample.operands[0].shape;
    sample.operands = {{shape, -1000, 1000, Operand::Fill::integer}, {shape, 1, 6, Operand::Fill::whole}};
  }
  return row;
}

const Op log_gamma_op{log_gamma_row()};

}  // namespace

Var log_gamma_draw(const Key& key, Arg concentration, const Shape& shape, Where where) {
  return composed(where, "log_gamma_draw", {concentration.var}, [&] {
    if (concentration.var.is_open()) concentration.var = cast(concentration, key.dtype());
    if (concentration.type().dtype != key.dtype())
      throw Error("log_gamma_draw",
                  "the key draws " + std::string(name_of(key.dtype())) + ", the concentration is " +
                      concentration.type().str() + "; cast one of them",
                  where);
    return apply(log_gamma_op, {random_bits(key, shape, where), broadcast_to(concentration, shape)});
  });
}

}  // namespace tapir
