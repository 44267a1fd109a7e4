// The row poisson_draw: counts out of random words.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/philox.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::mix64;
using ops::Philox;
using ops::require;

/// (whole + 1/2) / 2^52.
double uniform_of(std::uint64_t word) { return (static_cast<double>(word >> 12) + 0.5) * 0x1p-52; }

/// k log k - k - log k!, whose large terms cancel.
double factorial_rest(double k) {
  constexpr double log_2pi = 1.83787706640934548356;
  if (k < 10) {
    double product = 1;
    for (double i = 2; i <= k; ++i) product *= i;
    return k == 0 ? 0 : k * (std::log(k) - 1) - std::log(product);
  }
  const double h = 1 / k, s = h * h;
  const double series = 1.0 / 12 + s * (-1.0 / 360 + s * (1.0 / 1260 + s * (-1.0 / 1680 + s * (1.0 / 1188))));
  return -0.5 * (log_2pi + std::log(k)) - h * series;
}

double log_poisson(double k, double rate) {
  const double ratio = (rate - k) / k;
  return k == 0 ? -rate : factorial_rest(k) - k * (ratio - std::log1p(ratio));
}

/// By the inverse distribution function; in the last bin what is above every sum.
double few_events(double u, double rate) {
  double k = 0, mass = std::exp(-rate);
  for (; u > mass && k < 200; mass *= rate / k) u -= mass, ++k;
  return k;
}

/// Transformed rejection with squeeze, of rates from 10 on: two uniform numbers to an attempt.
double many_events(const Philox& source, double rate) {
  const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), squeeze = 0.9277 - 3.6224 / (b - 2);
  constexpr std::uint64_t attempts = 64;
  for (std::uint64_t attempt = 1; attempt <= attempts; ++attempt) {
    const auto words = source.block(attempt);
    const double u = uniform_of(words[0]) - 0.5, v = uniform_of(words[1]), edge = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / edge + b) * u + rate + 0.43);
    if (edge >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (edge < 0.013 && v > edge)) continue;
    if (std::log(v * inverse_alpha / (a / (edge * edge) + b)) <= log_poisson(k, rate)) return k;
  }
  return std::floor(rate);
}

/// A word is the key of a sequence of its own: block 0 is for few events, block k for attempt k.
double poisson_of(Index word, double rate) {
  if (!(rate >= 0 && std::isfinite(rate))) return std::numeric_limits<double>::quiet_NaN();
  const Philox source{.key = mix64(static_cast<std::uint64_t>(word)), .sequence = 0};
  return rate < 10 ? few_events(uniform_of(source.block(0)[0]), rate) : many_events(source, rate);
}

template <class T>
void poisson_tile(const void* const* in, void* out, Index n) {
  const Index* words = static_cast<const Index*>(in[0]);
  const T* rate = static_cast<const T*>(in[1]);
  T* to = static_cast<T*>(out);
  for (Index i = 0; i < n; ++i) to[i] = static_cast<T>(poisson_of(words[i], static_cast<double>(rate[i])));
}

std::vector<Type> poisson_type(const Signature& s) {
  require(s.size() == 2, "needs 2 operands, has " + std::to_string(s.size()));
  require(s[0].shape == s[1].shape, "shapes differ: " + s[0].str() + " and " + s[1].str());
  require(s[0].dtype == i64, "the words are " + s[0].str() + "; they have to be i64");
  return {s[1]};
}

Row poisson_row() {
  Row row = ops::step("poisson_draw", 2);
  row.shape = poisson_type;
  row.tile = [](const Signature& s) -> TileKernel {
    if (s[1].dtype == f32) return poisson_tile<float>;
    return s[1].dtype == f64 ? poisson_tile<double> : nullptr;
  };
  row.links = nullptr;
  for (Sample& sample : row.samples) {
    const Shape shape = sample.operands[0].shape;
    sample.operands = {{shape, -1000, 1000, Operand::Fill::integer}, {shape, 1, 30, Operand::Fill::whole}};
  }
  return row;
}

const Op poisson_op{poisson_row()};

}  // namespace

Var poisson_draw(const Key& key, Arg rate, const Shape& shape, Where where) {
  return composed(where, "poisson_draw", {rate.var}, [&] {
    if (rate.var.is_open()) rate.var = cast(rate, key.dtype());
    if (rate.type().dtype != key.dtype())
      throw Error("poisson_draw",
                  "the key draws " + std::string(name_of(key.dtype())) + ", the rate is " +
                      rate.type().str() + "; cast one of them",
                  where);
    return apply(poisson_op, {random_bits(key, shape, where), broadcast_to(rate, shape)});
  });
}

}  // namespace tapir
