// kl: closed forms of Kullback-Leibler divergences, found by the types of two laws.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <typeindex>

#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

/// KL(p || q), one value per element of the batch; empty if no closed form is known. Laws under `iid` are
/// compared element by element and summed over its axes.
///
///   errors  "[kl] values of Normal have own axes [20], those of Normal [10]"
std::optional<Var> kl(const Distribution& p, const Distribution& q, Where where = here());

/// The same for two laws at one site: one value per element of the plates. What is a law of elements with own
/// axes on one side may be `iid` on the other.
///
///   errors  "[kl] values of Normal have shape [128,20], those of Normal [128,10]"
std::optional<Var> kl(const Aligned& p, const Aligned& q, Where where = here());

using KlRule = std::optional<Var> (*)(const void* p, const void* q, Where where);
void add_kl_row(std::type_index p, std::type_index q, KlRule rule);

/// Enters the closed form `Var kl(const P&, const Q&, Where)`, or optional<Var> where only some pairs have
/// one, into the table, when it is constructed: one constant at namespace scope in the source file of law P,
/// or of law Q. Whoever has a P as a `Distribution` refers to `P::log_prob`, which is defined there too: so a
/// linker that leaves out what nobody refers to cannot leave out the row of a law that is used.
///
/// One of the laws may be of numbers and the other of vectors: at a site, the former has the latter's axes as
/// own axes. The parameters then broadcast from the right against values with these axes, and the divergence
/// is summed over them.
template <Law P, Law Q>
struct KlRow {
  KlRow() {
    add_kl_row(typeid(P), typeid(Q), [](const void* p, const void* q, Where where) -> std::optional<Var> {
      return kl(*static_cast<const P*>(p), *static_cast<const Q*>(q), where);
    });
  }
};

/// What a cross entropy may need of a law of numbers beside its mean and variance: the expectation of log x,
/// the variance of log x, the expectations of 1/x and of log(1 - x).
enum class Moment { log, log_variance, inverse, log_rest };

/// By the rows of laws: empty where nothing closed is known, infinite where the expectation is.
std::optional<Var> moment(const Distribution& law, Moment which, Where where);
using MomentRule = std::optional<Var> (*)(const void* p, Moment which);
void add_moment_row(std::type_index p, MomentRule rule);

/// Says what is known of law P.
template <Law P, std::optional<Var> (*Rule)(const P&, Moment)>
struct MomentRow {
  MomentRow() {
    add_moment_row(typeid(P),
                   [](const void* p, Moment which) { return Rule(*static_cast<const P*>(p), which); });
  }
};

/// E_p(-log q) of a law p of real numbers from its moments, +inf where p leaves the support of q.
using CrossRule = std::optional<Var> (*)(const Distribution& p, const void* q, Where where);
void add_cross_row(std::type_index q, CrossRule rule);

/// By the row of q, where p is a law of real numbers that has what it asks for.
std::optional<Var> cross_entropy(const Distribution& p, const Distribution& q, Where where);

/// Says that log q is made of x, x^2 and what `Moment` names: with `Rule(p, q, where)`, which is E_p(-log q),
/// KL(p || q) is closed for every law p of real numbers that has a closed entropy and the moments that Rule
/// asks for. A KlRow goes before.
template <Law Q, std::optional<Var> (*Rule)(const Distribution&, const Q&, Where)>
struct CrossRow {
  CrossRow() {
    add_cross_row(typeid(Q), [](const Distribution& p, const void* q, Where where) -> std::optional<Var> {
      return Rule(p, *static_cast<const Q*>(q), where);
    });
  }
};

/// Mean and variance of a law of real numbers; a variance that does not exist, and that of a law without a
/// mean, is infinite. None of angles and points.
struct RealMoments {
  Var mean, variance;
};
std::optional<RealMoments> real_moments(const Distribution& law, Where where);
/// The mean alone, infinite where there is none.
std::optional<Var> real_mean(const Distribution& law, Where where);
/// 1 where the support of a law of real numbers leaves [low, high].
Var leaves(const Distribution& law, const Var& low, const Var& high);

/// Says that all mass of law P is at its `value`: KL(p || q) is -log q(value) for any law q.
void add_point_row(std::type_index p, Var (*value)(const void* p));
template <Law P>
struct PointRow {
  PointRow() {
    add_point_row(typeid(P), [](const void* p) -> Var { return static_cast<const P*>(p)->value; });
  }
};

/// KL(p || q) as the sum over `values` of p, [m] ++ own, where these are all.
Var kl_over_values(const Distribution& p, const Distribution& q, const Var& values, Where where = here());

/// Says that law P has few values, those of `enumerate`, where `listed(p)`: KL(p || q) is their sum for any
/// discrete law q. Rows of both laws go before.
void add_finite_row(std::type_index p, bool (*listed)(const void* p));
template <Law P, bool (*Listed)(const P&)>
struct FiniteRow {
  FiniteRow() {
    add_finite_row(typeid(P), [](const void* p) { return Listed(*static_cast<const P*>(p)); });
  }
};

}  // namespace tapir::vi
