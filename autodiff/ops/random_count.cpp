// The rows poisson_draw, binomial_draw and multinomial_draw: counts out of random words.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <tapir/autodiff/ops/count_draws.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduction.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::DoubleRule;
using ops::draw_block;
using ops::require;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

bool is_total(double total) { return total >= 0 && total <= 0x1p53 && total == std::floor(total); }

// ---- multinomial ----

/// So many rows are drawn side by side.
Index rows_at_once(Index categories) {
  return std::clamp<Index>(Index(draw_block) * 8 / std::max<Index>(1, categories), 1, draw_block);
}

/// What a category weighs, and what those behind it do, relative to the heaviest of its row: nothing is left for those that
/// are behind it and below every number.
struct Weights {
  explicit Weights(Index count) : own(static_cast<std::size_t>(count)), later(own.size()) {}
  std::vector<double> own, later;
};

/// Whether the total is one, and the logits are some, which `less` will be less the largest of them.
template <class T>
bool are_weights(double total, const T* logits, Index n, double* less) {
  double heaviest = -infinity;
  bool valid = is_total(total);
  for (Index i = 0; i < n; ++i) {
    valid = valid && logits[i] < infinity;
    heaviest = std::max(heaviest, static_cast<double>(logits[i]));
  }
  valid = valid && (total == 0 || heaviest > -infinity);
  for (Index i = 0; i < n; ++i) less[i] = valid && total > 0 ? static_cast<double>(logits[i]) - heaviest : 0;
  return valid;
}

/// Each category gets a binomial count of what those before it have left, in all rows at once.
template <class T>
void multinomial_of(const Index* words, const T* totals, const T* logits, Index rows, Index n,
                    Weights& weights, T* to) {
  static const DoubleRule exp("exp");
  std::array<double, draw_block> left, trials, odds, counts;
  std::array<Index, draw_block> drawn, own_words;
  double *own = weights.own.data(), *later = weights.later.data();
  for (Index r = 0; r < rows; ++r) {
    const auto total = static_cast<double>(totals[r]);
    left[static_cast<std::size_t>(r)] = are_weights(total, logits + r * n, n, own + r * n) ? total : no_value;
  }
  exp(static_cast<std::size_t>(rows * n), own, own);
  for (Index r = 0; r < rows; ++r) {
    double sum = 0;
    for (Index i = r * n + n - 1; i >= r * n; --i) later[i] = sum, sum += own[i];
  }
  for (Index i = 0; i < n; ++i) {
    std::size_t m = 0;
    for (Index r = 0; r < rows; ++r) {
      const double of_row = left[static_cast<std::size_t>(r)], a = own[r * n + i], b = later[r * n + i];
      to[r * n + i] = static_cast<T>(std::isnan(of_row) ? no_value : 0);
      if (!(of_row > 0)) continue;
      trials[m] = of_row, odds[m] = a <= b ? a / b : b / a, drawn[m] = r, own_words[m] = words[r * n + i];
      ++m;
    }
    ops::rare_counts(m, own_words.data(), trials.data(), odds.data(), counts.data());
    for (std::size_t j = 0; j < m; ++j) {
      const Index at = drawn[j] * n + i;
      const double count = own[at] <= later[at] ? counts[j] : trials[j] - counts[j];
      to[at] = static_cast<T>(count);
      left[static_cast<std::size_t>(drawn[j])] -= count;
    }
  }
}

// ---- rows ----

template <class T>
void poisson_tile(const void* const* in, void* out, Index n) {
  const Index* words = static_cast<const Index*>(in[0]);
  const T* rate = static_cast<const T*>(in[1]);
  T* to = static_cast<T*>(out);
  std::array<double, draw_block> rates, counts;
  for (Index begin = 0; begin < n; begin += Index(draw_block)) {
    const Index count = std::min<Index>(draw_block, n - begin);
    std::copy_n(rate + begin, count, rates.begin());
    ops::poisson_counts(static_cast<std::size_t>(count), words + begin, rates.data(), counts.data());
    std::transform(counts.begin(), counts.begin() + count, to + begin,
                   [](double x) { return static_cast<T>(x); });
  }
}

