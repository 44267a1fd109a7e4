// loss: from sites and costs to what is shown, what is differentiated, and what fits baselines.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include <tapir/autodiff/stochastic/site.hpp>

namespace tapir {

/// The value of a surrogate means nothing; `value` is the Monte Carlo estimate of the objective.
struct Loss {
  Var value;      // sum over costs of product(N/n) * sum over plates
  Var surrogate;  // its gradient is an unbiased estimate of the objective's
  Var auxiliary;  // fits baselines; differentiated apart, by parameters that the surrogate does not reach
  std::vector<StateUpdate> updates;
};

struct LossOptions {
  CellSource cells = nullptr;  // needed by running baselines
};

/// The objective sum_j scale_j sum E[cost_j] over latent sites, in the order of recording.
///
/// A pathwise site needs nothing. For a score-function site, the surrogate gets log q times the costs downstream of it
/// (less a baseline), where downstream is read off the tape, per plate element where every path keeps the plate's axis
/// in place, and summed over the plate otherwise.
///
///   errors  "[loss] cost "x" lies outside the subsampled plate "images", but depends on site "z" inside it: .."
///           "[loss] plate "a" of site "z" arrives at plate "b" of cost "x"; .."
///           "[loss] cost "x" is f64[], its plates are [3]", and the like for values and log densities
///           "[loss] plate "rows" has 3 of 10 elements at site "z", and 3 of 3 at cost "x""
///           "[loss] two sites are named "z""; "[loss] site "z" is recorded before site "w", and listed after it; .."
///           what would bias a gradient silently:
///           "[loss] the value of site "z" carries a gradient, but its estimator is score_function(none); .."
///           "[loss] cost "x" reads the draw of site "z" around its value; .."; so for log densities and later sites
///           "[loss] what the estimator of site "z" reads depends on the site's own value: .."
///   source  Schulman et al. 2015; Ranganath, Gerrish & Blei 2014 (Rao-Blackwellisation)
Loss loss(std::span<const Site> sites, std::span<const Cost> costs, const LossOptions& options = {},
          Where where = here());

/// The gradient of `loss.surrogate`, and of `loss.auxiliary` for what only it reaches.
///   errors  "[loss] both the objective and a baseline depend on parameter .."
std::vector<Var> gradient(const Loss& loss, std::span<const Var> parameters, bool allow_unused = false,
                          Where where = here());

}  // namespace tapir
