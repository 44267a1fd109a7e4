// Importance-weighted bounds through batch.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <optional>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/stochastic/checks.hpp>
#include <tapir/vi/objectives.hpp>
#include <tapir/vi/particles.hpp>

namespace tapir::vi {
namespace {

// The terms of log w, one per site, as costs: checked as those of any objective are.
struct Terms {
  std::vector<tapir::Site> sites;
  std::vector<Cost> costs;
};

Terms terms_of(const Context& guide, const Context& model) {
  Terms terms;
  for (const auto& [q, p] : latent_pairs(guide, model)) {
    terms.sites.push_back({q.name, *q.value, q.log_prob, q.estimator, q.plates, q.where});
    const Var ratio = composed(p.where, p.name, {p.log_prob, q.log_prob},
                               [&, &q = q, &p = p] { return p.weighed(p.log_prob - q.log_prob); });
    terms.costs.push_back({q.name, ratio, q.plates, p.where});
  }
  for (const Message& p : model.messages())
    if (p.observed) terms.costs.push_back({p.name, p.weighed(p.log_prob), p.plates, p.where});
  return terms;
}

void keep_common(Plates& common, const Plates& plates) {
  const auto differs = std::mismatch(common.begin(), common.end(), plates.begin(), plates.end()).first;
  common.erase(differs, common.end());
}

// The outer plates that hold all sites, as far as every path keeps their elements apart.
Plates common_plates(const Terms& terms) {
  Plates common = terms.costs.front().plates;
  std::vector<Var> values;
  for (const Cost& cost : terms.costs) {
    keep_common(common, cost.plates);
    values.push_back(cost.value);
  }
  for (const tapir::Site& site : terms.sites) {
    const auto arrivals = follow_plates(site.value, static_cast<int>(site.plates.size()), values);
    for (std::size_t j = 0; j < values.size(); ++j) {
      check_arrival(site, terms.costs[j], arrivals[j]);
      for (std::size_t p = 0; arrivals[j].reached && p < common.size(); ++p)
        if (arrivals[j].axes[p] != static_cast<int>(p)) common.resize(p);
    }
  }
  return common;
}

void require_whole(const std::vector<Cost>& terms, const Plates& common) {
  for (const Cost& term : terms)
    for (const Plate& plate : term.plates)
      if (plate.is_subsampled() && find_plate(common, plate.name) < 0)
        throw Error("importance",
                    "plate \"" + plate.name + "\" of site \"" + term.name +
                        "\" is subsampled, but its elements share latent values or are mixed: a "
                        "minibatch does not bound the likelihood there",
                    term.where);
}

Var over_common(const Cost& term, int common) {
  std::vector<int> inner;
  for (int axis = common; axis < term.value.rank(); ++axis) inner.push_back(axis);
  return inner.empty() ? term.value : sum(Arg(term.value, term.where), Axes(inner));
}

}  // namespace

ImportanceBound importance_weighted(const Context& guide, const Context& model, Index particles,
                                    Where where) {
  if (particles < 1) throw Error("importance", "needs at least one particle", where);
  const Terms terms = terms_of(guide, model);
  if (terms.costs.empty()) throw Error("importance", "neither the model nor the guide has a site", where);
  check_shapes(terms.sites, terms.costs);
  const Plates common = common_plates(terms);
  require_whole(terms.costs, common);
  std::vector<Var> values;
  for (const Cost& term : terms.costs) values.push_back(over_common(term, static_cast<int>(common.size())));
  const auto wide = over_draws(values, particles, where);
  const Var bound = composed(where, "importance", {wide[0]}, [&] {
    Var log_weight = wide[0];
    for (std::size_t i = 1; i < wide.size(); ++i) log_weight = log_weight + wide[i];
    return logsumexp(log_weight, 0) - std::log(static_cast<double>(particles));
  });
  return {bound, common};
}

}  // namespace tapir::vi
