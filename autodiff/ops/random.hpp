// Noise: a draw is a pure function of (seed, step, iteration, stream, element).
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string_view>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

/// Where noise comes from. `key / "name"` derives another stream; drawing twice from one key gives the same numbers.
/// The counter, i64[2] = {seed, step}, is an input of a compiled program, so that a replay draws afresh; `at` makes it
/// i64[3] = {seed, step, iteration}. The dtype is that of what is drawn.
///
///   example  Key key(7, f32);
///            Var z = normal(key / "z", {128, 20});
class Key {
 public:
  explicit Key(Index seed, DType dtype = DType::f64) : Key(Var(Tensor({2}, {seed, Index{0}})), dtype) {}
  /// counter i64[2] or i64[3]
  Key(Var counter, DType dtype) : counter_(std::move(counter)), dtype_(dtype) {}

  /// The stream of a path: `key / "a/b"` is `key / "a" / "b"`.
  ///
  ///   source  FNV-1a of each segment, chained with the finalizer of splitmix64 (Steele, Lea & Flood 2014)
  Key operator/(std::string_view path) const;
  /// The streams of iteration `i`, an i64 scalar that may be recorded: inside scan. Nested: `key.at(i).at(j)`.
  ///
  ///   errors  "[fold] the counter is f64[2]; it has to be i64[..,2] or i64[..,3]"
  Key at(Arg i) const;
  Key as(DType dtype) const;
  /// Another stream of the same counter, by its number.
  Key with_stream(Index stream) const;

  const Var& counter() const { return counter_; }
  Index stream() const { return stream_; }
  DType dtype() const { return dtype_; }

 private:
  Var counter_;
  Index stream_ = 0;
  DType dtype_;
};

/// Uniform on (0, 1), both ends excluded: f64 in steps of 2^-52, f32 in steps of 2^-23, from the same bits.
///
///   shapes    as asked for; under `batch`, each leading index of the counter draws by itself
///   gradient  none
///   errors    "[uniform] the counter is f64[2]; it has to be i64[..,2] or i64[..,3]"
///             "[uniform] is not defined for i64"
///   source    Salmon, Moraes, Dror & Shaw 2011 (philox4x32-10): element e is half e % 2 of block e / 2
Var uniform(const Key& key, const Shape& shape, Where where = here());

/// Standard normal: the inverse distribution function of the f64 uniform draw, rounded to the dtype; |x| < 8.3.
///
///   shapes, gradient, errors  as uniform
///   source                    Wichura 1988, algorithm AS 241 (PPND16)
Var normal(const Key& key, const Shape& shape, Where where = here());

/// Words of 64 random bits, i64: what an operation draws from that needs an unknown number of draws per element.
///
///   shapes, gradient, errors, source  as uniform
Var random_bits(const Key& key, const Shape& shape, Where where = here());

/// log z for z from the gamma law of that concentration and rate 1: its logarithm, because z of a small concentration
/// is below every number (at 1e-3, half of them below 1e-300).
///
///   shapes    concentration broadcasts to `shape`
///   gradient  g log_gamma_slope(concentration, y), the implicit one: the probability of less stays the same. First
///             order: "[log_gamma_slope] has no derivative by the shape a: second derivatives by shapes are not there"
///   domain    concentration > 0, else NaN
///   source    Marsaglia & Tsang 2000, at most 64 attempts (one fails in 20 at most), after that the mode; below 1 their
///             boost by U^(1/concentration); Figurnov, Mohamed & Mnih 2018
Var log_gamma_draw(const Key& key, Arg concentration, const Shape& shape, Where where = here());

/// The number of events of a Poisson law, floating.
///
///   shapes    rate broadcasts to `shape`
///   gradient  none
///   domain    0 <= rate < inf, else NaN
///   source    below 10 the inverse distribution function; from there on Hoermann 1993, "The transformed rejection
///             method for generating Poisson random variables" (PTRS), at most 64 attempts (one fails in 3 at
///             most), after that the mode
Var poisson_draw(const Key& key, Arg rate, const Shape& shape, Where where = here());

/// An angle in [-pi, pi] from the von Mises law of mode 0.
///
///   shapes    concentration broadcasts to `shape`
///   gradient  g von_mises_slope(y, concentration), the implicit one: first order
///   domain    0 <= concentration < inf, else NaN
///   source    Best & Fisher 1979, at most 64 attempts (one fails in 3 at most), after that 0
Var von_mises_draw(const Key& key, Arg concentration, const Shape& shape, Where where = here());

/// A number from the inverse Gaussian law of mean 1.
///
///   shapes    concentration, mean^3 over variance, broadcasts to `shape`
///   gradient  the implicit one, g y/c (1 - 2 sqrt(c y) / normal_hazard(sqrt(c/y) (1 + y))), of any order
///   domain    0 < concentration < inf, else NaN
///   source    Michael, Schucany & Haas 1976; the smaller root without its cancellation
Var inverse_gaussian_draw(const Key& key, Arg concentration, const Shape& shape, Where where = here());

/// The number of successes of probability sigmoid(logits) among `total`, floating.
///
///   shapes    total, logits broadcast to `shape`
///   gradient  none
///   domain    whole 0 <= total <= 2^53, else NaN; any logits
///   source    the rarer outcome is counted: while its mean is below 10 by the inverse distribution
///             function; from there on Hoermann 1993, "The generation of binomial random variates" (BTRS), at
///             most 64 attempts (one fails in 3 at most), after that the mode
Var binomial_draw(const Key& key, Arg total, Arg logits, const Shape& shape, Where where = here());

/// How many of `total` fall into each category, floating: binomial draws, each of what those before have left.
///
///   shapes    total broadcasts to `shape`, logits to `shape` ++ [n]; so is the result
///   gradient  none
///   domain    whole 0 <= total <= 2^53, logits < inf and not all -inf, else NaN; they need not be normalised
///   errors    "[multinomial_draw] the logits are f64[]; they need an axis of categories"
Var multinomial_draw(const Key& key, Arg total, Arg logits, const Shape& shape, Where where = here());

}  // namespace tapir
