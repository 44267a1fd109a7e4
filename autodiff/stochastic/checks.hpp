// What loss refuses: shapes and plates that do not fit, and ways by which a gradient would be biased silently.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include <tapir/autodiff/stochastic/site.hpp>

namespace tapir {

/// Shapes begin with the plates, plates of one name agree, sites have names of their own and come in the order in which they
/// are recorded.
void check_shapes(std::span<const Site> sites, std::span<const Cost> costs);

/// Values of score-function sites are cut, and nothing reads their draws but through them; what an estimator reads does
/// not depend on its own site.
void check_draws(std::span<const Site> sites, std::span<const Cost> costs);

/// A cost outside a subsampled plate does not depend on a value inside it; no plate arrives at another one's axis.
void check_arrival(const Site& site, const Cost& cost, const Arrival& arrival);

}  // namespace tapir
