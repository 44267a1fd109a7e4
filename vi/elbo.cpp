// The negative ELBO as sites and costs.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/distributions/flat.hpp>
#include <tapir/vi/distributions/uniform.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/objectives.hpp>
#include <tapir/vi/support_hull.hpp>

namespace tapir::vi {
namespace {

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

std::string latent_names(const Context& run) {
  std::string names;
  for (const Message& message : run.messages())
    if (!message.observed) names += (names.empty() ? "" : ", ") + message.name;
  return names.empty() ? "none" : names;
}

void check_pair(const Message& guide, const Message& model) {
  const std::string site = "site " + quoted(guide.name);
  if (!same_value(*guide.value, *model.value))
    throw Error("elbo", site + ": the model did not take the guide's value; run it with replay(guide)",
                model.where);
  if (!guide.weights.empty() && guide.weights != model.weights)
    throw Error("elbo",
                site +
                    " is masked or scaled otherwise in the guide than in the model; say it in the model, or "
                    "the same in both",
                guide.where);
  const Support q = guide.law.law.support(), p = model.law.law.support();
  // Points may be values of any law.
  const bool is_of_points = guide.law.law.is_atomic() && !q.is_discrete();
  if (!is_of_points && is_known_beyond(q, p))
    throw Error("elbo",
                site + ": values of " + std::string(guide.law.law.name()) + " are " + q.str() +
                    ", those of the model's " + std::string(model.law.law.name()) + " " + p.str(),
                guide.where);
}

// What the model says at a site that depends on the site's own value; empty if nothing does.
std::string depends_on_itself(const LatentPair& site) {
  const auto value = site.guide.value->place();
  if (!value) return "nothing is recorded from which to see what depends on what";
  const auto below = value->tape->descendants({value->ref.node});
  const auto depends = [&](const Var& var) {
    const auto place = var.place();
    return place && place->tape == value->tape && below[static_cast<std::size_t>(place->ref.node)];
  };
  for (const LawParameter& parameter : site.model.law.law.parameters())
    if (depends(parameter.value))
      return "the model's " + parameter.name + " there depends on the site's own value";
  for (const Weight& weight : site.model.weights)
    if (depends(weight.factor))
      return std::string("the model's ") + (weight.kind == Weight::Kind::mask ? "mask" : "scale") +
             " there depends on the site's own value";
  return {};
}

struct Divergence {
  Var value;
  std::string how;
};

// The path of an angle is that of functions of the angle; of what the model says at the site, this can be seen.
void check_path(const Message& q, const Message& p) {
  const bool is_constant = p.law.law.as<Uniform>() || p.law.law.as<Flat>();
  if (!q.estimator.pathwise || !q.law.law.is_circular() || p.law.law.is_circular() || is_constant) return;
  throw Error("elbo",
              "site " + quoted(q.name) + ": the path of " + std::string(q.law.law.name()) +
                  " is that of functions of the angle, and the model's " + std::string(p.law.law.name()) +
                  " is none; name the ScoreFunction",
              q.where);
}

Divergence divergence(const LatentPair& site, bool analytic) {
  const auto& [q, p] = site;
  std::string reason = analytic ? depends_on_itself(site) : "closed forms are switched off";
  if (reason.empty()) {
    if (const auto closed = kl(q.law, p.law, q.where)) return {p.weighed(*closed), "closed-form divergence"};
    reason = "no closed form for " + std::string(q.law.law.name()) + " and " + std::string(p.law.law.name());
  }
  check_path(q, p);
  return {p.weighed(q.log_prob - p.log_prob), "sampled divergence: " + reason};
}

Index subsampled_elements(const Context& model) {
  std::map<std::string, Index> sizes;
  for (const Message& message : model.messages())
    for (const Plate& plate : message.plates)
      if (plate.is_subsampled()) sizes[plate.name] = plate.size;
  return sizes.size() == 1 ? sizes.begin()->second : 1;
}

}  // namespace

std::vector<LatentPair> latent_pairs(const Context& guide, const Context& model) {
  std::vector<LatentPair> pairs;
  for (const Message& q : guide.messages()) {
    if (q.observed) throw Error("elbo", "the guide observes site " + quoted(q.name), q.where);
    const Message* p = model.find(q.name);
    if (!p || p->observed)
      throw Error("elbo",
                  "the guide's site " + quoted(q.name) + " is not " + (p ? "latent in" : "in") +
                      " the model; its latent sites are: " + latent_names(model),
                  q.where);
    check_pair(q, *p);
    pairs.push_back({q, *p});
  }
  for (const Message& p : model.messages())
    if (!p.observed && !guide.find(p.name))
      throw Error("elbo",
                  "site " + quoted(p.name) +
                      ": the model did not take the guide's value; run it with "
                      "replay(guide)",
                  p.where);
  return pairs;
}

Objective elbo(const Context& guide, const Context& model, ElboOptions options, Where where) {
  Objective objective;
  const bool plain = options.beta.is_number() && options.beta.number() == 1.0;
  for (const LatentPair& site : latent_pairs(guide, model)) {
    const Message& q = site.guide;
    composed(q.where, q.name, {*q.value, q.log_prob, options.beta}, [&] {
      const Divergence d = divergence(site, options.analytic_kl);
      objective.report += q.name + ": " + q.estimator.name + ", " + d.how + "\n";
      objective.sites.push_back({q.name, *q.value, q.log_prob, q.estimator, q.plates, q.where});
      objective.costs.push_back({q.name, plain ? d.value : options.beta * d.value, q.plates, q.where});
      return 0;
    });
  }
  for (const Message& p : model.messages()) {
    if (!p.observed) continue;
    const Var cost = composed(p.where, p.name, {p.log_prob}, [&] { return -p.weighed(p.log_prob); });
    objective.costs.push_back({p.name, cost, p.plates, p.where});
  }
  if (objective.costs.empty()) throw Error("elbo", "neither the model nor the guide has a site", where);
  objective.elements = subsampled_elements(model);
  return objective;
}

}  // namespace tapir::vi
