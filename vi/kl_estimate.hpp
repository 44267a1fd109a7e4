// kl_estimate: a divergence that has no closed form, by draws, and that says so.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/ops/random.hpp>
#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

struct KlEstimateOptions {
  /// Draws of p, at least 2.
  Index draws = 1000;
};

/// KL(p || q), and what it was made of.
struct KlEstimate {
  /// One per element of the batch.
  Var value;
  /// The mean over draws; else exact.
  bool is_sampled = false;
  /// Of `value`; 0 where it is exact.
  Var standard_error = 0.0;
};

/// KL(p || q) in closed form where one is known, or the sum over p's values where these are finite in number and have
/// probabilities of their own; else the mean of log p(x) - log q(x) over draws of p.
///
///   shapes    as kl(p, q)
///   gradient  of a mean over draws: unbiased, along the path where p is pathwise; else by the score function, each draw
///             with the mean of the others as its baseline, first order only
///   domain    inf where a draw lies outside of q's support
///   errors    "[kl_estimate] 1 draw; needs at least 2"
///             "[kl_estimate] draws of Empirical have no path, and the ends of its support move with its parameters; there is
///             no unbiased gradient"
///             as kl
KlEstimate kl_estimate(const Distribution& p, const Distribution& q, const Key& key,
                       const KlEstimateOptions& options = {}, Where where = here());

}  // namespace tapir::vi
