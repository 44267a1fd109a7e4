// The conditions under which a surrogate's gradient is unbiased.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/stochastic/checks.hpp>

#include <map>
#include <set>

#include <tapir/autodiff/stochastic/noise.hpp>

namespace tapir {
namespace {

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

// "3 of 10"
std::string str(const Plate& plate) {
  return std::to_string(plate.count) + " of " + std::to_string(plate.size);
}

void check_site_shapes(const Site& site) {
  const Shape plates = shape_of(site.plates);
  const Type value = site.value.type();
  if (value.shape.rank() < plates.rank() || value.shape.take_front(plates.rank()) != plates)
    throw Error("loss",
                "the value of site " + quoted(site.name) + " is " + value.str() + ", its plates are " +
                    plates.str() + "; their axes come first",
                site.where);
  if (site.log_density.shape() != plates)
    throw Error("loss",
                "the log density of site " + quoted(site.name) + " is " + site.log_density.type().str() +
                    ", its plates are " + plates.str(),
                site.where);
}

// Plates of one name are one plate.
class PlatesSeen {
 public:
  void meet(const Plates& plates, const std::string& whose, Where where) {
    for (const Plate& plate : plates) {
      const auto [known, fresh] = seen_.try_emplace(plate.name, plate, whose);
      if (!fresh && known->second.first != plate)
        throw Error("loss",
                    "plate " + quoted(plate.name) + " has " + str(known->second.first) + " elements at " +
                        known->second.second + ", and " + str(plate) + " at " + whose,
                    where);
    }
  }

 private:
  std::map<std::string, std::pair<Plate, std::string>> seen_;
};

void check_order(std::span<const Site> sites) {
  const Site* last = nullptr;
  std::set<std::string> names;
  for (const Site& site : sites) {
    if (!names.insert(site.name).second)
      throw Error("loss", "two sites are named " + quoted(site.name), site.where);
    const auto place = site.value.place();
    if (!place) continue;
    if (last && place->tape == last->value.place()->tape && place->ref < last->value.place()->ref)
      throw Error("loss",
                  "site " + quoted(site.name) + " is recorded before site " + quoted(last->name) +
                      ", and listed after it; sites are listed in the order of recording",
                  site.where);
    last = &site;
  }
}

// The node of the draw behind a cut value.
int draw_of(const Site& site) {
  const auto place = site.value.place();
  const Tape& tape = *place->tape;
  const Node& node = tape.node(place->ref.node);
  if (node.op != &ops::site || node.attrs.get<Index>("cut") == 0)
    throw Error("loss",
                "the value of site " + quoted(site.name) + " carries a gradient, but its estimator is " +
                    site.estimator.name + "; it has to come from place_site with this estimator",
                site.where);
  return tape.node(node.inputs[0].node).inputs[0].node;
}

// The draw and the noise of one site, and who reads them other than through the site's value.
struct Bypass {
  const Site& site;
  std::vector<int> nodes = {};

  bool reads(const Var& value) const {
    const auto place = site.value.place();
    const auto around = ancestors_around(*place->tape, {&value, 1}, place->ref.node);
    for (int node : nodes)
      if (around[static_cast<std::size_t>(node)]) return true;
    return false;
  }
  void refuse(const Var& value, const std::string& whose, const char* advice, Where where) const {
    if (reads(value))
      throw Error("loss",
                  whose + " reads the draw of site " + quoted(site.name) + " around its value; " + advice,
                  where);
  }
};

void check_reads(const Site& site) {
  const auto place = site.value.place();
  const auto below = place->tape->descendants({place->ref.node});
  for (const Var& read : site.estimator.reads)
    if (const auto at = read.place();
        at && at->tape == place->tape && below[static_cast<std::size_t>(at->ref.node)])
      throw Error("loss",
                  "what the estimator of site " + quoted(site.name) +
                      " reads depends on the site's own value: " +
                      "a baseline that sees the draw biases the gradient",
                  site.where);
}

}  // namespace

void check_shapes(std::span<const Site> sites, std::span<const Cost> costs) {
  PlatesSeen seen;
  for (const Site& site : sites) {
    check_site_shapes(site);
    seen.meet(site.plates, "site " + quoted(site.name), site.where);
  }
  for (const Cost& cost : costs) {
    if (cost.value.shape() != shape_of(cost.plates))
      throw Error("loss",
                  "cost " + quoted(cost.name) + " is " + cost.value.type().str() + ", its plates are " +
                      shape_of(cost.plates).str(),
                  cost.where);
    seen.meet(cost.plates, "cost " + quoted(cost.name), cost.where);
  }
  check_order(sites);
}

void check_draws(std::span<const Site> sites, std::span<const Cost> costs) {
  constexpr const char* take_placed = "compute it from what place_site returned";
  std::vector<Var> earlier;
  for (std::size_t s = 0; s < sites.size(); ++s) {
    const Site& site = sites[s];
    if (site.estimator.surrogate && site.value.is_recorded()) {
      Bypass bypass{site, {draw_of(site)}};
      bypass.refuse(site.log_density, "the log density", take_placed, site.where);
      for (const Var& noise : noise_of_site(site.value, site.log_density, earlier))
        bypass.nodes.push_back(noise.place()->ref.node);
      for (const Site& later : sites.subspan(s + 1))
        bypass.refuse(later.value, "site " + quoted(later.name), "each site draws from a stream of its own",
                      later.where);
      for (const Cost& cost : costs)
        bypass.refuse(cost.value, "cost " + quoted(cost.name), take_placed, cost.where);
      for (const Var& read : site.estimator.reads)
        bypass.refuse(read, "the baseline", "a baseline that sees the draw biases the gradient", site.where);
      check_reads(site);
    }
    earlier.push_back(site.value);
  }
}

void check_arrival(const Site& site, const Cost& cost, const Arrival& arrival) {
  if (!arrival.reached) return;
  for (std::size_t p = 0; p < site.plates.size(); ++p) {
    const Plate& plate = site.plates[p];
    if (plate.is_subsampled() && find_plate(cost.plates, plate.name) < 0)
      throw Error("loss",
                  "cost " + quoted(cost.name) + " lies outside the subsampled plate " + quoted(plate.name) +
                      ", but depends on site " + quoted(site.name) +
                      " inside it: a minibatch cannot stand for the whole plate there",
                  cost.where);
    // Of a plate of one element there is only one sum, wherever its axis lies.
    if (arrival.axes[p] == Arrival::mixed || plate.count == 1) continue;
    const Plate& there = cost.plates[static_cast<std::size_t>(arrival.axes[p])];
    if (there.name != plate.name)
      throw Error("loss",
                  "plate " + quoted(plate.name) + " of site " + quoted(site.name) + " arrives at plate " +
                      quoted(there.name) + " of cost " + quoted(cost.name) +
                      "; transpose it back, or open the plates in one order",
                  cost.where);
  }
}

}  // namespace tapir
