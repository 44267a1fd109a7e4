// Building the objective, its surrogate and the fits of baselines.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/stochastic/loss.hpp>

#include <algorithm>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/stochastic/checks.hpp>
#include <tapir/autodiff/stochastic/noise.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

namespace tapir {
namespace {

// Positions of sites, descending: as their copies stand in front of a value.
using SiteList = std::vector<std::size_t>;

// A value with the axes that copies of sites have put in front: the last site leftmost.
struct Tracked {
  Var value;
  SiteList copies = {};

  int front() const { return static_cast<int>(copies.size()); }
  bool has(std::size_t site) const { return std::find(copies.begin(), copies.end(), site) != copies.end(); }
};

struct Builder {
  std::span<const Site> sites;
  std::span<const Cost> costs;
  const LossOptions& options;
  std::vector<std::vector<Arrival>> arrivals = {};  // [site][cost]
  std::vector<Tracked> cost_values = {};
  std::vector<Tracked> site_values = {};
  std::vector<Tracked> log_densities = {};
  std::vector<std::vector<Tracked>> reads = {};  // [site]
  std::vector<Index> copies = {};                // per site

  void follow();
  void make_copies();
  void widen_all(std::size_t s, const Copies& made);
  bool matters(std::size_t s) const;
  SiteList leading(std::size_t s) const;
  Var aligned(const Tracked& tracked, std::size_t s, const SiteList& lead, const Shape& tail) const;
  Var per_element(std::size_t s, std::size_t j, const SiteList& lead) const;
  Trial trial(std::size_t s) const;
  void add_surrogate(std::size_t s, Loss& loss) const;
};

// A sum begins without a node for 0 + its first term.
void add_to(Var& total, const Var& term) {
  total = total.is_number() && total.number() == 0.0 ? term : total + term;
}

// The one place where terms are finished: the mean over the leading axes, the sum over plates, their scale.
Var finished(const Var& term, int front, double scale) {
  const double factor = scale / static_cast<double>(term.shape().take_front(front).size());
  const Var all = sum(term);
  return factor == 1.0 ? all : factor * all;
}

// Without the copies of sites after s.
Tracked without_later(Tracked tracked, std::size_t s) {
  std::vector<int> later;
  for (std::size_t site : tracked.copies)
    if (site > s) later.push_back(static_cast<int>(later.size()));
  if (later.empty()) return tracked;
  tracked.value = mean(tracked.value, Axes(later));
  tracked.copies.erase(tracked.copies.begin(),
                       tracked.copies.begin() + static_cast<std::ptrdiff_t>(later.size()));
  return tracked;
}

// Plates whose axes stand in another order than the site's are treated as mixed: their sum is right too.
std::vector<int> in_order(std::vector<int> axes) {
  int last = -1;
  for (int& axis : axes)
    if (axis <= last)
      axis = Arrival::mixed;
    else
      last = axis;
  return axes;
}

void Builder::follow() {
  std::vector<Var> values;
  for (const Cost& cost : costs) values.push_back(cost.value);
  for (const Site& site : sites) {
    arrivals.push_back(follow_plates(site.value, static_cast<int>(site.plates.size()), values));
    for (std::size_t j = 0; j < costs.size(); ++j) check_arrival(site, costs[j], arrivals.back()[j]);
  }
}

bool Builder::matters(std::size_t s) const {
  return sites[s].estimator.surrogate &&
         std::any_of(arrivals[s].begin(), arrivals[s].end(), [](const Arrival& a) { return a.reached; });
}

void Builder::make_copies() {
  for (const Cost& cost : costs) cost_values.push_back({cost.value});
  for (const Site& site : sites) {
    site_values.push_back({site.value});
    log_densities.push_back({site.log_density});
    reads.emplace_back();
    for (const Var& read : site.estimator.reads) reads.back().push_back({read});
  }
  copies.assign(sites.size(), 1);
  std::vector<Var> earlier;
  for (std::size_t s = 0; s < sites.size(); ++s) {
    const Site& site = sites[s];
    if (site.estimator.copies && matters(s))
      widen_all(s,
                site.estimator.copies({site.name, site_values[s].value, log_densities[s].value,
                                       noise_of_site(site.value, site.log_density, earlier), site.plates}));
    earlier.push_back(site.value);
  }
}

void Builder::widen_all(std::size_t s, const Copies& made) {
  if (made.replacements.empty()) return;
  copies[s] = made.count;
  std::vector<Tracked*> all;
  auto add = [&](std::vector<Tracked>& list) {
    for (Tracked& tracked : list) all.push_back(&tracked);
  };
  add(cost_values);
  add(site_values);
  add(log_densities);
  for (auto& list : reads) add(list);
  std::vector<Var> values;
  for (const Tracked* tracked : all) values.push_back(tracked->value);
  const auto wide = widen(values, made.replacements, made.count, sites[s].where);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!wide[i].batched) continue;
    all[i]->value = wide[i].value;
    all[i]->copies.insert(all[i]->copies.begin(), s);
  }
}

