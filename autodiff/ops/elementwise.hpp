// Elementwise operations. Operands broadcast from the right; the result has their dtype.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

// All of them:
//   shapes  operands broadcast together (NumPy)
//   errors  "[add] shapes do not broadcast: f32[3,4] and f32[5,6]"
//           "[add] dtypes differ: f32[3] and f64[3]; cast one of them"
//           "[exp] is not defined for i64[3]"
// Defined for i64 too, where they wrap around: add sub mul neg square abs sign maximum minimum, comparisons, logic.

// ---- arithmetic ----
Var add(Arg a, Arg b);
Var sub(Arg a, Arg b);
Var mul(Arg a, Arg b);
/// a / b.
///
///   gradient  g / b, -g y / b
Var div(Arg a, Arg b);
Var neg(Arg x);
/// a^b. A bare 2 as `b` is square(a).
///
///   gradient  g b a^(b-1), which is 0 where a = b = 0; g y log a, which is 0 where a = 0
///   domain    a > 0, or whole b: the gradient in b is NaN where a < 0
Var pow(Arg a, Arg b);
Var square(Arg x);
/// gradient  g / (2 y); infinite at 0
Var sqrt(Arg x);
/// 1 / sqrt(x)
Var rsqrt(Arg x);
/// gradient  g sign(x); 0 at 0
Var abs(Arg x);
/// -1, 0 or 1; -0.0 and NaN stay; no gradient
Var sign(Arg x);
/// The larger one; NaN propagates.
///
///   gradient  g to the larger; ties take half each
Var maximum(Arg a, Arg b);
/// The smaller one; NaN propagates.
///
///   gradient  g to the smaller; ties take half each
Var minimum(Arg a, Arg b);
/// minimum(maximum(x, low), high), ties included: g / 2 flows where x is at a bound.
Var clamp(Arg x, Arg low, Arg high);

inline Var operator+(Arg a, Arg b) { return add(std::move(a), std::move(b)); }
inline Var operator-(Arg a, Arg b) { return sub(std::move(a), std::move(b)); }
inline Var operator*(Arg a, Arg b) { return mul(std::move(a), std::move(b)); }
inline Var operator/(Arg a, Arg b) { return div(std::move(a), std::move(b)); }
inline Var operator-(Arg x) { return neg(std::move(x)); }

// ---- exponentials and their kin ----
Var exp(Arg x);
/// exp(x) - 1, accurate near 0
Var expm1(Arg x);
Var log(Arg x);
/// log(1 + x), accurate near 0
Var log1p(Arg x);
/// log(exp a + exp b).
///
///   gradient  g sigmoid(a - b), g sigmoid(b - a); 0 where both are -inf
Var logaddexp(Arg a, Arg b);
Var sin(Arg x);
Var cos(Arg x);
Var tan(Arg x);
Var atan(Arg x);
/// The angle of (x, y), in [-pi, pi].
///
///   gradient  g x / (x^2 + y^2), -g y / (x^2 + y^2); NaN at the origin
Var atan2(Arg y, Arg x);
Var tanh(Arg x);
/// 1 / (1 + exp(-x))
Var sigmoid(Arg x);
/// log sigmoid(x)
Var log_sigmoid(Arg x);
/// log(1 + exp x)
Var softplus(Arg x);
/// max(x, 0); NaN propagates; gradient 0 at 0
Var relu(Arg x);
/// x Phi(x), Phi the normal distribution function
Var gelu(Arg x);
/// x sigmoid(x)
Var silu(Arg x);
/// x for x > 0, else exp(x) - 1
Var elu(Arg x);
Var erf(Arg x);
Var erfc(Arg x);

// ---- comparisons and logic: 0 or 1 in the operands' dtype, no gradient ----
Var equal(Arg a, Arg b);
Var not_equal(Arg a, Arg b);
Var less(Arg a, Arg b);
Var less_equal(Arg a, Arg b);
Var greater(Arg a, Arg b);
Var greater_equal(Arg a, Arg b);
Var logical_and(Arg a, Arg b);
Var logical_or(Arg a, Arg b);
Var logical_xor(Arg a, Arg b);
Var logical_not(Arg x);
Var isfinite(Arg x);
Var isnan(Arg x);
/// a where the condition is not 0 (NaN is not), else b. All three of one dtype.
///
///   gradient  g to the side that was taken, 0 to the other whatever g is; none to the condition
Var where(Arg condition, Arg a, Arg b);

inline Var operator==(Arg a, Arg b) { return equal(std::move(a), std::move(b)); }
inline Var operator!=(Arg a, Arg b) { return not_equal(std::move(a), std::move(b)); }
inline Var operator<(Arg a, Arg b) { return less(std::move(a), std::move(b)); }
inline Var operator<=(Arg a, Arg b) { return less_equal(std::move(a), std::move(b)); }
inline Var operator>(Arg a, Arg b) { return greater(std::move(a), std::move(b)); }
inline Var operator>=(Arg a, Arg b) { return greater_equal(std::move(a), std::move(b)); }

// ---- rounding and conversion ----
Var floor(Arg x);
Var ceil(Arg x);
/// Half to even.
Var round(Arg x);
/// Another dtype. To i64: towards zero; NaN and what does not fit give 0.
///
///   gradient  cast back; none through i64
Var cast(Arg x, DType dtype);

}  // namespace tapir
