// The rows von_mises_draw and inverse_gaussian_draw: out of random words, with their implicit derivatives.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/philox.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::mix64;
using ops::Philox;
using ops::require;
using ops::Scaled;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();
constexpr double pi = 3.14159265358979323846;

/// (whole + 1/2) / 2^52.
double uniform_of(std::uint64_t word) { return (static_cast<double>(word >> 12) + 0.5) * 0x1p-52; }

// ---- in double ----

/// tau = 1 + sqrt(1 + 4 k^2); what cancels for large k is taken from tau - 2 k = 1 + 1/(tau - 1 + 2 k).
double von_mises_of(const Philox& source, double k) {
  if (!(k >= 0 && k < infinity)) return no_value;
  const double root = std::sqrt(1 + 4 * k * k), tau = 1 + root, rest = 1 + 1 / (root + 2 * k);
  constexpr std::uint64_t attempts = 64;
  for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
    const auto words = source.block(attempt);
    const double turn = 2 * uniform_of(words[0]) - 1, s = std::sin(0.5 * pi * turn), square = s * s;
    const double half_lack =
        rest * square / (tau + 2 * k * (1 - 2 * square));  // (1 - cos of the proposal) / 2
    const double c = 0.5 * rest + 2 * k * half_lack, u = uniform_of(words[1]);
    if (c * (2 - c) < u && std::log(c / u) + 1 < c) continue;
    return std::copysign(2 * std::asin(std::sqrt(std::min(1.0, half_lack))), turn);
  }
  return 0;
}

/// The smaller root of the chi-square is 1 / larger; it is taken in 1 of 1 + smaller cases.
double inverse_gaussian_of(const Philox& source, double c) {
  if (!(c > 0 && c < infinity)) return no_value;
  const auto words = source.block(0);
  const double n = ops::normal_quantile(uniform_of(words[0])), w = 0.5 * n * n / c;
  const double larger = 1 + w + std::sqrt(w) * std::sqrt(w + 2);
  return uniform_of(words[1]) * (1 + 1 / larger) <= 1 ? 1 / larger : larger;
}

// ---- rows ----

using Draw = double (*)(const Philox&, double);

/// A word is the key of a sequence of its own.
template <Draw Of, class T>
void draw_tile(const void* const* in, void* out, Index n) {
  const Index* words = static_cast<const Index*>(in[0]);
  const T* parameter = static_cast<const T*>(in[1]);
  T* to = static_cast<T*>(out);
  for (Index i = 0; i < n; ++i) {
    const Philox source{.key = mix64(static_cast<std::uint64_t>(words[i])), .sequence = 0};
    to[i] = static_cast<T>(Of(source, static_cast<double>(parameter[i])));
  }
}

std::vector<Type> draw_type(const Signature& s) {
  require(s.size() == 2, "needs 2 operands, has " + std::to_string(s.size()));
  require(s[0].shape == s[1].shape, "shapes differ: " + s[0].str() + " and " + s[1].str());
  require(s[0].dtype == i64, "the words are " + s[0].str() + "; they have to be i64");
  return {s[1]};
}

// No derivative by differences: what is accepted changes with the parameter, the law's quantiles do not.
template <Draw Of>
Row draw_row(std::string name, Scaled slope) {
  Row row = ops::elementwise(std::move(name), {nullptr, std::move(slope)});
  row.shape = draw_type;
  row.tile = [](const Signature& s) -> TileKernel {
    if (s[1].dtype == f32) return draw_tile<Of, float>;
    return s[1].dtype == f64 ? draw_tile<Of, double> : nullptr;
  };
  row.links = nullptr;
  for (Sample& sample : row.samples) {
    const Shape shape = sample.operands[0].shape;
    sample.operands = {{shape, -1000, 1000, Operand::Fill::integer}, {shape, 1, 6, Operand::Fill::whole}};
  }
  return row;
}

const Op von_mises_op{draw_row<von_mises_of>("von_mises_draw", [](const Recorded& r, const Var& g) {
  return g * von_mises_slope(r.outputs[0], r.inputs[1]);
})};

const Op inverse_gaussian_op{
    draw_row<inverse_gaussian_of>("inverse_gaussian_draw", [](const Recorded& r, const Var& g) {
      const Var &y = r.outputs[0], &c = r.inputs[1];
      const Var hazard = normal_hazard(sqrt(c / y) * (1 + y));
      return g * (y / c) * (1 - 2 * sqrt(y * c) / hazard);
    })};

Var draw(const Op& op, const Key& key, Arg parameter, const Shape& shape, Where where) {
  return composed(where, op.name(), {parameter.var}, [&] {
    if (parameter.var.is_open()) parameter.var = cast(parameter, key.dtype());
    if (parameter.type().dtype != key.dtype())
      throw Error(op.name(),
                  "the key draws " + std::string(name_of(key.dtype())) + ", the concentration is " +
                      parameter.type().str() + "; cast one of them",
                  where);
    return apply(op, {random_bits(key, shape, where), broadcast_to(parameter, shape)});
  });
}

}  // namespace

Var von_mises_draw(const Key& key, Arg concentration, const Shape& shape, Where where) {
  return draw(von_mises_op, key, std::move(concentration), shape, where);
}

Var inverse_gaussian_draw(const Key& key, Arg concentration, const Shape& shape, Where where) {
  return draw(inverse_gaussian_op, key, std::move(concentration), shape, where);
}

}  // namespace tapir