// The earlier sites whose copies stand in front of the plates of site s.
SiteList Builder::leading(std::size_t s) const {
  SiteList lead;
  for (std::size_t site = s; site-- > 0;) {
    bool used = log_densities[s].has(site);
    for (std::size_t j = 0; j < costs.size(); ++j)
      used = used || (arrivals[s][j].reached && cost_values[j].has(site));
    for (const Tracked& read : reads[s]) used = used || read.has(site);
    if (used) lead.push_back(site);
  }
  return lead;
}

// Under the shape [copies of s, copies of lead .., tail]: 1 where it has none.
Var Builder::aligned(const Tracked& tracked, std::size_t s, const SiteList& lead, const Shape& tail) const {
  Shape shape;
  auto add = [&](std::size_t site) { shape.append(tracked.has(site) ? copies[site] : 1); };
  add(s);
  for (std::size_t site : lead) add(site);
  return reshape(tracked.value, shape + tail);
}

// Cost j in units of one element of the plates of site s: plates that are not kept are summed.
Var Builder::per_element(std::size_t s, std::size_t j, const SiteList& lead) const {
  Tracked cost = without_later(cost_values[j], s);
  const Plates& plates = costs[j].plates;
  const std::vector<int> kept = in_order(arrivals[s][j].axes);
  std::vector<int> summed;
  for (int axis = 0; axis < static_cast<int>(plates.size()); ++axis)
    if (std::find(kept.begin(), kept.end(), axis) == kept.end()) summed.push_back(cost.front() + axis);
  if (!summed.empty()) cost.value = sum(cost.value, Axes(summed));
  Shape tail;
  for (std::size_t p = 0; p < kept.size(); ++p)
    tail.append(kept[p] == Arrival::mixed ? 1 : sites[s].plates[p].count);
  const double scale = scale_of(plates) / scale_of(sites[s].plates);
  const Var value = aligned(cost, s, lead, tail);
  return scale == 1.0 ? value : scale * value;
}

Trial Builder::trial(std::size_t s) const {
  const Site& site = sites[s];
  const SiteList lead = leading(s);
  Var downstream;
  for (std::size_t j = 0; j < costs.size(); ++j)
    if (arrivals[s][j].reached) add_to(downstream, per_element(s, j, lead));
  Trial result{.name = site.name,
               .copies = copies[s],
               .value = aligned(without_later(site_values[s], s), s, lead, site.value.shape()),
               .log_density = aligned(without_later(log_densities[s], s), s, lead, shape_of(site.plates)),
               .cost = stop_gradient(downstream),
               .reads = {},
               .plates = site.plates,
               .cells = options.cells};
  for (std::size_t i = 0; i < reads[s].size(); ++i)
    result.reads.push_back(aligned(without_later(reads[s][i], s), s, lead, site.estimator.reads[i].shape()));
  return result;
}

