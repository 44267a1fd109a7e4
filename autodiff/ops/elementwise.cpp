// The rows of the elementwise operations: derivatives here, scalar rules in kernels/rules.inc.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/elementwise.hpp>

#include <cstring>
#include <limits>

#include <tapir/autodiff/ops/fold.hpp>
#include <tapir/autodiff/ops/kernels/table.hpp>
#include <tapir/autodiff/ops/rows.hpp>

namespace tapir {
namespace {

using ops::broadcasting;
using ops::elementwise;
using ops::Scaled;
using ops::step;
using ops::unary;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double inverse_sqrt_2 = 0.70710678118654752440;
constexpr double inverse_sqrt_2pi = 0.39894228040143267794;
constexpr double two_over_sqrt_pi = 1.12837916709551257390;

Row with_integers(Row row) {
  row.dtypes.push_back(DType::i64);
  return row;
}

// ---- arithmetic ----

const Op add_op{[] {
  Row row = with_integers(elementwise("add", {[](const Recorded&, const Var& g) { return g; },
                                              [](const Recorded&, const Var& g) { return g; }}));
  row.fold = &ops::add_fold;
  return row;
}()};
const Op sub_op{with_integers(elementwise("sub", {[](const Recorded&, const Var& g) { return g; },
                                                  [](const Recorded&, const Var& g) { return -g; }}))};
const Op mul_op{
    with_integers(elementwise("mul", {[](const Recorded& r, const Var& g) { return g * r.inputs[1]; },
                                      [](const Recorded& r, const Var& g) { return g * r.inputs[0]; }}))};
// One division serves both operands.
const Op div_op{
    elementwise("div",
                {[](const Recorded& r, const Var& g) { return g / r.inputs[1]; },
                 [](const Recorded& r, const Var& g) { return -(g / r.inputs[1]) * r.outputs[0]; }},
                {{}, {0.5, 2}})};
const Op neg_op{with_integers(elementwise("neg", {[](const Recorded&, const Var& g) { return -g; }}))};

// b * a^(b-1) is 0 * inf at a = b = 0. There the power is taken to be a^0, so that this and its own derivatives
// stay 0.
Var power_by_base(const Recorded& r, const Var& g) {
  const Var& a = r.inputs[0];
  const Var& b = r.inputs[1];
  return g * (b * pow(a, where(logical_or(a, b), b - 1, 0)));
}

Var power_by_exponent(const Recorded& r, const Var& g) {
  const Var& a = r.inputs[0];
  return g * (where(a, r.outputs[0], 0) * log(where(a, a, 1)));
}

const Op pow_op{elementwise("pow", {power_by_base, power_by_exponent}, {{0.3, 2}, {-2, 2}})};
// Doubled first: cotangents are often numbers.
const Op square_op{with_integers(
    elementwise("square", {[](const Recorded& r, const Var& g) { return 2 * g * r.inputs[0]; }}))};
const Op sqrt_op{unary("sqrt", [](Var, Var y) { return 0.5 / y; }, {0.3, 3})};
const Op rsqrt_op{unary("rsqrt", [](Var x, Var y) { return -0.5 * y / x; }, {0.3, 3})};
const Op abs_op{with_integers(unary("abs", [](Var x, Var) { return sign(x); }))};
const Op sign_op{with_integers(step("sign", 1))};

// The operand that is the result takes the cotangent, equal ones half each. Selected, not multiplied: an
// infinite cotangent does not leak to the other. NaN compares false and keeps it.
Scaled winner(std::size_t mine, Var (*loses)(Arg, Arg)) {
  return [mine, loses](const Recorded& r, const Var& g) {
    const Var& x = r.inputs[mine];
    const Var& other = r.inputs[1 - mine];
    return where(x == other, 0.5 * g, where(loses(x, other), 0, g));
  };
}

const Op maximum_op{with_integers(elementwise("maximum", {winner(0, less), winner(1, less)}))};
const Op minimum_op{with_integers(elementwise("minimum", {winner(0, greater), winner(1, greater)}))};

// ---- exponentials and their kin ----

const Op exp_op{unary("exp", [](Var, Var y) { return y; })};
const Op expm1_op{unary("expm1", [](Var, Var y) { return y + 1; })};
const Op log_op{
    elementwise("log", {[](const Recorded& r, const Var& g) { return g / r.inputs[0]; }}, {{0.3, 3}})};
const Op log1p_op{elementwise(
    "log1p", {[](const Recorded& r, const Var& g) { return g / (1 + r.inputs[0]); }}, {{-0.7, 3}})};

// The share exp(a - y) = sigmoid(a - b), which stays exact where a and b are large; 0 if both are -inf.
Scaled share(std::size_t mine) {
  return [mine](const Recorded& r, const Var& g) {
    const Var other = where(r.outputs[0] == -infinity, 0, r.inputs[1 - mine]);
    return g * sigmoid(r.inputs[mine] - other);
  };
}

const Op logaddexp_op{elementwise("logaddexp", {share(0), share(1)})};

const Op sin_op{unary("sin", [](Var x, Var) { return cos(x); })};
const Op cos_op{unary("cos", [](Var x, Var) { return -sin(x); })};
const Op tan_op{unary("tan", [](Var, Var y) { return 1 + square(y); }, {-1.2, 1.2})};
const Op atan_op{unary("atan", [](Var x, Var) { return 1 / (1 + square(x)); })};

Var squared_radius(const Recorded& r) { return square(r.inputs[0]) + square(r.inputs[1]); }

const Op atan2_op{
    elementwise("atan2",
                {[](const Recorded& r, const Var& g) { return g * (r.inputs[1] / squared_radius(r)); },
                 [](const Recorded& r, const Var& g) { return g * (-r.inputs[0] / squared_radius(r)); }},
                {{0.3, 2}, {-2, 2}})};

const Op tanh_op{unary("tanh", [](Var, Var y) { return 1 - square(y); })};
const Op sigmoid_op{unary("sigmoid", [](Var, Var y) { return y * (1 - y); })};
const Op log_sigmoid_op{unary("log_sigmoid", [](Var x, Var) { return sigmoid(-x); })};
const Op softplus_op{unary("softplus", [](Var x, Var) { return sigmoid(x); })};
// By the result, not the operand: one array less lives until the backward pass.
const Op relu_op{
    elementwise("relu", {[](const Recorded& r, const Var& g) { return where(r.outputs[0] <= 0, 0, g); }})};
const Op gelu_op{unary("gelu", [](Var x, Var) {
  return 0.5 * erfc(-inverse_sqrt_2 * x) + x * (inverse_sqrt_2pi * exp(-0.5 * square(x)));
})};
const Op silu_op{unary("silu", [](Var x, Var y) {
  const Var s = sigmoid(x);
  return s + y * (1 - s);
})};
const Op elu_op{unary("elu", [](Var x, Var y) { return where(x > 0, 1, y + 1); })};
const Op erf_op{unary("erf", [](Var x, Var) { return two_over_sqrt_pi * exp(-square(x)); })};
const Op erfc_op{unary("erfc", [](Var x, Var) { return -two_over_sqrt_pi * exp(-square(x)); })};

// ---- comparisons and logic ----

const Op equal_op{with_integers(step("equal", 2))};
const Op not_equal_op{with_integers(step("not_equal", 2))};
const Op less_op{with_integers(step("less", 2))};
const Op less_equal_op{with_integers(step("less_equal", 2))};
const Op greater_op{with_integers(step("greater", 2))};
const Op greater_equal_op{with_integers(step("greater_equal", 2))};
const Op logical_and_op{with_integers(step("logical_and", 2))};
const Op logical_or_op{with_integers(step("logical_or", 2))};
const Op logical_xor_op{with_integers(step("logical_xor", 2))};
const Op logical_not_op{with_integers(step("logical_not", 1))};
const Op isfinite_op{step("isfinite", 1)};
const Op isnan_op{step("isnan", 1)};
const Op where_op{with_integers(
    elementwise("where", {nullptr, [](const Recorded& r, const Var& g) { return where(r.inputs[0], g, 0); },
                          [](const Recorded& r, const Var& g) { return where(r.inputs[0], 0, g); }}))};

// ---- rounding and conversion ----

const Op floor_op{step("floor", 1)};
const Op ceil_op{step("ceil", 1)};
const Op round_op{step("round", 1)};

template <class T>
void copy_tile(const void* const* in, void* out, Index n) {
  std::memcpy(out, in[0], static_cast<std::size_t>(n) * sizeof(T));
}

TileKernel cast_tile(const Signature& s) {
  const DType from = s[0].dtype;
  const DType to = s.attrs.get<DType>("to");
  if (from == to) return size_of(to) == 4 ? copy_tile<float> : copy_tile<double>;
  return kernels::find_tile("cast_" + std::string(name_of(from)) + "_" + std::string(name_of(to)), from);
}

std::optional<Var> cast_derivative(const Recorded& r, const Var& g, DType to) {
  if (!is_floating(r.inputs[0].type().dtype) || !is_floating(r.attrs.get<DType>("to"))) return std::nullopt;
  return cast(g, to);
}

const Op cast_op{
    {.name = "cast",
     .kind = Kind::elementwise,
     .shape = [](const Signature& s) -> std::vector<Type> {
       return {{s.attrs.get<DType>("to"), s[0].shape}};
     },
     .tile = cast_tile,
     .vjp = [](const Recorded& r,
               const Tangents& g) { return Tangents{cast_derivative(r, *g[0], r.inputs[0].type().dtype)}; },
     .jvp = [](const Recorded& r,
               const Tangents& t) { return Tangents{cast_derivative(r, *t[0], r.attrs.get<DType>("to"))}; },
     .dtypes = {f32, f64, i64},
     .samples = {{{{{3, 5}}}, {{"to", DType::f64}}}, {{{{}}}, {{"to", DType::f64}}}}}};

}  // namespace

Var add(Arg a, Arg b) { return broadcasting(add_op, {a, b}); }
Var sub(Arg a, Arg b) { return broadcasting(sub_op, {a, b}); }
Var mul(Arg a, Arg b) { return broadcasting(mul_op, {a, b}); }
Var div(Arg a, Arg b) { return broadcasting(div_op, {a, b}); }
Var neg(Arg x) { return broadcasting(neg_op, {x}); }
Var pow(Arg a, Arg b) {
  if (b.var.is_number() && b.var.number() == 2) return square(a);
  return broadcasting(pow_op, {a, b});
}
Var square(Arg x) { return broadcasting(square_op, {x}); }
Var sqrt(Arg x) { return broadcasting(sqrt_op, {x}); }
Var rsqrt(Arg x) { return broadcasting(rsqrt_op, {x}); }
Var abs(Arg x) { return broadcasting(abs_op, {x}); }
Var sign(Arg x) { return broadcasting(sign_op, {x}); }
Var maximum(Arg a, Arg b) { return broadcasting(maximum_op, {a, b}); }
Var minimum(Arg a, Arg b) { return broadcasting(minimum_op, {a, b}); }
Var clamp(Arg x, Arg low, Arg high) {
  return composed(x.where, "clamp", {x.var, low.var, high.var},
                  [&] { return minimum(maximum(x, low), high); });
}

Var exp(Arg x) { return broadcasting(exp_op, {x}); }
Var expm1(Arg x) { return broadcasting(expm1_op, {x}); }
Var log(Arg x) { return broadcasting(log_op, {x}); }
Var log1p(Arg x) { return broadcasting(log1p_op, {x}); }
Var logaddexp(Arg a, Arg b) { return broadcasting(logaddexp_op, {a, b}); }
Var sin(Arg x) { return broadcasting(sin_op, {x}); }
Var cos(Arg x) { return broadcasting(cos_op, {x}); }
Var tan(Arg x) { return broadcasting(tan_op, {x}); }
Var atan(Arg x) { return broadcasting(atan_op, {x}); }
Var atan2(Arg y, Arg x) { return broadcasting(atan2_op, {y, x}); }
Var tanh(Arg x) { return broadcasting(tanh_op, {x}); }
Var sigmoid(Arg x) { return broadcasting(sigmoid_op, {x}); }
Var log_sigmoid(Arg x) { return broadcasting(log_sigmoid_op, {x}); }
Var softplus(Arg x) { return broadcasting(softplus_op, {x}); }
Var relu(Arg x) { return broadcasting(relu_op, {x}); }
Var gelu(Arg x) { return broadcasting(gelu_op, {x}); }
Var silu(Arg x) { return broadcasting(silu_op, {x}); }
Var elu(Arg x) { return broadcasting(elu_op, {x}); }
Var erf(Arg x) { return broadcasting(erf_op, {x}); }
Var erfc(Arg x) { return broadcasting(erfc_op, {x}); }

Var equal(Arg a, Arg b) { return broadcasting(equal_op, {a, b}); }
Var not_equal(Arg a, Arg b) { return broadcasting(not_equal_op, {a, b}); }
Var less(Arg a, Arg b) { return broadcasting(less_op, {a, b}); }
Var less_equal(Arg a, Arg b) { return broadcasting(less_equal_op, {a, b}); }
Var greater(Arg a, Arg b) { return broadcasting(greater_op, {a, b}); }
Var greater_equal(Arg a, Arg b) { return broadcasting(greater_equal_op, {a, b}); }
Var logical_and(Arg a, Arg b) { return broadcasting(logical_and_op, {a, b}); }
Var logical_or(Arg a, Arg b) { return broadcasting(logical_or_op, {a, b}); }
Var logical_xor(Arg a, Arg b) { return broadcasting(logical_xor_op, {a, b}); }
Var logical_not(Arg x) { return broadcasting(logical_not_op, {x}); }
Var isfinite(Arg x) { return broadcasting(isfinite_op, {x}); }
Var isnan(Arg x) { return broadcasting(isnan_op, {x}); }
Var where(Arg condition, Arg a, Arg b) { return broadcasting(where_op, {condition, a, b}); }

Var floor(Arg x) { return broadcasting(floor_op, {x}); }
Var ceil(Arg x) { return broadcasting(ceil_op, {x}); }
Var round(Arg x) { return broadcasting(round_op, {x}); }
Var cast(Arg x, DType dtype) {
  // An open number takes the dtype for good, also when its own would be the same.
  if (x.var.is_open()) return x.var.tensor().cast(dtype);
  if (x.type().dtype == dtype) return x;
  return apply(cast_op, {x}, {{"to", dtype}});
}

}  // namespace tapir