/// The rarer outcome is counted.
template <class T>
void binomial_tile(const void* const* in, void* out, Index n) {
  static const DoubleRule exp("exp");
  const Index* words = static_cast<const Index*>(in[0]);
  const T* total = static_cast<const T*>(in[1]);
  const T* logits = static_cast<const T*>(in[2]);
  T* to = static_cast<T*>(out);
  std::array<double, draw_block> totals, odds, counts;
  for (Index begin = 0; begin < n; begin += Index(draw_block)) {
    const auto count = static_cast<std::size_t>(std::min<Index>(draw_block, n - begin));
    const T *of_total = total + begin, *of_logits = logits + begin;
    for (std::size_t i = 0; i < count; ++i) {
      totals[i] = is_total(static_cast<double>(of_total[i])) ? static_cast<double>(of_total[i]) : no_value;
      odds[i] = -std::abs(static_cast<double>(of_logits[i]));
    }
    exp(count, odds.data(), odds.data());
    ops::rare_counts(count, words + begin, totals.data(), odds.data(), counts.data());
    for (std::size_t i = 0; i < count; ++i) {
      const double rarer = std::isnan(totals[i] + odds[i]) ? no_value : counts[i];
      to[begin + static_cast<Index>(i)] = static_cast<T>(of_logits[i] > 0 ? totals[i] - rarer : rarer);
    }
  }
}

void require_words(const Type& words) {
  require(words.dtype == i64, "the words are " + words.str() + "; they have to be i64");
}

void require_dtype(const Type& a, const Type& b) {
  require(a.dtype == b.dtype, "dtypes differ: " + a.str() + " and " + b.str() + "; cast one of them");
}

/// Words, then parameters of one dtype; all of one shape.
std::vector<Type> count_type(const Signature& s) {
  for (std::size_t i = 1; i < s.size(); ++i) {
    require(s[0].shape == s[i].shape, "shapes differ: " + s[0].str() + " and " + s[i].str());
    require_dtype(s[1], s[i]);
  }
  require_words(s[0]);
  return {s[1]};
}

template <int Parameters>
Row count_row(std::string name, TileKernel of_floats, TileKernel of_doubles,
              std::vector<Operand> parameters) {
  Row row = ops::step(std::move(name), 1 + Parameters);
  row.shape = [](const Signature& s) {
    require(s.size() == 1 + Parameters,
            "needs " + std::to_string(1 + Parameters) + " operands, has " + std::to_string(s.size()));
    return count_type(s);
  };
  row.tile = [=](const Signature& s) -> TileKernel {
    if (s[1].dtype == f32) return of_floats;
    return s[1].dtype == f64 ? of_doubles : nullptr;
  };
  row.links = nullptr;
  for (Sample& sample : row.samples) {
    const Shape shape = sample.operands[0].shape;
    sample.operands = {{shape, -1000, 1000, Operand::Fill::integer}};
    for (Operand parameter : parameters) {
      parameter.shape = shape;
      sample.operands.push_back(parameter);
    }
  }
  return row;
}

const Op poisson_op{count_row<1>("poisson_draw", poisson_tile<float>, poisson_tile<double>,
                                 {{{}, 1, 30, Operand::Fill::whole}})};
const Op binomial_op{count_row<2>("binomial_draw", binomial_tile<float>, binomial_tile<double>,
                                  {{{}, 1, 60, Operand::Fill::whole}, {{}, -3, 2, Operand::Fill::whole}})};

std::vector<Type> multinomial_type(const Signature& s) {
  require(s.size() == 3, "needs 3 operands, has " + std::to_string(s.size()));
  require(s[2].shape.rank() > 0, "the logits are " + s[2].str() + "; they need an axis of categories");
  require(s[0].shape == s[2].shape, "shapes differ: " + s[0].str() + " and " + s[2].str());
  const Shape batch = s[2].shape.take_front(s[2].shape.rank() - 1);
  require(s[1].shape == batch, "the totals are " + s[1].str() + "; they have to be " + batch.str());
  require_words(s[0]);
  require_dtype(s[1], s[2]);
  ops::require_floating(s[2]);
  return {s[2]};
}

