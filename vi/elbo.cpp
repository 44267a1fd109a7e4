// The negative ELBO as sites and costs.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/objectives.hpp>

namespace tapir::vi {
namespace {

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

std::string str(const Plates& plates) {
  std::string text;
  for (const Plate& plate : plates) {
    text += (text.empty() ? "" : ", ") + plate.name + ": " + std::to_string(plate.count);
    if (plate.is_subsampled()) text += " of " + std::to_string(plate.size);
  }
  return "(" + text + ")";
}

std::string latent_names(const Context& run) {
  std::string names;
  for (const Message& message : run.messages())
    if (!message.observed) names += (names.empty() ? "" : ", ") + message.name;
  return names;
}

// Why the closed form may not be used here; empty if it may.
std::string depends_on_itself(const Message& guide, const Message& model) {
  const auto value = guide.value->place();
  if (!value) return {};
  const auto below = value->tape->descendants({value->ref.node});
  for (const LawParameter& parameter : model.law.law.parameters())
    if (const auto place = parameter.value.place();
        place && place->tape == value->tape && below[static_cast<std::size_t>(place->ref.node)])
      return "the model's " + parameter.name + " there depends on the site's own value";
  return {};
}

void check_same_site(const Message& guide, const Message& model) {
  if (guide.plates != model.plates)
    throw Error("elbo", "site " + quoted(guide.name) + ": the guide has plates " + str(guide.plates) +
                            ", the model " + str(model.plates), model.where);
}

struct Divergence {
  Var value;
  std::string how;
};

Divergence divergence(const Message& guide, const Message& model, bool analytic) {
  std::string reason = analytic ? depends_on_itself(guide, model) : "closed forms are switched off";
  if (reason.empty()) {
    if (const auto closed = kl(guide.law, model.law, guide.where))
      return {model.weighed(*closed), "closed-form divergence"};
    reason = "no closed form for " + std::string(guide.law.law.name()) + " and " + std::string(model.law.law.name());
  }
  return {guide.log_prob - model.log_prob, "sampled divergence: " + reason};
}

Index subsampled_elements(const Context& model) {
  std::map<std::string, Index> sizes;
  for (const Message& message : model.messages())
    for (const Plate& plate : message.plates)
      if (plate.is_subsampled()) sizes[plate.name] = plate.size;
  return sizes.size() == 1 ? sizes.begin()->second : 1;
}

}  // namespace

Objective elbo(const Context& guide, const Context& model, ElboOptions options, Where where) {
  Objective objective;
  for (const Message& q : guide.messages()) {
    if (q.observed) throw Error("elbo", "the guide observes site " + quoted(q.name), q.where);
    const Message* p = model.find(q.name);
    if (!p || p->observed)
      throw Error("elbo", "the guide's site " + quoted(q.name) + " is not " + (p ? "latent in" : "in") +
                              " the model; its latent sites are: " + latent_names(model), q.where);
    check_same_site(q, *p);
    Divergence d = divergence(q, *p, options.analytic_kl);
    objective.report += q.name + ": " + q.estimator.name + ", " + d.how + "\n";
    const Arg beta(options.beta, q.where);
    const bool plain = options.beta.is_number() && options.beta.number() == 1.0;
    objective.sites.push_back({q.name, *q.value, q.log_prob, q.estimator, q.plates, q.where});
    objective.costs.push_back({q.name, plain ? d.value : beta * d.value, q.plates, q.where});
  }
  for (const Message& p : model.messages()) {
    if (!p.observed) continue;
    objective.costs.push_back({p.name, neg(Arg(p.log_prob, p.where)), p.plates, p.where});
  }
  if (objective.costs.empty()) throw Error("elbo", "neither the model nor the guide has a site", where);
  objective.elements = subsampled_elements(model);
  return objective;
}

}  // namespace tapir::vi
