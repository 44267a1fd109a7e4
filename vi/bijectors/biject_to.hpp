// biject_to: from free numbers onto a set.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// The bijector from all real numbers (vectors of them) onto the inside of a set; for unit vectors,
/// UnitVector, which is no bijection.
///
///   real            Identity                      simplex               StickBreaking
///   positive        Exp                           ordered               Ordered
///   (low, high)     Sigmoid                       positive ordered      PositiveOrdered
///   (low, inf)      exp(x) + low                  Cholesky factors      LowerCholesky
///   (-inf, high)    high - exp(x)                 of correlations       CorrelationCholesky
///   unit vectors    UnitVector                    positive definite     LowerCholesky, CholeskyProduct
///   sums of 0       ZeroSum
///
///   errors   "[biject_to] no bijector leads from real numbers onto zeros and ones"
///            "[biject_to] no bijector leads from real numbers onto the point 0.5"
///   example  const Var scale = biject_to(Support::positive).forward(free);
Bijector biject_to(const Support& support, Where where = here());

}  // namespace tapir::vi