Kernel multinomial_kernel(const Signature& s) {
  const Index n = s[2].shape.back();
  const ops::OuterPieces pieces({s[1].size(), n, 1});
  const Index at_once = rows_at_once(n);
  const auto scratch =
      std::make_shared<std::vector<Weights>>(static_cast<std::size_t>(pieces.count()), Weights(at_once * n));
  const auto kernel = [=](auto zero) {
    using T = decltype(zero);
    return Kernel([=](const Buffers& b) {
      b.pool.run(pieces.count(), [&](Index piece, int) {
        for (Index row = pieces.first(piece); row < pieces.last(piece); row += at_once)
          multinomial_of(b.input<Index>(0) + row * n, b.input<T>(1) + row, b.input<T>(2) + row * n,
                         std::min(at_once, pieces.last(piece) - row), n,
                         (*scratch)[static_cast<std::size_t>(piece)], b.output<T>(0) + row * n);
      });
    });
  };
  return s[2].dtype == f32 ? kernel(0.F) : kernel(0.0);
}

std::vector<int> follow_batch(const Signature& s, int, int) {
  const int batch = s[1].shape.rank();
  std::vector<int> axes;
  for (int axis = 0; axis < batch; ++axis) axes.push_back(axis);
  axes.push_back(mixed);
  return axes;
}

Sample multinomial_sample(const Shape& batch, Index n) {
  return {.operands = {{batch + Shape{n}, -1000, 1000, Operand::Fill::integer},
                       {batch, 1, 60, Operand::Fill::whole},
                       {batch + Shape{n}, -3, 2, Operand::Fill::whole}}};
}

const Op multinomial_op{
    {.name = "multinomial_draw",
     .shape = multinomial_type,
     .kernel = multinomial_kernel,
     .follows = follow_batch,
     .flow = Flow::zero,
     .samples = {multinomial_sample({}, 3), multinomial_sample({2, 3}, 4), multinomial_sample({700}, 7)}}};

/// A parameter of a draw: bare numbers take the key's dtype, and nothing else has another one.
Var parameter_of(const char* op, const char* what, const Key& key, const Arg& value) {
  if (value.var.is_open()) return cast(value, key.dtype());
  if (value.type().dtype != key.dtype())
    throw Error(op,
                "the key draws " + std::string(name_of(key.dtype())) + ", " + what + " " +
                    value.type().str() + "; cast one of them",
                value.where);
  return value.var;
}

}  // namespace

Var poisson_draw(const Key& key, Arg rate, const Shape& shape, Where where) {
  return composed(where, "poisson_draw", {rate.var}, [&] {
    const Var own = parameter_of("poisson_draw", "the rate is", key, {rate.var, where});
    return apply(poisson_op, {random_bits(key, shape, where), broadcast_to(own, shape)});
  });
}

Var binomial_draw(const Key& key, Arg total, Arg logits, const Shape& shape, Where where) {
  return composed(where, "binomial_draw", {total.var, logits.var}, [&] {
    const Var totals = parameter_of("binomial_draw", "the total is", key, {total.var, where});
    const Var own = parameter_of("binomial_draw", "the logits are", key, {logits.var, where});
    return apply(binomial_op,
                 {random_bits(key, shape, where), broadcast_to(totals, shape), broadcast_to(own, shape)});
  });
}

Var multinomial_draw(const Key& key, Arg total, Arg logits, const Shape& shape, Where where) {
  return composed(where, "multinomial_draw", {total.var, logits.var}, [&] {
    const Var totals = parameter_of("multinomial_draw", "the total is", key, {total.var, where});
    const Var own = parameter_of("multinomial_draw", "the logits are", key, {logits.var, where});
    if (own.rank() == 0)
      throw Error("multinomial_draw",
                  "the logits are " + own.type().str() + "; they need an axis of categories", where);
    const Shape full = shape + Shape{own.shape().back()};
    return apply(multinomial_op,
                 {random_bits(key, full, where), broadcast_to(totals, shape), broadcast_to(own, full)});
  });
}

}  // namespace tapir
