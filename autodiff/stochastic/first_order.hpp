// first_order: an identity whose gradient cannot be differentiated again.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

/// The value of x. A second derivative through it is an Error that gives the reason. By default: the gradient of a
/// score-function surrogate is an unbiased gradient, the gradient of that gradient is not an unbiased Hessian.
///
///   gradient  dx = g
///   errors    "[grad] a score-function surrogate gives first derivatives only; this estimator has no second-order form"
Var first_order(Arg x, std::string reason = "a score-function surrogate gives first derivatives only; this "
                                            "estimator has no second-order form");

}  // namespace tapir
