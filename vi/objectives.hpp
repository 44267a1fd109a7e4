// Objectives: from a run of the guide and a run of the model to sites and costs.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include <tapir/autodiff/stochastic/loss.hpp>
#include <tapir/vi/context.hpp>

namespace tapir::vi {

/// The latent sites of a guide, each beside that of the model, which ran with `replay(guide)`. A term of a
/// latent site is weighed as the model says; the guide may say the same.
///
///   errors  "[elbo] the guide's site "w" is not in the model; its latent sites are: .."
///           "[elbo] site "z": values of Normal are real numbers, those of the model's Gamma positive numbers"
///           "[elbo] the guide observes site "x""
///           "[elbo] site "z": the model did not take the guide's value; run it with replay(guide)"
///           "[elbo] site "z" is masked or scaled otherwise in the guide than in the model; say it in the
///           model, or the same in both"
struct LatentPair {
  const Message& guide;
  const Message& model;
};
std::vector<LatentPair> latent_pairs(const Context& guide, const Context& model);

struct ElboOptions {
  bool analytic_kl = true;
  /// The weight of the divergence.
  Var beta = 1.0;
};

/// The negative ELBO as costs: -log p at observed sites; at latent ones KL(q || p) in closed form, or log q -
/// log p of the draw.
///
/// The closed form is used only where nothing that the model says at the site, parameters of its law, masks
/// and scales, depends on the site's own value by any path of the tape, values of later guide sites included:
/// otherwise it is not the divergence that the ELBO asks for. On plain values no path can be seen, and the
/// draw is used.
struct Objective {
  std::vector<tapir::Site> sites;
  std::vector<Cost> costs;
  /// One line per latent site: estimator, closed form or sampled, and why.
  std::string report;
  /// The size of the subsampled plate, where there is exactly one; else 1.
  Index elements = 1;
};

/// `model` ran with `replay(guide)`.
///
///   errors  those of `latent_pairs`; "[elbo] neither the model nor the guide has a site"
Objective elbo(const Context& guide, const Context& model, ElboOptions options = {}, Where where = here());

/// log (1/K) sum_k w_k with w = p(x, z)/q(z), of K fresh draws of the guide's noise: one per element of the
/// outer plates that hold all sites and keep their elements apart; terms of inner plates are summed into
/// them.
///
///   errors  those of `latent_pairs`, and of `loss` for plates that do not fit
///           "[importance] plate "images" of site "x" is subsampled, but its elements share latent values or
///           are mixed: a minibatch does not bound the likelihood there"
///   source  Burda, Grosse & Salakhutdinov 2016
struct ImportanceBound {
  Var value;  // [plates]
  Plates plates;
};
ImportanceBound importance_weighted(const Context& guide, const Context& model, Index particles,
                                    Where where = here());

}  // namespace tapir::vi
