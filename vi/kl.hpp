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

/// Says that all mass of law P is at its `value`: KL(p || q) is -log q(value) for any law q.
void add_point_row(std::type_index p, Var (*value)(const void* p));
template <Law P>
struct PointRow {
  PointRow() {
    add_point_row(typeid(P), [](const void* p) -> Var { return static_cast<const P*>(p)->value; });
  }
};

}  // namespace tapir::vi
