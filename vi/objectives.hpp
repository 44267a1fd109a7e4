// Objectives: from a run of the guide and a run of the model to sites and costs.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include <tapir/autodiff/stochastic/loss.hpp>
#include <tapir/vi/context.hpp>

namespace tapir::vi {

struct ElboOptions {
  bool analytic_kl = true;
  /// The weight of the divergence.
  Var beta = 1.0;
};

/// The negative ELBO as costs: -log p at observed sites; at latent ones KL(q || p) in closed form, or log q - log p of
/// the draw.
///
/// The closed form is used only where the parameters of the model's law at the site do not depend on the site's own
/// value by any path of the tape, values of later guide sites included: otherwise it is not the divergence that the
/// ELBO asks for.
struct Objective {
  std::vector<tapir::Site> sites;
  std::vector<Cost> costs;
  /// One line per latent site: estimator, closed form or sampled, and why.
  std::string report;
  /// The size of the outermost subsampled plate, where there is exactly one subsampled plate; else 1.
  Index elements = 1;
};

/// `model` ran with `replay(guide)`.
///
///   errors  "[elbo] the guide's site "w" is not in the model; its sites are: .."
///           "[elbo] site "z": the guide has plates (images: 64 of 60000), the model (images: 60 of 60000)"
Objective elbo(const Context& guide, const Context& model, ElboOptions options = {}, Where where = here());

/// log (1/K) sum_k w_k with w = p(x, z)/q(z), of K fresh draws of the guide's noise: one per element of the plates that
/// hold all latent sites and keep their elements apart; terms of other plates are summed into them.
///
///   errors  "[importance] plate "images" is subsampled, but .. mixes its elements"
///   source  Burda, Grosse & Salakhutdinov 2016
struct ImportanceBound {
  Var value;  // [plates]
  Plates plates;
};
ImportanceBound importance_weighted(const Context& guide, const Context& model, Index particles, Where where = here());

}  // namespace tapir::vi
