// Law: what a struct needs in order to be a distribution, and what all of them have in common.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tapir/autodiff/ops/random.hpp>
#include <tapir/autodiff/tape/tape.hpp>
#include <tapir/vi/support.hpp>

namespace tapir::vi {

/// What a law says of one of its parameters.
struct ParameterInfo {
  std::string name;
  Support support;
  int own = 0;  // trailing axes that one value of the law consumes: 1 for the logits of Categorical
};

/// What `each` passes every parameter through.
using ParameterMap = std::function<Var(const ParameterInfo&, const Var&)>;

/// `f` for the parameters of a part of something: each is named "part.name". Where points have `extra` axes
/// beyond those of the part's, as many of the last axes of a parameter as it has are theirs, since everything
/// broadcasts from the right.
ParameterMap within(std::string part, ParameterMap f, int extra = 0);

/// A distribution: a small struct with these members.
///
///   name       static constexpr std::string_view: begins its errors
///   pathwise   static constexpr bool: gradients by all its differentiable parameters flow through a sample, which moves
///              with them and never jumps. If it is not the same for all: `bool is_pathwise() const`
///   own_rank   static constexpr int: axes of one value. If it is not 0, or not static: `Shape own_shape() const`
///   atomic     static constexpr bool, or `bool is_atomic() const`: some of its values are reals that have a probability
///              themselves, not a density. Not needed where the support is discrete
///   circular   static constexpr bool, or `bool is_circular() const`: mean and variance are those of an angle, and the
///              path is that of functions of the angle
///   support()  the set of its values, which says all ends that its density has: see Support::inner_ends
///   each(f)    the law with every parameter passed through `f(ParameterInfo, Var) -> Var`: what lists them
///   sample(key, shape, where)  a value of `shape` ++ own axes; bare parameters take the key's dtype
///   log_prob(x)                x's shape without own axes; normalised; -inf outside the support; NaN stays NaN
///
/// and, where they exist: mean(), variance() (batch ++ own), entropy() (batch), cdf(x), icdf(p), and enumerate(), the
/// values of the support on a leading axis, [m] ++ own. Each takes a `Where where = here()` (or an Arg). Laws of
/// numbers may have tails, all of them and icdf or none, exact where cdf rounds to 0 or 1: log_cdf(x), log_sf(x) =
/// log P(X > x), isf(q), the x with P(X > x) = q. Of counts, icdf(p) is the least with P(X <= x) >= p, isf(q) with P(X > x)
/// <= q. If whether cdf or the tails exist depends on more than the type: `bool has_cdf() const`, `bool has_tails() const`.
template <class L>
concept Law = std::copy_constructible<L> && requires(const L& law, const Key& key, const Shape& shape,
                                                     const Arg& x, const ParameterMap& f, Where where) {
  { L::name } -> std::convertible_to<std::string_view>;
  { law.support() } -> std::convertible_to<Support>;
  { law.each(f) } -> std::same_as<L>;
  { law.sample(key, shape, where) } -> std::convertible_to<Var>;
  { law.log_prob(x) } -> std::convertible_to<Var>;
} &&(
    requires(const L& law) {
      { law.own_shape() } -> std::convertible_to<Shape>;
    } ||
    requires { requires L::own_rank == 0; }) &&
    (
        requires(const L& law) {
          { law.is_pathwise() } -> std::convertible_to<bool>;
        } ||
        requires {
          { L::pathwise } -> std::convertible_to<bool>;
        });

/// A parameter of a law as `parameters()` lists it.
struct LawParameter {
  std::string name;
  Var value;
  Support support;
  int own = 0;
};

template <Law L>
std::vector<LawParameter> parameters(const L& law) {
  std::vector<LawParameter> list;
  (void)law.each([&](const ParameterInfo& info, const Var& value) {
    list.push_back({info.name, value, info.support, info.own});
    return value;
  });
  return list;
}

/// The axes of one value.
template <Law L>
Shape own_shape(const L& law) {
  if constexpr (requires { law.own_shape(); })
    return law.own_shape();
  else
    return {};
}

/// Gradients by all its differentiable parameters flow through a sample.
template <Law L>
bool is_pathwise(const L& law) {
  if constexpr (requires { law.is_pathwise(); })
    return law.is_pathwise();
  else
    return L::pathwise;
}

/// Reals that have a probability themselves are among its values, or all of them are discrete.
template <Law L>
bool is_atomic(const L& law) {
  if constexpr (requires { law.is_atomic(); })
    return law.is_atomic();
  else if constexpr (requires { L::atomic; })
    return L::atomic;
  else
    return law.support().is_discrete();
}

/// Mean and variance are those of an angle, not of the number.
template <Law L>
bool is_circular(const L& law) {
  if constexpr (requires { law.is_circular(); })
    return law.is_circular();
  else
    return requires { requires L::circular; };
}

template <Law L>
bool has_cdf(const L& law) {
  if constexpr (requires { law.has_cdf(); })
    return law.has_cdf();
  else
    return requires(const Arg& x) { law.cdf(x); };
}

template <Law L>
bool has_tails(const L& law) {
  if constexpr (requires { law.has_tails(); })
    return law.has_tails();
  else
    return requires(const Arg& x) { law.log_sf(x); };
}

/// The parameters' shapes, without the axes that a value consumes, broadcast together from the right.
///
///   errors  "[Normal] parameters do not broadcast: loc f64[3] and scale f64[4]"
///           "[Categorical] logits f64[] has no axis to consume; a value needs 1"
Shape batch_shape(std::string_view law, const std::vector<LawParameter>& parameters, Where where);
template <Law L>
Shape batch_shape(const L& law, Where where = here()) {
  return batch_shape(L::name, parameters(law), where);
}

/// A parameter that lies on a tape, for `composed`; a number if none does.
Var recorded_one(const std::vector<LawParameter>& parameters);

/// The dtype of the parameters; none if all are bare numbers.
std::optional<DType> dtype(const std::vector<LawParameter>& parameters);

/// The key, drawing in the dtype of the law's parameters where they have one.
template <Law L>
Key key_for(const L& law, const Key& key) {
  return key.as(dtype(parameters(law)).value_or(key.dtype()));
}

/// A parameter with `count` axes of size 1 between its batch axes and those that a value consumes, so that it
/// broadcasts against values with that many axes more.
Var with_inner_axes(const Var& parameter, int own, int count, Where where);
template <Law L>
L with_inner_axes(const L& law, int count, Where where) {
  return law.each([&](const ParameterInfo& info, const Var& value) {
    return with_inner_axes(value, info.own, count, where);
  });
}

/// A parameter with at least `count` batch axes before those that a value consumes; those that are missing are of size 1.
Var with_batch_axes(const Var& parameter, int own, int count, Where where);

/// One place on a tape, or equal plain values.
bool same_value(const Var& a, const Var& b);

/// `x` with exactly this shape.
Var stretched(const Var& x, const Shape& shape, Where where);

/// The sum over the last `count` axes.
Var sum_last(const Var& x, int count, Where where);
/// `count` axes of size 1 after the last.
Var with_last_axes(const Var& x, int count, Where where);

/// Checks a parameter's plain value where a law is made of it; recorded values cannot be read and pass.
///
///   errors  "[Bernoulli] probs is 1.5, needs to lie in [0, 1]"
void check_parameter(std::string_view law, const std::string& name, const Var& value, const Support& support,
                     Where where);

}  // namespace tapir::vi
