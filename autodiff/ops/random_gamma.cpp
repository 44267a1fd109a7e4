// The row log_gamma_draw: gamma variables out of random words, with their implicit derivative.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <algorithm>
#include <array>
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

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// (whole + 1/2) / 2^52.
double uniform_of(std::uint64_t word) { return (static_cast<double>(word >> 12) + 0.5) * 0x1p-52; }

/// What an attempt needs to know of a concentration.
struct Concentration {
  explicit Concentration(double concentration)
      : a(concentration),
        is_small(a < 1),
        d((is_small ? a + 1 : a) - 1.0 / 3),
        c(1 / std::sqrt(9 * d)),
        log_d(std::log(d)) {}
  double a;
  bool is_small;
  double d, c, log_d;
};

/// The logarithm of v = (1 + c x)^3 if x is accepted, else NaN. The squeeze spares most of them the logarithm of u.
double accepted(const Concentration& of, double x, double u) {
  if (!(of.c * x > -1)) return std::numeric_limits<double>::quiet_NaN();
  const double log_v = 3 * std::log1p(of.c * x), squared = x * x;
  if (u < 1 - 0.0331 * squared * squared) return log_v;
  // d (1 - v + log v)
  return std::log(u) < 0.5 * squared - of.d * (std::expm1(log_v) - log_v)
             ? log_v
             : std::numeric_limits<double>::quiet_NaN();
}

/// Attempts from the second one on.
double retried(const Concentration& of, std::uint64_t key) {
  const Philox source{.key = key, .sequence = 0};
  constexpr std::uint64_t attempts = 64;
  for (std::uint64_t k = 2; k <= attempts; ++k) {
    const auto words = source.block(k);
    const double log_v = accepted(of, ops::normal_quantile(uniform_of(words[0])), uniform_of(words[1]));
    if (!std::isnan(log_v)) return log_v;
  }
  return 0;
}

/// A word is the key of a sequence of its own: block 0 is for the boost, block k for attempt k. First attempts are made
/// side by side.
template <class T>
void log_gamma_tile(const void* const* in, void* out, Index n) {
  constexpr Index size = 256;
  const Index* words = static_cast<const Index*>(in[0]);
  const T* concentrations = static_cast<const T*>(in[1]);
  T* to = static_cast<T*>(out);
  std::array<std::uint64_t, size> keys, first, second;
  std::array<double, size> x;
  Concentration of(1);
  for (Index begin = 0; begin < n; begin += size) {
    const Index count = std::min(size, n - begin);
    for (Index i = 0; i < count; ++i) keys[at(i)] = mix64(static_cast<std::uint64_t>(words[begin + i]));
    Philox::blocks_of(keys.data(), count, 1, first.data(), second.data());
    for (Index i = 0; i < count; ++i) x[at(i)] = uniform_of(first[at(i)]);
    ops::normal_quantiles(x.data(), count);
    for (Index i = 0; i < count; ++i) {
      const auto a = static_cast<double>(concentrations[begin + i]);
      if (!(a == of.a)) of = Concentration(a);
      double log_v = accepted(of, x[at(i)], uniform_of(second[at(i)]));
      if (std::isnan(log_v)) log_v = retried(of, keys[at(i)]);
      double boost = 0;
      if (of.is_small)
        boost = std::log(uniform_of(Philox{.key = keys[at(i)], .sequence = 0}.block(0)[0])) / a;
      to[begin + i] =
          static_cast<T>(a > 0 ? of.log_d + log_v + boost : std::numeric_limits<double>::quiet_NaN());
    }
  }
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
