// Divergences by draws.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/kl_estimate.hpp>

#include <algorithm>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/stochastic/first_order.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

// The mean of f over draws without a path: its derivative is that of f, and f less the other draws' mean
// times the score.
Var scored(const Var& f, const Var& log_p, Index draws) {
  const Var cost = stop_gradient(f);
  const auto n = static_cast<double>(draws);
  const Var others = (sum(cost, {0}, true) - cost) / (n - 1);
  const Var score = log_p - stop_gradient(log_p);
  return mean(f + first_order((cost - others) * score), {0});
}

void check_ends(const Distribution& p, Where where) {
  const auto ends = p.support().all_ends();
  if (std::any_of(ends.begin(), ends.end(), [](const Var& end) { return end.is_recorded(); }))
    throw Error("kl_estimate",
                "draws of " + std::string(p.name()) +
                    " have no path, and the ends of its support move with its parameters; there is no "
                    "unbiased gradient",
                where);
}

}  // namespace

KlEstimate kl_estimate(const Distribution& p, const Distribution& q, const Key& key,
                       const KlEstimateOptions& options, Where where) {
  if (options.draws < 2)
    throw Error("kl_estimate",
                std::to_string(options.draws) + (options.draws == 1 ? " draw" : " draws") +
                    "; needs at least 2",
                where);
  if (auto exact = kl(p, q, where)) return {*std::move(exact)};
  Shape batch;
  (void)broadcast_shapes(p.batch_shape(where), q.batch_shape(where), batch);
  const Var some = recorded_one(p.parameters()), other = recorded_one(q.parameters());
  return composed(where, "kl_estimate", {key.counter(), some, other}, [&]() -> KlEstimate {
    if (const auto values = p.enumerate(where); values && p.support().is_discrete())
      return {stretched(kl_over_values(p, q, *values, where), batch, where)};
    // The path of an angle is that of functions of the angle; log q has to be one.
    const bool has_path = p.is_pathwise() && (!p.is_circular() || q.is_circular());
    if (!has_path) check_ends(p, where);
    const Key own = key.as(p.dtype().value_or(q.dtype().value_or(key.dtype())));
    const Var draws = p.sample(own, Shape{options.draws} + batch, where);
    const Var x = has_path ? draws : stop_gradient(draws);
    const Var log_p = p.log_prob(Arg(x, where));
    const Var f = log_p - q.log_prob(Arg(x, where));
    const Var error = sqrt(stop_gradient(var(f, {0}, 1)) / static_cast<double>(options.draws));
    return {has_path ? mean(f, {0}) : scored(f, log_p, options.draws), true, error};
  });
}

}  // namespace tapir::vi