// A term of a surrogate with all its plate axes; more axes than the trial has would count elements twice.
Var over_plates(const Var& term, const Trial& trial, Where where) {
  const int front = trial.log_density.rank() - static_cast<int>(trial.plates.size());
  Shape trial_shape;
  if (!broadcast_shapes(trial.log_density.shape(), trial.cost.shape(), trial_shape)) trial_shape = {};
  for (const Var& read : trial.reads)
    for (int axis = 0; axis < front; ++axis)
      trial_shape.set(axis, std::max(trial_shape[axis], read.shape()[axis]));
  Shape met;
  if (term.rank() != trial_shape.rank() || !broadcast_shapes(term.shape(), trial_shape, met) ||
      met != trial_shape)
    throw Error("loss",
                "the surrogate of site \"" + trial.name + "\" is " + term.type().str() + ", its trial " +
                    trial_shape.str(),
                where);
  return broadcast_to(term, term.shape().take_front(front) + shape_of(trial.plates));
}

void Builder::add_surrogate(std::size_t s, Loss& loss) const {
  if (!matters(s)) return;
  const Site& site = sites[s];
  const Trial tried = trial(s);
  const int front = tried.log_density.rank() - static_cast<int>(site.plates.size());
  const double scale = scale_of(site.plates);
  const Surrogate made = site.estimator.surrogate(tried);
  add_to(loss.surrogate, finished(over_plates(made.term, tried, site.where), front, scale));
  if (made.auxiliary)
    add_to(loss.auxiliary, finished(over_plates(*made.auxiliary, tried, site.where), front, scale));
  loss.updates.insert(loss.updates.end(), made.updates.begin(), made.updates.end());
}

}  // namespace

Loss loss(std::span<const Site> sites, std::span<const Cost> costs, const LossOptions& options, Where where) {
  std::vector<Var> values;
  for (const Cost& cost : costs) values.push_back(cost.value);
  const auto tape = tape_of(values);
  if (!tape) throw Error("loss", "no cost is recorded: all are plain values", where);
  check_shapes(sites, costs);
  check_draws(sites, costs);
  Frame frame(tape, where, "loss");
  Builder builder{sites, costs, options};
  builder.follow();
  told_at(where, [&] { builder.make_copies(); });
  Loss result;
  for (std::size_t j = 0; j < costs.size(); ++j) {
    const Tracked& cost = builder.cost_values[j];
    add_to(result.value, finished(cost.value, cost.front(), scale_of(costs[j].plates)));
  }
  result.surrogate = result.value;
  for (std::size_t s = 0; s < sites.size(); ++s) {
    Frame of_site(tape, sites[s].where, sites[s].name);
    told_at(sites[s].where, [&] { builder.add_surrogate(s, result); });
  }
  return result;
}

std::vector<Var> gradient(const Loss& loss, std::span<const Var> parameters, bool allow_unused, Where where) {
  const Var one = full(loss.surrogate.type(), 1.0);
  const Tangents main = vjp({&loss.surrogate, 1}, {&one, 1}, parameters, where);
  Tangents fit(parameters.size());
  if (loss.auxiliary.is_recorded()) fit = vjp({&loss.auxiliary, 1}, {&one, 1}, parameters, where);
  std::vector<Var> result;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto* parameter = parameters[i].parameter();
    const std::string name =
        parameter ? "parameter \"" + parameter->cell->path + "\"" : "value " + std::to_string(i);
    if (main[i] && fit[i])
      throw Error("loss",
                  "both the objective and a baseline depend on " + name +
                      "; a baseline takes what it reads through stop_gradient and has parameters of its own",
                  where);
    if (!main[i] && !fit[i] && !allow_unused)
      throw Error("grad", "the result does not depend on " + name + "; allow_unused gives zeros", where);
    result.push_back(main[i] ? *main[i] : fit[i] ? *fit[i] : zeros(parameters[i].type()));
  }
  return result;
}

}  // namespace tapir
