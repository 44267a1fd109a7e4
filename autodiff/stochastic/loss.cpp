// Building the objective, its surrogate and the fits of baselines.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/stochastic/loss.hpp>

#include <algorithm>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/stochastic/noise.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

namespace tapir {
namespace {

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

// A value with the axes that copies of sites have put in front, outermost first: the last site leftmost.
struct Tracked {
  Var value;
  std::vector<std::size_t> copies = {};
};

struct Builder {
  std::span<const Site> sites;
  std::span<const Cost> costs;
  const LossOptions& options;
  std::vector<std::vector<Arrival>> arrivals;  // [site][cost]
  std::vector<Tracked> cost_values;
  std::vector<Tracked> site_values;
  std::vector<Tracked> log_densities;
  std::vector<Index> copies;  // per site

  void check() const;
  void follow();
  void check_plates(const Site& site, const Cost& cost, const Arrival& arrival) const;
  void make_copies();
  void widen_all(std::size_t site, const Copies& made);
  Var total(const Tracked& cost, double scale) const;
  Var downstream(std::size_t s, const std::vector<std::size_t>& lead) const;
  Var per_element(std::size_t s, std::size_t j, const std::vector<std::size_t>& lead) const;
  std::vector<std::size_t> leading_sites(std::size_t s) const;
  void add_surrogate(std::size_t s, Loss& loss) const;
};

void Builder::check() const {
  for (const Cost& cost : costs)
    if (cost.value.shape() != shape_of(cost.plates))
      throw Error("loss", "cost " + quoted(cost.name) + " is " + cost.value.type().str() + ", its plates are " +
                              shape_of(cost.plates).str(), cost.where);
  for (const Site& site : sites)
    if (site.log_density.shape() != shape_of(site.plates))
      throw Error("loss", "the log density of site " + quoted(site.name) + " is " + site.log_density.type().str() +
                              ", its plates are " + shape_of(site.plates).str(), site.where);
}

void Builder::follow() {
  std::vector<Var> values;
  for (const Cost& cost : costs) values.push_back(cost.value);
  for (const Site& site : sites) {
    arrivals.push_back(follow_plates(site.value, static_cast<int>(site.plates.size()), values));
    for (std::size_t j = 0; j < costs.size(); ++j) check_plates(site, costs[j], arrivals.back()[j]);
  }
}

void Builder::check_plates(const Site& site, const Cost& cost, const Arrival& arrival) const {
  if (!arrival.reached) return;
  for (std::size_t p = 0; p < site.plates.size(); ++p) {
    const Plate& plate = site.plates[p];
    if (plate.is_subsampled() && find_plate(cost.plates, plate.name) < 0)
      throw Error("loss", "cost " + quoted(cost.name) + " lies outside the subsampled plate " + quoted(plate.name) +
                              ", but depends on site " + quoted(site.name) +
                              " inside it: a minibatch cannot stand for the whole plate there", cost.where);
    const int axis = arrival.axes[p];
    if (axis == Arrival::mixed || axis >= static_cast<int>(cost.plates.size())) continue;
    const Plate& there = cost.plates[static_cast<std::size_t>(axis)];
    if (there.name != plate.name)
      throw Error("loss", "plate " + quoted(plate.name) + " of site " + quoted(site.name) + " arrives at plate " +
                              quoted(there.name) + " of cost " + quoted(cost.name) +
                              "; transpose it back, or open the plates in one order", cost.where);
  }
}

void Builder::make_copies() {
  for (const Cost& cost : costs) cost_values.push_back({cost.value});
  std::vector<Var> earlier;
  for (const Site& site : sites) {
    site_values.push_back({site.value});
    log_densities.push_back({site.log_density});
  }
  for (std::size_t s = 0; s < sites.size(); ++s) {
    copies.push_back(1);
    const Site& site = sites[s];
    if (site.estimator.copies) {
      const Draw draw{site.name, site_values[s].value, log_densities[s].value, noise_of({&site.value, 1}, earlier),
                      site.plates};
      widen_all(s, site.estimator.copies(draw));
    }
    earlier.push_back(site.value);
  }
}

void Builder::widen_all(std::size_t s, const Copies& made) {
  if (made.count == 1 && made.replacements.empty()) return;
  copies[s] = made.count;
  std::vector<Tracked*> all;
  for (auto* list : {&cost_values, &site_values, &log_densities})
    for (Tracked& tracked : *list) all.push_back(&tracked);
  std::vector<Var> values;
  for (const Tracked* tracked : all) values.push_back(tracked->value);
  const auto wide = widen(values, made.replacements, made.count, sites[s].where);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!wide[i].batched) continue;
    all[i]->value = wide[i].value;
    all[i]->copies.insert(all[i]->copies.begin(), s);
  }
}

Var mean_over_leading(const Var& value, std::size_t count) {
  Var result = value;
  for (std::size_t i = 0; i < count; ++i) result = mean(result, 0);
  return result;
}

Var Builder::total(const Tracked& cost, double scale) const {
  const Var all = sum(mean_over_leading(cost.value, cost.copies.size()));
  return scale == 1.0 ? all : scale * all;
}

