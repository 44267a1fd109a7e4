// Planning: dead code, views, constants, order, memory.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/plan.hpp>

#include <algorithm>
#include <set>
#include <tuple>

#include <tapir/autodiff/exec/arena.hpp>

namespace tapir {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

Spot Plan::spot(Ref ref) const {
  Spot result{ref, 0};
  while (is_view(result.root.node)) {
    result.bytes += static_cast<std::size_t>(view_[at(result.root.node)]);
    result.root = tape.node(result.root.node).inputs[0];
  }
  return result;
}

Spot Plan::source(Ref ref, int& stretched) const {
  stretched = -1;
  Spot result = spot(ref);
  if (is_virtual(result.root.node)) {
    stretched = result.root.node;
    result = spot(tape.node(stretched).inputs[0]);
  }
  return result;
}

// All bytes of its root.
bool Plan::is_whole(Ref ref) const { return tape.type(ref).bytes() == tape.type(root(ref)).bytes(); }

// It is a live node that some unit has to run.
bool Plan::computes(int node) const {
  return live_[at(node)] && !is_view(node) && !is_constant(node) && tape.node(node).op->kind() != Kind::leaf;
}

Plan::Plan(const Tape& of, std::vector<Ref> results, PlanOptions options)
    : tape(of), outputs(std::move(results)) {
  std::vector<Ref> first = outputs;
  first.insert(first.end(), tape.guards().begin(), tape.guards().end());
  first_phase_ = tape.ancestors(first);
  for (const Store& store : tape.stores()) first.push_back(store.value);
  live_ = tape.ancestors(first);
  find_constants();
  find_views();
  find_virtual(options);
  find_units(options);
  order_units();
  place_values();
}

// Constants are no views: each has memory of its own.
void Plan::find_views() {
  view_.assign(at(tape.size()), -1);
  for (int i = 0; i < tape.size(); ++i) {
    const Node& node = tape.node(i);
    if (is_constant(i)) continue;
    if (node.op->kind() == Kind::alias) view_[at(i)] = 0;
    const ViewRule& rule = (*node.op)->view;
    if (!rule || node.types[0].size() == 0) continue;
    const auto types = tape.input_types(i);
    if (const auto first = rule({types, node.attrs}))
      view_[at(i)] = *first * static_cast<Index>(size_of(node.types[0].dtype));
  }
}

// Small values only: what a stretched literal takes to compute is less than the memory it would fill.
void Plan::find_constants() {
  constexpr std::size_t most_bytes = 4096;
  constant_.assign(at(tape.size()), false);
  for (int i = 0; i < tape.size(); ++i) {
    const Node& node = tape.node(i);
    if (!live_[at(i)]) continue;
    bool known = node.op == &ops::literal || (node.op->kind() != Kind::leaf && !(*node.op)->body);
    for (Ref ref : node.inputs) known = known && is_constant(ref.node);
    if (node.op != &ops::literal)
      for (const Type& type : node.types) known = known && type.bytes() <= most_bytes;
    constant_[at(i)] = known;
  }
}

// The nodes whose units have to run before `node`: aliases are looked through, and what an alias waits for counts.
std::vector<int> Plan::dependencies(int node) const {
  std::vector<int> found;
  std::vector<int> open;
  std::set<int> seen;  // aliases of several inputs lead to one node by many ways
  for (Ref ref : tape.node(node).inputs) open.push_back(ref.node);
  while (!open.empty()) {
    const int n = open.back();
    open.pop_back();
    if (!seen.insert(n).second) continue;
    if (is_view(n) || is_virtual(n))
      for (Ref ref : tape.node(n).inputs) open.push_back(ref.node);
    else if (computes(n))
      found.push_back(n);
  }
  return found;
}

// Which units wait for a unit; `waits` counts for how many a unit waits.
std::vector<std::vector<int>> Plan::waiting_units(std::vector<int>& waits) const {
  std::vector<std::vector<int>> waiting(units.size());
  waits.assign(units.size(), 0);
  for (std::size_t u = 0; u < units.size(); ++u) {
    std::set<int> before;
    for (int node : units[u].nodes)
      for (int d : dependencies(node))
        if (unit_of_[at(d)] != static_cast<int>(u)) before.insert(unit_of_[at(d)]);
    for (int b : before) waiting[at(b)].push_back(static_cast<int>(u));
    waits[u] = static_cast<int>(before.size());
  }
  return waiting;
}

// As it was recorded, where operands allow it: the gradient by a layer's weights is recorded when its operands are
// there to die. Run where it is consumed, in the optimizer, it would keep all of them until then.
void Plan::order_units() {
  for (Unit& unit : units) std::sort(unit.nodes.begin(), unit.nodes.end());
  std::vector<int> waits;
  const auto waiting = waiting_units(waits);
  std::set<std::tuple<int, int, int>> ready;  // phase, last node, unit
  const auto release = [&](int u) { ready.emplace(units[at(u)].phase, units[at(u)].nodes.back(), u); };
  for (int u = 0; u < static_cast<int>(units.size()); ++u)
    if (waits[at(u)] == 0) release(u);
  std::vector<Unit> sorted;
  while (!ready.empty()) {
    const int u = std::get<2>(*ready.begin());
    ready.erase(ready.begin());
    for (int next : waiting[at(u)])
      if (--waits[at(next)] == 0) release(next);
    sorted.push_back(std::move(units[at(u)]));
  }
  if (sorted.size() != units.size()) throw Error("plan", "units wait for each other in a circle");
  units = std::move(sorted);
  for (std::size_t u = 0; u < units.size(); ++u) {
    for (int node : units[u].nodes) unit_of_[at(node)] = static_cast<int>(u);
    if (units[u].phase == 0) guard_position = u + 1;
  }
}

// A store is written in place if its unit runs after the guard and nobody reads the old value later.
bool Plan::writes_in_place(const Store& store, const std::map<Ref, int>& last_read) const {
  const Ref value = root(store.value);
  const int u = unit_of_[at(value.node)];
  if (u < 0 || units[at(u)].phase == 0 || !is_whole(store.value)) return false;
  const auto taken = places.find(value);
  if (taken != places.end()) return false;
  const auto read = last_read.find(store.cell);
  if (read == last_read.end() || read->second < u) return true;
  if (read->second > u || !units[at(u)].fused) return false;
  // Read in the same pass: element by element, and not after the value has been written.
  for (int node : units[at(u)].nodes) {
    if (reads_whole(node, store.cell.node)) return false;
    for (Ref ref : tape.node(node).inputs)
      if (root(ref) == store.cell && node > value.node) return false;
  }
  return true;
}

void Plan::place_stores(std::map<Ref, int>& last_read) {
  const int end = static_cast<int>(units.size());
  for (const Store& store : tape.stores())
    if (const Ref value = root(store.value); tape.node(value.node).op == &ops::cell) last_read[value] = end;
  for (const Store& store : tape.stores()) {
    if (writes_in_place(store, last_read))
      places[root(store.value)] = {Place::Kind::cell, at(store.cell.node)};
    else
      store_copies.push_back({store.value, store.cell.node});
  }
  // A cell that is copied elsewhere is copied before it is overwritten.
  std::vector<Copy> ordered;
  while (!store_copies.empty()) {
    const auto next = std::find_if(store_copies.begin(), store_copies.end(), [&](const Copy& copy) {
      return std::none_of(store_copies.begin(), store_copies.end(), [&](const Copy& other) {
        return &other != &copy && root(other.from) == Ref{copy.to, 0};
      });
    });
    if (next == store_copies.end())
      throw Error("store", "cells are stored to each other in a circle: " + tape.str(store_copies[0].to));
    ordered.push_back(*next);
    store_copies.erase(next);
  }
  store_copies = std::move(ordered);
}

void Plan::place_values() {
  const int end = static_cast<int>(units.size());
  std::map<Ref, int> last_read;
  auto read = [&](Ref ref, int position) {
    int& last = last_read.try_emplace(ref, position).first->second;
    last = std::max(last, position);
  };
  for (int u = 0; u < end; ++u)
    for (int node : units[at(u)].nodes)
      for (Ref ref : tape.node(node).inputs) {
        int stretched = -1;
        read(source(ref, stretched).root, u);
      }
  for (int i = 0; i < static_cast<int>(outputs.size()); ++i) {
    const Ref value = root(outputs[at(i)]);
    if (computes(value.node) && is_whole(outputs[at(i)]) && !places.contains(value))
      places[value] = {Place::Kind::output, at(i)};
    else
      output_copies.push_back({outputs[at(i)], i});
  }
  for (Ref ref : tape.guards()) read(root(ref), static_cast<int>(guard_position));
  place_stores(last_read);
  for (const Copy& copy : store_copies) read(root(copy.from), end);
  for (const Copy& copy : output_copies) read(root(copy.from), static_cast<int>(guard_position));

  for (int i = 0; i < tape.size(); ++i) {
    const Node& node = tape.node(i);
    if (!live_[at(i)]) continue;
    if (is_constant(i))
      for (int r = 0; r < static_cast<int>(node.types.size()); ++r)
        places[{i, r}] = {Place::Kind::constant, at(i)};
    if (is_constant(i) || node.op->kind() != Kind::leaf) continue;
    if (node.op == &ops::placeholder)
      throw Error("plan", "a placeholder is still needed: " + tape.str(i), node.where);
    if (node.op == &ops::input)
      places[{i, 0}] = {Place::Kind::input, static_cast<std::size_t>(node.attrs.get<Index>("index"))};
    else
      places[{i, 0}] = {Place::Kind::cell, at(i)};
  }

  Arena arena;
  std::vector<std::vector<std::pair<std::size_t, std::size_t>>> dying(at(end + 1));
  for (int u = 0; u < end; ++u) {
    std::vector<Ref> made;
    for (int node : units[at(u)].nodes)
      for (int r = 0; r < static_cast<int>(tape.node(node).types.size()); ++r) made.push_back({node, r});
    for (Ref ref : made) {
      if (places.contains(ref)) continue;
      const auto last = last_read.find(ref);
      const bool is_tiled = units[at(u)].fused && !is_epilogue(ref.node);
      if (is_tiled && (last == last_read.end() || last->second == u)) {
        places[ref] = {Place::Kind::tile, 0};
        continue;
      }
      if (last == last_read.end() && ref.result > 0 && (*tape.node(ref.node).op)->spares) {
        places[ref] = {Place::Kind::nowhere, 0};
        continue;
      }
      const std::size_t bytes = tape.type(ref).bytes();
      const std::size_t offset = arena.take(bytes);
      places[ref] = {Place::Kind::arena, offset};
      dying[at(last == last_read.end() ? u : last->second)].push_back({offset, bytes});
    }
    for (auto [offset, bytes] : dying[at(u)]) arena.give(offset, bytes);
  }
  arena_bytes = arena.size();
}

}  // namespace tapir
