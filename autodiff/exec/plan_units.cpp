// Finding units: from the results backwards, so that a value is computed in the pass that consumes it.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

#include <tapir/autodiff/exec/plan.hpp>

namespace tapir {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

bool is_elementwise(const Node& node) {
  return node.op->kind() == Kind::elementwise || node.op->kind() == Kind::broadcast;
}

std::optional<Epilogue::Needs> needs_of_epilogue(const Tape& tape, int n) {
  const Node& node = tape.node(n);
  if (!(*node.op)->epilogue) return std::nullopt;
  const auto types = tape.input_types(n);
  const auto epilogue = (*node.op)->epilogue({types, node.attrs});
  return epilogue ? std::optional(epilogue->needs) : std::nullopt;
}

bool is_prologue(const Tape& tape, int n) {
  const Node& node = tape.node(n);
  if (!(*node.op)->prologue) return false;
  const auto types = tape.input_types(n);
  return (*node.op)->prologue({types, node.attrs}).has_value();
}

}  // namespace

// A stretched value is never stored if only fused units read it: each reads its source instead.
void Plan::find_virtual(PlanOptions options) {
  const int n = tape.size();
  std::vector<bool> wanted(at(n));
  const auto want = [&](Ref ref) { wanted[at(root(ref).node)] = true; };
  for (Ref ref : outputs) want(ref);
  for (Ref ref : tape.guards()) want(ref);
  for (const Store& store : tape.stores()) want(store.value);
  virtual_.assign(at(n), false);
  for (int i = 0; i < n; ++i) {
    const Node& node = tape.node(i);
    if (!live_[at(i)] || is_view(i) || is_constant(i)) continue;
    for (Ref ref : node.inputs)
      if (node.op->kind() == Kind::opaque || is_view(ref.node) || node.op->kind() == Kind::broadcast)
        want(ref);
  }
  for (int i = 0; i < n; ++i)
    virtual_[at(i)] =
        options.fuse && computes(i) && tape.node(i).op->kind() == Kind::broadcast && !wanted[at(i)];
}

// Whether `reader` reads `value` other than element by element.
bool Plan::reads_whole(int reader, int value) const {
  const Node& node = tape.node(reader);
  for (int i = 0; i < static_cast<int>(node.inputs.size()); ++i) {
    int stretched = -1;
    if (source(node.inputs[at(i)], stretched).root.node != value) continue;
    if (stretched >= 0 || node.op->kind() == Kind::broadcast) return true;
    if (is_elementwise(node)) continue;
    if (const auto needs = needs_of_epilogue(tape, reader); !needs || needs->operand != i) return true;
  }
  return false;
}

bool Plan::is_epilogue(int node) const { return needs_of_epilogue(tape, node).has_value(); }

// A node joins the unit of its earliest readers: several become one, if they can. Heights count units from the end; a unit
// reads only from units of greater height, so no cycle can arise.
class Plan::UnitFinder {
 public:
  UnitFinder(Plan& plan, PlanOptions options)
      : plan_(plan), options_(options), readers_(at(plan.tape.size())) {
    plan_.unit_of_.assign(readers_.size(), -1);
    for (int i = 0; i < plan_.tape.size(); ++i)
      if (is_run(i))
        for (int d : plan_.dependencies(i)) readers_[at(d)].push_back(i);
  }

  void run() {
    for (int i = plan_.tape.size() - 1; i >= 0; --i)
      if (is_run(i)) add(i);
    drop_single_epilogues();
    std::erase_if(plan_.units, [](const Unit& unit) { return unit.nodes.empty(); });
    for (std::size_t u = 0; u < plan_.units.size(); ++u)
      for (int node : plan_.units[u].nodes) plan_.unit_of_[at(node)] = static_cast<int>(u);
  }

 private:
  static constexpr std::size_t most_nodes = 192;
  static constexpr Index longest_multiple = 1024;
  // Bytes that fit into a tile: shorter values are at hand when the next step needs them.
  static constexpr std::size_t least_bytes = 4096;

  bool is_run(int i) const { return plan_.computes(i) && !plan_.is_virtual(i); }
  Unit& unit(int u) { return plan_.units[at(u)]; }
  int unit_of(int node) const { return plan_.unit_of_[at(node)]; }
  int phase_of(int node) const { return plan_.first_phase_[at(node)] ? 0 : 1; }

