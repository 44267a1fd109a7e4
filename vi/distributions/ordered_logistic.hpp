// OrderedLogistic: categories in an order, by where a logistic variable falls among cutpoints.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// One of n + 1 categories in an order, an i64 index: the number of cutpoints below predictor + a standard
/// logistic variable.
/// p(x) = sigmoid(cutpoints[x] - predictor) - sigmoid(cutpoints[x - 1] - predictor), cutpoints -inf and inf
/// at the ends
///
///   shapes    cutpoints [.., n], the last axis is consumed; predictor and x broadcast with the axes before
///             it
///   gradient  of log p: by predictor sigmoid(b) - sigmoid(-a), a and b the upper and the lower cutpoint
///             minus predictor; not pathwise
///   domain    ascending cutpoints
struct OrderedLogistic {
  Var predictor = 0.0, cutpoints = 0.0;

  static constexpr std::string_view name = "OrderedLogistic";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;

  /// n + 1
  Index count(Where where = here()) const;
  Support support() const { return Support::category(count()); }
  template <class F>
  OrderedLogistic each(F&& f) const {
    return {.predictor = f(ParameterInfo{"predictor", Support::real}, predictor),
            .cutpoints = f(ParameterInfo{"cutpoints", Support::ordered, 1}, cutpoints)};
  }

  /// One uniform draw for each value.
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// log sigmoid(a) + log sigmoid(-b) + log(1 - e^(b - a)): nothing cancels, in either tail or between close
  /// cutpoints.
  Var log_prob(Arg x) const;
  Var entropy(Where where = here()) const;
  /// x is an index.
  Var cdf(Arg x) const;
  /// 0, 1, .. n
  Var enumerate(Where where = here()) const;
};

/// KL(p || q) = sum over x of p(x) (log p(x) - log q(x))
///
///   shapes  the parameters broadcast together, the cutpoints without their last axis
///   errors  "[kl] OrderedLogistics over 3 and 4 categories"
Var kl(const OrderedLogistic& p, const OrderedLogistic& q, Where where = here());

}  // namespace tapir::vi
