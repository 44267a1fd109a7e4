// Importance-weighted bounds through batch.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/stochastic/noise.hpp>
#include <tapir/vi/objectives.hpp>

namespace tapir::vi {
namespace {

struct Term {
  std::string name;
  Var value;
  Plates plates;
};

std::vector<Term> log_weight_terms(const Context& guide, const Context& model) {
  std::vector<Term> terms;
  for (const Message& p : model.messages()) terms.push_back({p.name, p.log_prob, p.plates});
  for (const Message& q : guide.messages()) terms.push_back({q.name, neg(Arg(q.log_prob, q.where)), q.plates});
  return terms;
}

// The outer plates that hold all latent sites, as far as every path keeps their elements apart.
Plates common_plates(const Context& guide, const std::vector<Term>& terms) {
  std::optional<Plates> common;
  for (const Message& q : guide.messages()) {
    if (!common) common = q.plates;
    const auto differs = std::mismatch(common->begin(), common->end(), q.plates.begin(), q.plates.end()).first;
    common->erase(differs, common->end());
  }
  if (!common) return {};
  std::vector<Var> values;
  for (const Term& term : terms) values.push_back(term.value);
  for (const Message& q : guide.messages()) {
    const auto arrivals = follow_plates(*q.value, static_cast<int>(common->size()), values);
    for (std::size_t j = 0; j < terms.size(); ++j)
      for (std::size_t p = 0; arrivals[j].reached && p < common->size(); ++p)
        if (arrivals[j].axes[p] != static_cast<int>(p)) common->resize(p);
  }
  return *common;
}

void require_whole(const std::vector<Term>& terms, const Plates& common, Where where) {
  for (const Term& term : terms)
    for (const Plate& plate : term.plates)
      if (plate.is_subsampled() && find_plate(common, plate.name) < 0)
        throw Error("importance", "plate \"" + plate.name + "\" of site \"" + term.name +
                                      "\" is subsampled, but its elements share latent values or are mixed: a "
                                      "minibatch does not bound the likelihood there", where);
}

}  // namespace

ImportanceBound importance_weighted(const Context& guide, const Context& model, Index particles, Where where) {
  if (particles < 1) throw Error("importance", "needs at least one particle", where);
  const auto terms = log_weight_terms(guide, model);
  const Plates common = common_plates(guide, terms);
  require_whole(terms, common, where);
  std::vector<Var> latents;
  std::vector<Var> values;
  for (const Message& q : guide.messages()) latents.push_back(*q.value);
  for (const Term& term : terms) {
    Var value = term.value;
    while (value.rank() > static_cast<int>(common.size())) value = sum(Arg(value, where), -1);
    values.push_back(value);
  }
  const auto wide = batch(values, redraw(noise_of(latents), particles, "particles"), particles, where);
  Var log_weight = wide.at(0);
  for (std::size_t i = 1; i < wide.size(); ++i) {
    Var term = wide[i];
    while (term.rank() < static_cast<int>(common.size()) + 1) term = expand_dims(term, -1);
    log_weight = log_weight + term;
  }
  return {logsumexp(log_weight, 0) - std::log(static_cast<double>(particles)), common};
}

}  // namespace tapir::vi