  void add(int i) {
    const Node& node = plan_.tape.node(i);
    if (options_.fuse && phase_of(i) == 0)
      if (const auto needs = needs_of_epilogue(plan_.tape, i); needs && add_epilogue(i, *needs)) return;
    const bool fuses = is_elementwise(node);
    const Index size = node.types[0].size();
    if (options_.fuse &&
        (fuses || (phase_of(i) == 0 && is_long(node.types[0]) && is_prologue(plan_.tape, i))))
      if (const int u = unit_of_readers(i, size); u >= 0) return enter(i, u);
    const int height = height_of(i);
    if (options_.fuse && fuses)
      if (const int u = unit_of_sibling(i, {{}, size, 1, 0, true, phase_of(i), height}); u >= 0)
        return enter(i, u);
    open(i, {{}, size, 1, 0, fuses, phase_of(i), height});
  }

  bool add_epilogue(int i, const Epilogue::Needs& needs) {
    const Ref taken = plan_.tape.node(i).inputs[at(needs.operand)];
    const Type& type = plan_.tape.type(taken);
    Unit made{{}, type.size(), needs.multiple, needs.piece, true, 0, height_of(i)};
    if (!is_long(type) || !is_possible(made)) return false;
    const int u = unit_of_sibling(i, made);
    if (u < 0) {
      open(i, made);
    } else {
      take_needs(u, made);
      enter(i, u);
    }
    return true;
  }

  static bool is_long(const Type& type) { return type.bytes() > least_bytes; }

  void enter(int i, int u) {
    unit(u).nodes.push_back(i);
    plan_.unit_of_[at(i)] = u;
  }

  void open(int i, Unit as) {
    const int u = static_cast<int>(plan_.units.size());
    plan_.units.push_back(std::move(as));
    if (unit(u).fused) fused_at_[{unit(u).phase, unit(u).height, unit(u).size}].push_back(u);
    enter(i, u);
  }

  int height_of(int i) {
    int highest = -1;
    for (int reader : readers_[at(i)])
      if (unit(unit_of(reader)).phase == phase_of(i))
        highest = std::max(highest, unit(unit_of(reader)).height);
    return highest + 1;
  }

  // What the two ask of tiles and pieces; a piece of -1 where it cannot be had.
  static Unit joined(const Unit& a, const Unit& b) {
    Unit both = a;
    both.multiple = std::lcm(a.multiple, b.multiple);
    both.piece = a.piece == 0 || a.piece == b.piece ? b.piece : b.piece == 0 ? a.piece : -1;
    return both;
  }
  void take_needs(int u, const Unit& of) {
    const Unit both = joined(unit(u), of);
    unit(u).multiple = both.multiple;
    unit(u).piece = both.piece;
  }
  static bool is_possible(const Unit& u) {
    return u.multiple <= longest_multiple && u.piece >= 0 &&
           (u.piece == 0 || u.piece >= u.size || u.piece % u.multiple == 0);
  }
  bool go_together(int u, int v) {
    return unit(v).fused && unit(v).size == unit(u).size && unit(v).phase == unit(u).phase &&
           unit(u).nodes.size() + unit(v).nodes.size() <= most_nodes && is_possible(joined(unit(u), unit(v)));
  }

  // The unit that the node can join: that of its earliest readers, which become one. -1: there is none.
  int unit_of_readers(int i, Index size) {
    const int height = height_of(i) - 1;
    std::vector<int> earliest, later;
    for (int reader : readers_[at(i)]) {
      const int u = unit_of(reader);
      if (unit(u).phase != phase_of(i)) continue;
      auto& list = unit(u).height == height ? earliest : later;
      if (std::find(list.begin(), list.end(), u) == list.end()) list.push_back(u);
    }
    if (earliest.empty()) return -1;
    const int first = earliest[0];
    if (!unit(first).fused || unit(first).size != size || unit(first).nodes.size() >= most_nodes) return -1;
    for (int reader : readers_[at(i)])
      if (unit(unit_of(reader)).height == height && plan_.reads_whole(reader, i)) return -1;
    std::size_t nodes = unit(first).nodes.size();
    Unit all = unit(first);
    for (int u : earliest) {
      if (u == first) continue;
      if (!go_together(first, u)) return -1;
      all = joined(all, unit(u));
      nodes += unit(u).nodes.size();
    }
    if (!is_possible(all) || nodes >= most_nodes) return -1;
    for (int u : earliest)
      if (u != first) merge(first, u);
    if (is_long(plan_.tape.node(i).types[0]))
      for (int u : later)
        if (go_together(first, u) && reads_by_element(u, i)) rise(u, first, i);
    return first;
  }

