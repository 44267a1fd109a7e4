// renyi, jeffreys: closed forms of divergences other than KL, found by the types of two laws.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <typeindex>

#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

/// log E_q (p/q)^alpha / (alpha - 1) of two laws of one kind, one value per element of the batch; KL(p || q)
/// for alpha = 1, which it approaches without losing digits; +inf where the expectation diverges. Laws under
/// `iid` are summed over its axes.
///
///   shapes  the parameters broadcast together
///   errors  "[renyi] of StudentT and StudentT has no closed form"
///           "[renyi] alpha is 0, needs to be positive and finite"
///   source  Gil, Alajaji & Linder 2013, "Renyi divergence measures for commonly used univariate continuous
///           distributions"; near 1: van Erven & Harremoes 2014, theorem 30
Var renyi(const Distribution& p, const Distribution& q, double alpha, Where where = here());

/// KL(p || q) + KL(q || p), where both are closed.
///
///   errors  "[jeffreys] of Normal and StudentT has no closed form"
Var jeffreys(const Distribution& p, const Distribution& q, Where where = here());

using RenyiRule = Var (*)(const void* p, const void* q, double alpha);
void add_renyi_row(std::type_index p, std::type_index q, RenyiRule rule);

/// Enters the closed form of laws P and Q, alpha other than 1: like a KlRow, one constant in the source file
/// of either.
template <Law P, Law Q, Var (*Rule)(const P& p, const Q& q, double alpha)>
struct RenyiPair {
  RenyiPair() {
    add_renyi_row(typeid(P), typeid(Q), [](const void* p, const void* q, double alpha) {
      return Rule(*static_cast<const P*>(p), *static_cast<const Q*>(q), alpha);
    });
  }
};
template <Law L, Var (*Rule)(const L& p, const L& q, double alpha)>
using RenyiRow = RenyiPair<L, L, Rule>;

/// The law of density proportional to p^alpha q^(1 - alpha), and 1 where there is one.
template <Law L>
struct Between {
  L law;
  Var exists;
};

/// The divergence from that of the law between, m, to both: KL(m || q) + alpha / (1 - alpha) KL(m || p). The
/// second is of the square of 1 - alpha, to the last digits if KL is.
Var renyi_through(const Var& kl_to_q, const Var& kl_to_p, const Var& exists, double alpha);
template <Law L, Between<L> (*Rule)(const L& p, const L& q, double alpha)>
Var renyi_between(const L& p, const L& q, double alpha) {
  const Between<L> m = Rule(p, q, alpha);
  return renyi_through(kl(m.law, q), kl(m.law, p), m.exists, alpha);
}

}  // namespace tapir::vi
