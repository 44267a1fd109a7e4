// Philox blocks, side by side by the kernels; AS 241.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/philox.hpp>

#include <algorithm>
#include <cmath>

#include <tapir/autodiff/ops/kernels/table.hpp>

namespace tapir::ops {
namespace {

using Word = std::uint32_t;

constexpr std::uint64_t multiplier_0 = 0xD2511F53;
constexpr std::uint64_t multiplier_1 = 0xCD9E8D57;
constexpr Word weyl_0 = 0x9E3779B9;
constexpr Word weyl_1 = 0xBB67AE85;

constexpr Word low(std::uint64_t x) { return static_cast<Word>(x); }
constexpr Word high(std::uint64_t x) { return static_cast<Word>(x >> 32); }

// One round.
void mix(Word& c0, Word& c1, Word& c2, Word& c3, Word k0, Word k1) {
  const std::uint64_t p0 = multiplier_0 * c0;
  const std::uint64_t p1 = multiplier_1 * c2;
  c0 = high(p1) ^ c1 ^ k0;
  c1 = low(p1);
  c2 = high(p0) ^ c3 ^ k1;
  c3 = low(p0);
}

constexpr std::uint64_t joined(Word low_word, Word high_word) {
  return low_word | static_cast<std::uint64_t>(high_word) << 32;
}

constexpr int lanes = kernels::philox_lanes;

const kernels::PhiloxKernels* side_by_side() {
  static const kernels::PhiloxKernels* const found = kernels::find_philox();
  return found;
}

// c[0] + c[1] x + .. + c[7] x^7
using Coefficients = double[8];

double polynomial(const Coefficients& c, double x) {
  return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0];
}

// Numerators a, c, e and denominators b, d, f in the names of the algorithm.
constexpr Coefficients a = {3.3871328727963666080e+0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
                            1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                            3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr Coefficients b = {1.0,
                            4.2313330701600911252e+1,
                            6.8718700749205790830e+2,
                            5.3941960214247511077e+3,
                            2.1213794301586595867e+4,
                            3.9307895800092710610e+4,
                            2.8729085735721942674e+4,
                            5.2264952788528545610e+3};
constexpr Coefficients c = {1.42343711074968357734e+0, 4.63033784615654529590e+0, 5.76949722146069140550e+0,
                            3.64784832476320460504e+0, 1.27045825245236838258e+0, 2.41780725177450611770e-1,
                            2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr Coefficients d = {1.0,
                            2.05319162663775882187e+0,
                            1.67638483018380384940e+0,
                            6.89767334985100004550e-1,
                            1.48103976427480074590e-1,
                            1.51986665636164571966e-2,
                            5.47593808499534494600e-4,
                            1.05075007164441684324e-9};
constexpr Coefficients e = {6.65790464350110377720e+0, 5.46378491116411436990e+0, 1.78482653991729133580e+0,
                            2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                            2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr Coefficients f = {1.0,
                            5.99832206555887937690e-1,
                            1.36929880922735805310e-1,
                            1.48753612908506148525e-2,
                            7.86869131145613259100e-4,
                            1.84631831751005468180e-5,
                            1.42151175831644588870e-7,
                            2.04426310338993978564e-15};

// Where |p - 1/2| <= 0.425.
double central(double q) {
  const double r = 0.180625 - q * q;
  return q * polynomial(a, r) / polynomial(b, r);
}

double tail(double p, double q) {
  const double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double x =
      r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
  return q < 0 ? -x : x;
}

constexpr double central_half_width = 0.425;

}  // namespace

std::array<std::uint64_t, 2> Philox::block(std::uint64_t index) const {
  Word c0 = low(index);
  Word c1 = high(index);
  Word c2 = low(sequence);
  Word c3 = high(sequence);
  Word k0 = low(key);
  Word k1 = high(key);
  for (int round = 0; round < 10; ++round, k0 += weyl_0, k1 += weyl_1) mix(c0, c1, c2, c3, k0, k1);
  return {joined(c0, c1), joined(c2, c3)};
}

void Philox::fill(Index first, Index count, std::uint64_t* out) const {
  auto i = static_cast<std::uint64_t>(first);
  const std::uint64_t end = i + static_cast<std::uint64_t>(count);
  if (i % 2 == 1 && i < end) *out++ = block(i++ / 2)[1];
  if (const kernels::PhiloxKernels* blocks = side_by_side())
    for (; i + 2 * lanes <= end; i += 2 * lanes, out += 2 * lanes)
      blocks->in_sequence(key, sequence, i / 2, out);
  for (; i < end; i += 2) {
    const auto halves = block(i / 2);
    *out++ = halves[0];
    if (i + 1 < end) *out++ = halves[1];
  }
}

void Philox::blocks_of(const std::uint64_t* keys, Index count, std::uint64_t index, std::uint64_t* first,
                       std::uint64_t* second) {
  Index done = 0;
  if (const kernels::PhiloxKernels* blocks = side_by_side())
    for (; done + lanes <= count; done += lanes)
      blocks->of_keys(keys + done, index, first + done, second + done);
  for (; done < count; ++done) {
    const auto halves = Philox{.key = keys[done], .sequence = 0}.block(index);
    first[done] = halves[0];
    second[done] = halves[1];
  }
}

double normal_quantile(double p) {
  const double q = p - 0.5;
  return std::abs(q) <= central_half_width ? central(q) : tail(p, q);
}

// The tails apart: the first loop is vector code without a branch, and an element is treated alike wherever it stands.
void normal_quantiles(double* p, Index count) {
  constexpr Index size = 256;
  std::array<double, size> at_tail;
  std::array<std::uint16_t, size> place;
  for (Index begin = 0; begin < count; begin += size) {
    const Index n = std::min(size, count - begin);
    double* x = p + begin;
    std::size_t tails = 0;
    for (Index i = 0; i < n; ++i) {
      at_tail[tails] = x[i];
      place[tails] = static_cast<std::uint16_t>(i);
      tails += std::abs(x[i] - 0.5) > central_half_width;
    }
    for (Index i = 0; i < n; ++i) x[i] = central(x[i] - 0.5);
    for (std::size_t t = 0; t < tails; ++t) x[place[t]] = tail(at_tail[t], at_tail[t] - 0.5);
  }
}

}  // namespace tapir::ops
