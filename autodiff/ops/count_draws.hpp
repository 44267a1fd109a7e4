// Poisson and binomial counts out of random words, a block at a time.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/ops/double_rule.hpp>
#include <tapir/autodiff/tensor/dtype.hpp>

namespace tapir::ops {

// A count is a function of its own word and parameters. At most draw_block of them at once.

/// NaN where the rate is not a finite number >= 0.
///
///   source  by the inverse distribution function below 10; from there on Hormann 1993, "The transformed rejection method
///           for generating Poisson random variables", algorithm PTRS
void poisson_counts(std::size_t n, const Index* words, const double* rates, double* counts);
/// Successes of odds from 0 to 1, out of whole totals up to 2^53.
///
///   source  by the inverse distribution function for means below 10; from there on Hormann 1993, "The generation of
///           binomial random variates", algorithm BTRS
void rare_counts(std::size_t n, const Index* words, const double* totals, const double* odds, double* counts);

}  // namespace tapir::ops
