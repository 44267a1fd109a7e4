// The row log_gamma_draw: gamma variables out of random words, with their implicit derivative.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/double_rule.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/philox.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::DoubleRule;
using ops::draw_block;
using ops::elementwise;
using ops::mix64;
using ops::normal_quantiles;
using ops::Philox;
using ops::require;
using ops::uniform_of;

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

template <class T>
using Block = std::array<T, draw_block>;

/// log(d v) of gamma variables of concentrations d + 1/3 >= 1, for a block of elements side by side: v = (1 + c x)^3, x normal,
/// c = 1/sqrt(9 d). An attempt k is block k of the sequence that the element's key has.
///
///   source  Marsaglia & Tsang 2000, "A simple method for generating gamma variables"
class LargeGammas {
 public:
  LargeGammas(std::size_t n, const std::uint64_t* keys, double* concentrations)
      : count_(n), out_(concentrations) {
    static const DoubleRule rsqrt("rsqrt");
    for (std::size_t i = 0; i < n; ++i)
      keys_[i] = keys[i], place_[i] = i, d_[i] = out_[i] - 1.0 / 3, c_[i] = 9 * d_[i];
    rsqrt(n, c_.data(), c_.data());
  }

  /// Replaces the concentrations.
  void run() {
    static const DoubleRule log("log");
    log(count_, out_, d_.data());
    for (std::uint64_t attempt = 1; attempt <= 64 && count_ > 0; ++attempt) {
      propose(attempt);
      judge();
    }
  }

 private:
  /// log v to log_v_; what 1 + c x <= 0 excludes becomes NaN or -inf.
  void propose(std::uint64_t attempt) {
    static const DoubleRule log1p("log1p");
    const auto n = static_cast<Index>(count_);
    Philox::blocks_of(keys_.data(), n, attempt, first_.data(), second_.data());
    for (std::size_t i = 0; i < count_; ++i) x_[i] = uniform_of(first_[i]), u_[i] = uniform_of(second_[i]);
    normal_quantiles(x_.data(), n);
    for (std::size_t i = 0; i < count_; ++i) log_v_[i] = c_[i] * x_[i];
    log1p(count_, log_v_.data(), log_v_.data());
  }

  /// Takes what the squeeze lets pass, or u does; the others remain for the next attempt.
  void judge() {
    static const DoubleRule log("log"), exp_remainder("exp_remainder");
    std::size_t open = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const double squared = x_[i] * x_[i];
      log_v_[i] *= 3;
      const bool passes = u_[i] < 1 - 0.0331 * squared * squared && log_v_[i] > -largest;
      if (passes) out_[place_[i]] += log_v_[i];
      open_[open] = i;
      open += !passes;
    }
    Block<double> loss, log_u;
    for (std::size_t j = 0; j < open; ++j) loss[j] = log_v_[open_[j]], log_u[j] = u_[open_[j]];
    exp_remainder(open, loss.data(), loss.data());
    log(open, log_u.data(), log_u.data());
    std::size_t left = 0;
    for (std::size_t j = 0; j < open; ++j) {
      const std::size_t i = open_[j];
      if (log_u[j] < 0.5 * x_[i] * x_[i] - d_[i] * loss[j]) {
        out_[place_[i]] += log_v_[i];
      } else {
        keys_[left] = keys_[i], place_[left] = place_[i], d_[left] = d_[i], c_[left] = c_[i];
        ++left;
      }
    }
    count_ = left;
  }

  static constexpr double largest = std::numeric_limits<double>::max();
  std::size_t count_;
  double* out_;
  Block<std::uint64_t> keys_, first_, second_;
  Block<std::size_t> place_, open_;
  Block<double> d_, c_, x_, u_, log_v_;
};

/// Below 1 a variable is that of a concentration larger by 1, times u^(1/a), u from block 0.
void boost(std::size_t n, const std::uint64_t* keys, const double* concentrations, double* logs) {
  static const DoubleRule log("log");
  Block<std::uint64_t> own, first, second;
  Block<std::size_t> place;
  Block<double> u;
  std::size_t few = 0;
  for (std::size_t i = 0; i < n; ++i) {
    own[few] = keys[i], place[few] = i;
    few += concentrations[i] < 1;
  }
  Philox::blocks_of(own.data(), static_cast<Index>(few), 0, first.data(), second.data());
  for (std::size_t j = 0; j < few; ++j) u[j] = uniform_of(first[j]);
  log(few, u.data(), u.data());
  for (std::size_t j = 0; j < few; ++j) logs[place[j]] += u[j] / concentrations[place[j]];
}

template <class T>
void log_gamma_tile(const void* const* in, void* out, Index n) {
  const Index* words = static_cast<const Index*>(in[0]);
  const T* concentrations = static_cast<const T*>(in[1]);
  T* to = static_cast<T*>(out);
  Block<std::uint64_t> keys;
  Block<double> a, logs;
  for (Index begin = 0; begin < n; begin += Index(draw_block)) {
    const auto count = static_cast<std::size_t>(std::min<Index>(draw_block, n - begin));
    for (std::size_t i = 0; i < count; ++i) {
      const Index at = begin + static_cast<Index>(i);
      keys[i] = mix64(static_cast<std::uint64_t>(words[at]));
      a[i] = concentrations[at] > 0 ? static_cast<double>(concentrations[at]) : no_value;
      logs[i] = a[i] < 1 ? a[i] + 1 : a[i];
    }
    LargeGammas(count, keys.data(), logs.data()).run();
    boost(count, keys.data(), a.data(), logs.data());
    for (std::size_t i = 0; i < count; ++i) to[begin + static_cast<Index>(i)] = static_cast<T>(logs[i]);
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