  bool reads_by_element(int u, int i) {
    return std::none_of(unit(u).nodes.begin(), unit(u).nodes.end(),
                        [&](int reader) { return plan_.reads_whole(reader, i); });
  }

  /// A unit that other units are lifted above, together with a node that is about to join it.
  struct Target {
    int unit;
    int node;
    std::map<int, int> lifted = {};  // the heights that units need for that
  };

  // Whether u could run with the target: what it reads comes from above, or can be lifted there, or is computed in the
  // target element by element.
  bool can_rise(int u, Target& target) {
    for (int node : unit(u).nodes)
      for (int d : plan_.dependencies(node)) {
        const int from = unit_of(d);
        const bool is_shared =
            from == target.unit && is_elementwise(plan_.tape.node(d)) && !plan_.reads_whole(node, d);
        if (from < 0 || from == u || is_shared) continue;
        if (!can_lift(from, unit(target.unit).height + 1, target)) return false;
      }
    return true;
  }

  // What reads the target, or the node, stays below it.
  bool can_lift(int u, int height, Target& target) {
    constexpr std::size_t most = 64;  // of a long program, some
    if (u == target.unit || target.lifted.size() > most) return false;
    const auto known = target.lifted.find(u);
    if ((known == target.lifted.end() ? unit(u).height : known->second) >= height) return true;
    target.lifted[u] = height;
    for (int node : unit(u).nodes)
      for (int d : plan_.dependencies(node)) {
        const int from = unit_of(d);
        if (d == target.node || (from >= 0 && from != u && !can_lift(from, height + 1, target))) return false;
      }
    return true;
  }

  void rise(int u, int v, int node) {
    Target target{v, node};
    if (unit(u).height >= unit(v).height || !can_rise(u, target)) return;
    for (const auto& [other, height] : target.lifted) {
      unit(other).height = height;
      if (unit(other).fused) fused_at_[{unit(other).phase, height, unit(other).size}].push_back(other);
    }
    merge(v, u);
  }

  // All of v's nodes go to u, at u's height.
  void merge(int u, int v) {
    take_needs(u, unit(v));
    for (int node : unit(v).nodes) enter(node, u);
    unit(v).nodes.clear();
    unit(v).fused = false;
  }

  // Siblings that read the same array share a pass.
  int unit_of_sibling(int i, const Unit& as) {
    const auto is_shared = [&](Ref a, int other) {
      const auto& inputs = plan_.tape.node(other).inputs;
      return plan_.tape.type(a).size() == as.size && as.size > 1 &&
             std::any_of(inputs.begin(), inputs.end(), [&](Ref b) { return plan_.root(a) == plan_.root(b); });
    };
    for (int u : fused_at_[{as.phase, as.height, as.size}]) {
      const Unit& there = unit(u);
      if (there.height != as.height || there.nodes.empty() || there.nodes.size() >= most_nodes ||
          !is_possible(joined(there, as)))
        continue;
      for (int other : there.nodes)
        for (Ref a : plan_.tape.node(i).inputs)
          if (is_shared(a, other)) return u;
    }
    return -1;
  }

  // Alone, without what it could take from a pass, it is an operation like others.
  void drop_single_epilogues() {
    for (Unit& unit : plan_.units)
      if (unit.fused && unit.nodes.size() == 1 && !is_elementwise(plan_.tape.node(unit.nodes[0])))
        unit.fused = false;
  }

  Plan& plan_;
  PlanOptions options_;
  std::vector<std::vector<int>> readers_;
  std::map<std::tuple<int, int, Index>, std::vector<int>> fused_at_;  // by phase, height, size
};

void Plan::find_units(PlanOptions options) { UnitFinder(*this, options).run(); }

}  // namespace tapir