// The earlier sites whose copies stand in front of the plates of site s, last first.
std::vector<std::size_t> Builder::leading_sites(std::size_t s) const {
  std::vector<bool> used(sites.size());
  auto use = [&](const Tracked& tracked) {
    for (std::size_t site : tracked.copies) used[site] = true;
  };
  use(log_densities[s]);
  for (std::size_t j = 0; j < costs.size(); ++j)
    if (arrivals[s][j].reached) use(cost_values[j]);
  std::vector<std::size_t> lead;
  for (std::size_t site = s; site-- > 0;)
    if (used[site]) lead.push_back(site);
  return lead;
}

// Puts the copies axes of `value` where `lead` wants them; those it lacks get size 1. Its own come first.
Var with_leading(const Tracked& tracked, std::size_t own, const std::vector<std::size_t>& lead) {
  Var value = tracked.value;
  auto has = [&](std::size_t site) {
    return std::find(tracked.copies.begin(), tracked.copies.end(), site) != tracked.copies.end();
  };
  int axis = 0;
  if (!has(own)) value = expand_dims(value, 0);
  ++axis;
  for (std::size_t site : lead) {
    if (!has(site)) value = expand_dims(value, axis);
    ++axis;
  }
  return value;
}

// Cost j in units of one element of the plates of site s: later copies averaged, plates that are not kept summed.
Var Builder::per_element(std::size_t s, std::size_t j, const std::vector<std::size_t>& lead) const {
  Tracked cost = cost_values[j];
  while (!cost.copies.empty() && cost.copies.front() > s) {
    cost.value = mean(cost.value, 0);
    cost.copies.erase(cost.copies.begin());
  }
  const Site& site = sites[s];
  const Plates& plates = costs[j].plates;
  const auto front = static_cast<int>(cost.copies.size());
  std::vector<bool> kept(plates.size());
  int last = -1;
  for (int axis : arrivals[s][j].axes)
    if (axis != Arrival::mixed && axis < static_cast<int>(plates.size()) && axis > last) {
      kept[static_cast<std::size_t>(axis)] = true;
      last = axis;
    }
  for (int axis = static_cast<int>(plates.size()) - 1; axis >= 0; --axis)
    if (!kept[static_cast<std::size_t>(axis)]) cost.value = sum(cost.value, front + axis);
  for (std::size_t p = 0; p < site.plates.size(); ++p) {
    const int axis = arrivals[s][j].axes[p];
    const bool present = axis != Arrival::mixed && axis < static_cast<int>(plates.size()) &&
                         kept[static_cast<std::size_t>(axis)];
    if (!present) cost.value = expand_dims(cost.value, front + static_cast<int>(p));
  }
  const double scale = scale_of(plates) / scale_of(site.plates);
  const Var value = with_leading(cost, s, lead);
  return scale == 1.0 ? value : scale * value;
}

Var Builder::downstream(std::size_t s, const std::vector<std::size_t>& lead) const {
  std::optional<Var> result;
  for (std::size_t j = 0; j < costs.size(); ++j) {
    if (!arrivals[s][j].reached) continue;
    const Var term = per_element(s, j, lead);
    result = result ? *result + term : term;
  }
  return result ? stop_gradient(*result) : Var(0.0);
}

void Builder::add_surrogate(std::size_t s, Loss& loss) const {
  const Site& site = sites[s];
  const bool matters = std::any_of(arrivals[s].begin(), arrivals[s].end(), [](const Arrival& a) { return a.reached; });
  if (!site.estimator.surrogate || !matters) return;
  const auto lead = leading_sites(s);
  const Var log_density = with_leading(log_densities[s], s, lead);
  const Surrogate made = site.estimator.surrogate(
      {site.name, copies[s], log_density, downstream(s, lead), site.plates, options.cells});
  const double scale = scale_of(site.plates);
  auto finished = [&](const Var& term) {
    const Var full = broadcast_to(term, made.term.shape());
    return sum(mean_over_leading(full, lead.size() + 1)) * scale;
  };
  loss.surrogate = loss.surrogate + finished(made.term);
  if (made.auxiliary) loss.auxiliary = loss.auxiliary + finished(*made.auxiliary);
  loss.updates.insert(loss.updates.end(), made.updates.begin(), made.updates.end());
}

}  // namespace

Loss loss(std::span<const Site> sites, std::span<const Cost> costs, const LossOptions& options, Where where) {
  std::vector<Var> values;
  for (const Cost& cost : costs) values.push_back(cost.value);
  const auto tape = tape_of(values);
  if (!tape) throw Error("loss", "no cost is recorded", where);
  Frame frame(tape, where, "loss");
  Builder builder{sites, costs, options, {}, {}, {}, {}, {}};
  builder.check();
  builder.follow();
  builder.make_copies();
  Loss result;
  for (std::size_t j = 0; j < costs.size(); ++j)
    result.value = result.value + builder.total(builder.cost_values[j], scale_of(costs[j].plates));
  result.surrogate = result.value;
  for (std::size_t s = 0; s < sites.size(); ++s) builder.add_surrogate(s, result);
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
    const std::string name = parameter ? "parameter " + quoted(parameter->cell->path) : "value " + std::to_string(i);
    if (main[i] && fit[i])
      throw Error("loss", "both the objective and a baseline depend on " + name +
                              "; a baseline takes what it reads through stop_gradient and has parameters of its own",
                  where);
    if (!main[i] && !fit[i] && !allow_unused)
      throw Error("grad", "the result does not depend on " + name + "; allow_unused gives zeros", where);
    result.push_back(main[i] ? *main[i] : fit[i] ? *fit[i] : zeros(parameters[i].type()));
  }
  return result;
}

}  // namespace tapir
