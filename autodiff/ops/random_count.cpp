// The rows poisson_draw, binomial_draw and multinomial_draw: counts out of random words.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/philox.hpp>
#include <tapir/autodiff/ops/reduction.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::mix64;
using ops::Philox;
using ops::require;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

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

/// log(rate^k e^-rate / k!)
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

/// What one word of random bits gives: its own are the first uniform number, and key a sequence of others.
struct Source {
  std::uint64_t word;

  double first() const { return uniform_of(word); }
  /// Two uniform numbers.
  std::array<double, 2> attempt(std::uint64_t k) const {
    const std::uint64_t key = mix64(word);
    if (k == 0) return {first(), uniform_of(key)};
    const auto words = Philox{.key = key, .sequence = 0}.block(k);
    return {uniform_of(words[0]), uniform_of(words[1])};
  }
};

/// One fails in 3 at most.
constexpr std::uint64_t attempts = 64;

/// Transformed rejection with squeeze, of rates from 10 on.
double many_events(const Source& source, double rate) {
  const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), squeeze = 0.9277 - 3.6224 / (b - 2);
  for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
    const auto [at, v] = source.attempt(attempt);
    const double u = at - 0.5, edge = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / edge + b) * u + rate + 0.43);
    if (edge >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (edge < 0.013 && v > edge)) continue;
    if (std::log(v * inverse_alpha / (a / (edge * edge) + b)) <= log_poisson(k, rate)) return k;
  }
  return std::floor(rate);
}

Source source_of(Index word) { return {static_cast<std::uint64_t>(word)}; }

double poisson_of(Index word, double rate) {
  if (!(rate >= 0 && std::isfinite(rate))) return no_value;
  const Source source = source_of(word);
  return rate < 10 ? few_events(source.first(), rate) : many_events(source, rate);
}

// ---- binomial ----

/// The successes among `total` of odds `odds` at most 1; by the inverse distribution function.
double few_successes(double u, double total, double odds) {
  const double most = std::min(total, 200.0);
  double k = 0, mass = std::exp(-total * std::log1p(odds));
  for (; u > mass && k < most; ++k) u -= mass, mass *= odds * ((total - k) / (k + 1));
  return k;
}

/// Transformed rejection with squeeze, of means from 10 on.
double many_successes(const Source& source, double total, double odds) {
  const double p = odds / (1 + odds), mean = total * p, width = std::sqrt(mean / (1 + odds));
  const double b = 1.15 + 2.53 * width, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double alpha = (2.83 + 5.1 / b) * width, squeeze = 0.92 - 4.2 / b;
  const auto log_mass = [&](double k) {
    return log_poisson(k, mean) + log_poisson(total - k, total / (1 + odds));
  };
  const double mode = std::floor((total + 1) * p);
  for (std::uint64_t attempt = 0; attempt < attempts; ++attempt) {
    const auto [at, v] = source.attempt(attempt);
    const double u = at - 0.5, edge = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / edge + b) * u + mean + 0.5);
    if (edge >= 0.07 && v <= squeeze) return k;
    if (k < 0 || k > total) continue;
    if (std::log(v * alpha / (a / (edge * edge) + b)) <= log_mass(k) - log_mass(mode)) return k;
  }
  return mode;
}

bool is_total(double total) { return total >= 0 && total <= 0x1p53 && total == std::floor(total); }

/// Successes of these odds at most 1.
double rare_of(Index word, double total, double odds) {
  const Source source = source_of(word);
  return total * odds < 10 * (1 + odds) ? few_successes(source.first(), total, odds)
                                        : many_successes(source, total, odds);
}

/// The rarer outcome is counted.
double binomial_of(Index word, double total, double logits) {
  if (!is_total(total) || std::isnan(logits)) return no_value;
  const double rarer = rare_of(word, total, std::exp(-std::abs(logits)));
  return logits > 0 ? total - rarer : rarer;
}

// ---- multinomial ----

/// What a category weighs, and what those behind it do, relative to the heaviest: nothing is left for those
/// that are behind it and below every number.
struct Weights {
  double own, later;
};

/// Whether the total is one, and the logits are some.
template <class T>
bool weigh(double total, const T* logits, Index n, Weights* weights) {
  double heaviest = -infinity;
  bool valid = is_total(total);
  for (Index i = 0; i < n; ++i) {
    valid = valid && logits[i] < infinity;
    heaviest = std::max(heaviest, static_cast<double>(logits[i]));
  }
  if (!valid || (total > 0 && heaviest == -infinity)) return false;
  double later = 0;
  for (Index i = n - 1; i >= 0; --i) {
    weights[i] = {std::exp(static_cast<double>(logits[i]) - heaviest), later};
    later += weights[i].own;
  }
  return true;
}

/// Each category gets a binomial count of what those before it have left.
template <class T>
void multinomial_of(const Index* words, double total, const T* logits, Index n, Weights* weights, T* to) {
  const bool valid = weigh(total, logits, n, weights);
  double left = valid ? total : 0;
  for (Index i = 0; i < n; ++i) {
    double count = 0;
    if (left > 0) {
      const auto [own, later] = weights[i];
      count =
          own <= later ? rare_of(words[i], left, own / later) : left - rare_of(words[i], left, later / own);
    }
    left -= count;
    to[i] = static_cast<T>(valid ? count : no_value);
  }
}

// ---- rows ----

template <class T>
void poisson_tile(const void* const* in, void* out, Index n) {
  const Index* words = static_cast<const Index*>(in[0]);
  const T* rate = static_cast<const T*>(in[1]);
  T* to = static_cast<T*>(out);
  for (Index i = 0; i < n; ++i) to[i] = static_cast<T>(poisson_of(words[i], static_cast<double>(rate[i])));
}

template <class T>
void binomial_tile(const void* const* in, void* out, Index n) {
  const Index* words = static_cast<const Index*>(in[0]);
  const T* total = static_cast<const T*>(in[1]);
  const T* logits = static_cast<const T*>(in[2]);
  T* to = static_cast<T*>(out);
  for (Index i = 0; i < n; ++i)
    to[i] =
        static_cast<T>(binomial_of(words[i], static_cast<double>(total[i]), static_cast<double>(logits[i])));
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
  const auto scratch = std::make_shared<std::vector<Weights>>(static_cast<std::size_t>(pieces.count() * n));
  const auto kernel = [=](auto zero) {
    using T = decltype(zero);
    return Kernel([=](const Buffers& b) {
      b.pool.run(pieces.count(), [&](Index piece, int) {
        for (Index row = pieces.first(piece); row < pieces.last(piece); ++row)
          multinomial_of(b.input<Index>(0) + row * n, static_cast<double>(b.input<T>(1)[row]),
                         b.input<T>(2) + row * n, n, scratch->data() + piece * n, b.output<T>(0) + row * n);
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
