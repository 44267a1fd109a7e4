// Empirical: values that were seen, each with its weight.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/empirical.hpp>

#include <algorithm>
#include <limits>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/vi/distributions/components.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Categorical equal_weights(const Var& values) {
  const Index count = values.rank() > 0 ? values.shape()[0] : 1;
  return {.logits = Var::open(Tensor(Type{f64, {count}}))};
}

}  // namespace

Empirical::Empirical(Var values, Where where) : Empirical(values, equal_weights(values), where) {}

Empirical::Empirical(Var values, Categorical weights, Where where)
    : Empirical(values, std::move(weights), std::max(0, values.rank() - 1), where) {}

Empirical::Empirical(Var values, Categorical weights, int own_rank, Where where)
    : Empirical(Unchecked{}, std::move(values), std::move(weights), own_rank) {
  check(where);
}

void Empirical::check(Where where) const {
  const int axis = values_.rank() - own_rank_ - 1;
  if (own_rank_ < 0 || axis < 0)
    throw Error(name,
                "values " + values_.type().str() + " have no axis of values before " +
                    std::to_string(own_rank_) + " own ones",
                where);
  const Index count = values_.shape()[axis];
  if (count != weights_.count(where))
    throw Error(name,
                "there are " + std::to_string(count) + " values and " +
                    std::to_string(weights_.count(where)) + " weights",
                where);
}

Support Empirical::support() const {
  return Support::interval(min(values_, {-1 - own_rank_}), max(values_, {-1 - own_rank_}));
}

Var Empirical::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), values_, weights_.logits}, [&] {
    const Key own = key_for(*this, key);
    const Var index = weights_.sample(own, shape, where);
    return cast(stop_gradient(taken(values_, own_rank_, index, shape, where)), own.dtype());
  });
}

Var Empirical::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, values_, weights_.logits}, [&] {
    const Var each = expand_dims(x, -1 - own_rank_);
    const Var others = sum_last(where(each == values_, 0, 1), own_rank_, x.where);
    const Var log_p = logsumexp(where(others > 0, -infinity, log_softmax(weights_.logits)), {-1});
    return log_p + sum_last(where(isnan(x), x, 0), own_rank_, x.where);
  });
}

Var Empirical::mean(Where where) const {
  return composed(where, name, {values_, weights_.logits},
                  [&] { return weighted(softmax(weights_.logits), values_, own_rank_, where); });
}

Var Empirical::variance(Where where) const {
  return composed(where, name, {values_, weights_.logits},
                  [&] { return weighted_variance(softmax(weights_.logits), values_, 0, own_rank_, where); });
}

std::optional<Var> Empirical::cdf(Arg x) const {
  if (own_rank_ > 0) return std::nullopt;
  return composed(x.where, name, {x.var, values_, weights_.logits}, [&]() -> std::optional<Var> {
    const Var below = where(expand_dims(x, -1) >= values_, softmax(weights_.logits), 0);
    return sum(below, {-1});
  });
}

}  // namespace tapir::vi
