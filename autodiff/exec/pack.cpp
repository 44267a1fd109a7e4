// Finding what can stand side by side, in which order, and recording it.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/pack.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

namespace tapir {
namespace {

constexpr Index most_elements = 16;  // of a value that is packed
constexpr std::size_t fewest_in_a_pack = 4;
constexpr std::size_t fewest_in_a_fold = 8;
constexpr std::size_t fewest_saved = 16;  // nodes, for a tape to be packed at all

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// ---- what packed tapes are made of beside the operations themselves ----

std::vector<Type> type_of_shape(const Signature& s) { return {{s[0].dtype, s.attrs.get<Shape>("shape")}}; }

// Elements of an array from `first` on, under a shape: a view, which is only computed when it is constant.
const Op
    lanes({.name = "lanes",
           .shape = type_of_shape,
           .kernel =
               [](const Signature& s) {
                 const std::size_t item = size_of(s[0].dtype);
                 const auto first = static_cast<std::size_t>(s.attrs.get<Index>("first")) * item;
                 const auto bytes = static_cast<std::size_t>(s.attrs.get<Shape>("shape").size()) * item;
                 return Kernel([first, bytes](const Buffers& b) {
                   std::memcpy(b.out[0], b.input<std::byte>(0) + first, bytes);
                 });
               },
           .view = [](const Signature& s) -> std::optional<Index> { return s.attrs.get<Index>("first"); }},
          Op::Unlisted{});

// One value for all lanes.
const Op stretched({.name = "stretched", .kind = Kind::broadcast, .shape = type_of_shape}, Op::Unlisted{});

template <std::size_t bytes>
void gather(const Buffers& b, std::size_t count) {
  auto* to = b.output<std::byte>(0);
  for (std::size_t i = 0; i < count; ++i) std::memcpy(to + i * bytes, b.in[i], bytes);
}

const Op side_by_side({.name = "side_by_side",
                       .shape = [](const Signature& s) -> std::vector<Type> {
                         return {{s[0].dtype, Shape{static_cast<Index>(s.size())} + s[0].shape}};
                       },
                       .kernel =
                           [](const Signature& s) {
                             const std::size_t count = s.size();
                             const std::size_t bytes = s[0].bytes();
                             if (bytes == 8)
                               return Kernel([count](const Buffers& b) { gather<8>(b, count); });
                             if (bytes == 4)
                               return Kernel([count](const Buffers& b) { gather<4>(b, count); });
                             return Kernel([count, bytes](const Buffers& b) {
                               for (std::size_t i = 0; i < count; ++i)
                                 std::memcpy(b.output<std::byte>(0) + i * bytes, b.in[i], bytes);
                             });
                           }},
                      Op::Unlisted{});

// ---- finding packs ----

/// Nodes that become one: side by side, or, if they are a chain, folded. Most are alone.
struct Group {
  std::vector<int> nodes;
  bool is_fold = false;
};

struct Reading {
  int reader;
  std::size_t operand;
};

class Finder {
 public:
  Finder(const Tape& tape, const std::vector<Ref>& outputs)
      : tape_(tape), item_(at(tape.size())), readings_(at(tape.size())), is_result_(at(tape.size())) {
    std::vector<Ref> ends = outputs;
    ends.insert(ends.end(), tape.guards().begin(), tape.guards().end());
    early_ = tape.ancestors(ends);
    for (const Store& store : tape.stores()) ends.push_back(store.value);
    for (Ref ref : ends) is_result_[at(ref.node)] = true;
    live_ = tape.ancestors(ends);
    std::iota(item_.begin(), item_.end(), 0);
  }

  /// In an order in which they can run; nothing if too little is gained.
  std::vector<Group> groups() {
    find_candidates();
    if (candidates_ < fewest_saved) return {};
    find_folds();
    find_classes();
    put_in_order();
    std::size_t saved = 0;
    for (const Group& group : order_) saved += group.nodes.size() - 1;
    return saved >= fewest_saved && 8 * saved >= candidates_ ? std::move(order_) : std::vector<Group>();
  }

 private:
  // Small elementwise operations on what is not known beforehand.
  void find_candidates() {
    std::vector<bool> known(at(tape_.size()));
    small_.assign(at(tape_.size()), false);
    for (int i = 0; i < tape_.size(); ++i) {
      const Node& node = tape_.node(i);
      if (!live_[at(i)]) continue;
      const Kind kind = node.op->kind();
      if (kind == Kind::alias && node.inputs.size() > 1) {
        candidates_ = 0;
        return;
      }
      known[at(i)] = node.op == &ops::literal || (kind != Kind::leaf && !(*node.op)->body &&
                                                  std::all_of(node.inputs.begin(), node.inputs.end(),
                                                              [&](Ref ref) { return known[at(ref.node)]; }));
      for (std::size_t k = 0; k < node.inputs.size(); ++k)
        readings_[at(node.inputs[k].node)].push_back({i, k});
      small_[at(i)] = kind == Kind::elementwise && !known[at(i)] && node.types[0].size() <= most_elements &&
                      node.types[0].size() > 0;
      candidates_ += small_[at(i)];
    }
  }

  // Chains of one operation that has a left fold: each value but the last has one reader, the next. Where there are
  // more chains of one length than they are long, they are better off side by side.
  void find_folds() {
    std::vector<bool> taken(at(tape_.size()));
    std::map<std::tuple<const Op*, std::size_t>, std::vector<std::vector<int>>> chains;
    for (int i = 0; i < tape_.size(); ++i) {
      if (!small_[at(i)] || taken[at(i)] || !(*tape_.node(i).op)->fold) continue;
      std::vector<int> chain{i};
      for (int next = follower(i); next >= 0; next = follower(next)) chain.push_back(next);
      for (int node : chain) taken[at(node)] = true;
      if (chain.size() >= fewest_in_a_fold)
        chains[{tape_.node(i).op, chain.size()}].push_back(std::move(chain));
    }
    for (auto& [key, found] : chains) {
      if (found.size() >= std::get<1>(key)) continue;
      for (std::vector<int>& chain : found) {
        for (int node : chain) {
          item_[at(node)] = chain.back();
          small_[at(node)] = false;
        }
        folds_[chain.back()] = std::move(chain);
      }
    }
  }

  // The next node of a chain: the only reader, which takes the value as its first operand.
  int follower(int node) const {
    const std::vector<Reading>& readings = readings_[at(node)];
    if (readings.size() != 1 || readings[0].operand != 0 || is_result_[at(node)]) return -1;
    const int next = readings[0].reader;
    return small_[at(next)] && tape_.node(next).op == tape_.node(node).op &&
                   early_[at(next)] == early_[at(node)]
               ? next
               : -1;
  }

  // Classes of nodes that look alike: operation, attributes, types, and what operands and readers look like. That
  // keeps the operations of one line of a loop apart from those of others, which are ready at other times.
  void find_classes() {
    std::vector<std::size_t> looks(at(tape_.size()));
    for (int i = 0; i < tape_.size(); ++i) {
      const Node& node = tape_.node(i);
      looks[at(i)] = std::hash<const void*>{}(node.op);
      if (!small_[at(i)]) continue;
      looks[at(i)] = mixed_in(looks[at(i)], node.attrs.hash());
      looks[at(i)] = mixed_in(looks[at(i)], early_[at(i)] ? 1 : 2);
      for (Index size : node.types[0].shape)
        looks[at(i)] = mixed_in(looks[at(i)], static_cast<std::size_t>(size));
    }
    for (int round = 0; round < 2; ++round) {
      std::vector<std::size_t> next = looks;
      for (int i = 0; i < tape_.size(); ++i) {
        if (!small_[at(i)]) continue;
        for (Ref ref : tape_.node(i).inputs) next[at(i)] = mixed_in(next[at(i)], looks[at(ref.node)]);
        std::set<std::size_t> readers;
        for (const Reading& reading : readings_[at(i)])
          readers.insert(mixed_in(looks[at(reading.reader)], reading.operand));
        for (std::size_t reader : readers) next[at(i)] = mixed_in(next[at(i)], reader);
      }
      looks = std::move(next);
    }
    class_.assign(at(tape_.size()), -1);
    std::map<std::size_t, std::vector<int>> by_looks;  // numbers of classes
    for (int i = 0; i < tape_.size(); ++i) {
      if (!small_[at(i)]) continue;
      for (int c : by_looks[looks[at(i)]])
        if (may_stand_beside(members_[at(c)], i)) class_[at(i)] = c;
      if (class_[at(i)] < 0) {
        class_[at(i)] = static_cast<int>(members_.size());
        by_looks[looks[at(i)]].push_back(class_[at(i)]);
        members_.push_back(i);
        waiting_.push_back(0);
      }
      ++waiting_[at(class_[at(i)])];
    }
    ready_.resize(members_.size());
  }

  static std::size_t mixed_in(std::size_t seed, std::size_t value) {
    return seed ^ (value + 0x9e3779b97f4a7c15u + (seed << 6) + (seed >> 2));
  }

  bool may_stand_beside(int a, int b) const {
    const Node& one = tape_.node(a);
    const Node& other = tape_.node(b);
    return one.op == other.op && one.types == other.types && early_[at(a)] == early_[at(b)] &&
           tape_.input_types(a) == tape_.input_types(b) && difference(one.attrs, other.attrs).empty();
  }

  // Runs what cannot be packed as soon as it is ready; then a class all of whose members are ready; and only then,
  // of the others, the one that most waits for.
  void put_in_order() {
    find_heights();
    std::vector<int> waits(at(tape_.size()), 0);
    for (int i = 0; i < tape_.size(); ++i)
      if (live_[at(i)])
        for (Ref ref : tape_.node(i).inputs)
          if (item_[at(ref.node)] != item_[at(i)]) ++waits[at(item_[at(i)])];
    for (int i = 0; i < tape_.size(); ++i)
      if (live_[at(i)] && item_[at(i)] == i && waits[at(i)] == 0) release(i);
    while (true) {
      Group group = next_group();
      if (group.nodes.empty()) break;
      for (int node : group.nodes)
        for (const Reading& reading : readings_[at(node)]) {
          const int item = item_[at(reading.reader)];
          if (item != item_[at(node)] && --waits[at(item)] == 0) release(item);
        }
      order_.push_back(std::move(group));
    }
  }

  void find_heights() {
    height_.assign(at(tape_.size()), 0);
    for (int i = tape_.size() - 1; i >= 0; --i)
      for (const Reading& reading : readings_[at(i)]) {
        const int item = item_[at(reading.reader)];
        int& height = height_[at(item_[at(i)])];
        if (item != item_[at(i)]) height = std::max(height, height_[at(item)] + 1);
      }
  }

  void release(int item) {
    const int c = class_[at(item)];
    if (c < 0) {
      alone_.insert(item);
      return;
    }
    std::vector<int>& ready = ready_[at(c)];
    ready.push_back(item);
    urgent_.emplace(-height_[at(item)], item);
    if (static_cast<int>(ready.size()) == waiting_[at(c)]) complete_.insert(c);
  }

  Group next_group() {
    if (!alone_.empty()) {
      const int item = *alone_.begin();
      alone_.erase(alone_.begin());
      const auto fold = folds_.find(item);
      return fold == folds_.end() ? Group{{item}, false} : Group{std::move(fold->second), true};
    }
    if (!complete_.empty()) return taken(*complete_.begin());
    if (!urgent_.empty()) return taken(class_[at(urgent_.begin()->second)]);
    return {};
  }

  // All of a class that are ready; a few are better off alone.
  Group taken(int c) {
    std::vector<int>& ready = ready_[at(c)];
    Group group;
    if (ready.size() >= fewest_in_a_pack)
      group.nodes = std::exchange(ready, {});
    else {
      const auto first = std::min_element(ready.begin(), ready.end(), [&](int a, int b) {
        return std::pair(-height_[at(a)], a) < std::pair(-height_[at(b)], b);
      });
      group.nodes.push_back(*first);
      ready.erase(first);
    }
    for (int node : group.nodes) urgent_.erase({-height_[at(node)], node});
    waiting_[at(c)] -= static_cast<int>(group.nodes.size());
    if (ready.empty()) complete_.erase(c);
    return group;
  }

  const Tape& tape_;
  std::vector<bool> live_, early_;  // early: needed by more than stores
  std::vector<int> item_;           // what a node is part of: the last node of its fold, or itself
  std::vector<std::vector<Reading>> readings_;
  std::vector<bool> is_result_;
  std::vector<bool> small_;
  std::size_t candidates_ = 0;
  std::map<int, std::vector<int>> folds_;  // by their last nodes
  std::vector<int> class_;                 // -1: cannot be packed
  std::vector<int> members_;               // one of each class
  std::vector<int> waiting_;               // how many of each class have not run
  std::vector<std::vector<int>> ready_;    // of each class
  std::vector<int> height_;                // longest way to the end
  std::set<int> alone_;
  std::set<std::pair<int, int>> urgent_;  // by height
  std::set<int> complete_;                // classes that are ready
  std::vector<Group> order_;
};

// ---- recording the packed tape ----

class Packer {
 public:
  explicit Packer(const Tape& from) : from_(from) {
    for (int i : from.inputs()) {
      const Node& node = from.node(i);
      known_[{i, 0}] = ref_of(to_->input(node.types[0], node.attrs.get<std::string>("name")));
    }
  }

  Packed pack(const std::vector<Group>& groups, std::vector<Ref> outputs) && {
    for (const Group& group : groups) {
      const Node& first = from_.node(group.nodes[0]);
      Frame frame(to_, first);
      if (group.is_fold)
        add_fold(group.nodes);
      else if (group.nodes.size() > 1)
        add_pack(group.nodes);
      else
        add(group.nodes[0]);
    }
    for (const Store& store : from_.stores()) {
      if (!known_.contains(store.cell)) add(store.cell.node);  // that nobody reads
      to_->store(to_->var(at_home(store.cell)), to_->var(at_home(store.value)));
    }
    for (Ref ref : from_.guards()) to_->guard(to_->var(at_home(ref)));
    for (Ref& ref : outputs) ref = at_home(ref);
    return {to_, std::move(outputs)};
  }

 private:
  /// Elements of a value, by the values of the first tape; `base` is a value of the new one.
  struct Position {
    Ref base;
    Index first;
    friend bool operator==(const Position&, const Position&) = default;
  };

  static Ref ref_of(const Var& x) { return x.place()->ref; }
  Ref record(const Op& op, std::vector<Ref> inputs, Attrs attrs = {}) {
    return ref_of(to_->record(op, std::move(inputs), std::move(attrs), {})[0]);
  }

  void add(int i) {
    const Node& node = from_.node(i);
    if (node.op == &ops::input) return;
    if (node.op == &ops::cell) {
      known_[{i, 0}] = ref_of(to_->cell(node.attrs.get<std::shared_ptr<Cell>>("cell")));
      return;
    }
    const JoinRule& joins = (*node.op)->joins;
    const auto types = from_.input_types(i);
    if (joins && joins({types, node.attrs}) && are_neighbours(node.inputs)) {
      known_[{i, 0}] = elements(position(node.inputs[0]), node.types[0].shape);
      return;
    }
    std::vector<Ref> inputs;
    for (Ref ref : node.inputs) inputs.push_back(at_home(ref));
    const auto results = to_->record(*node.op, std::move(inputs), node.attrs, node.where);
    for (std::size_t r = 0; r < results.size(); ++r) known_[{i, static_cast<int>(r)}] = ref_of(results[r]);
  }

  void add_fold(const std::vector<int>& chain) {
    const Node& node = from_.node(chain[0]);
    std::vector<Ref> entries;
    for (int i : chain) entries.push_back(from_.node(i).inputs[1]);
    const Index axis = -1 - node.types[0].shape.rank();
    known_[{chain.back(), 0}] =
        record(*(*node.op)->fold, {at_home(node.inputs[0]), together(entries)}, {{"axis", axis}});
  }

  void add_pack(std::vector<int> nodes) {
    sort(nodes);
    const Node& node = from_.node(nodes[0]);
    std::vector<Ref> operands;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      std::vector<Ref> refs;
      for (int i : nodes) refs.push_back(from_.node(i).inputs[k]);
      operands.push_back(together(refs));
    }
    const Ref pack = record(*node.op, std::move(operands), node.attrs);
    const Index size = node.types[0].size();
    for (std::size_t lane = 0; lane < nodes.size(); ++lane)
      lane_[{nodes[lane], 0}] = {pack, static_cast<Index>(lane) * size};
  }

  // In the order in which the elements of an operand lie, if there is one.
  void sort(std::vector<int>& nodes) const {
    std::sort(nodes.begin(), nodes.end());
    for (std::size_t k = 0; k < from_.node(nodes[0]).inputs.size(); ++k) {
      std::vector<std::pair<Index, int>> order;
      const Position first = position(from_.node(nodes[0]).inputs[k]);
      for (int i : nodes)
        if (const Position p = position(from_.node(i).inputs[k]); p.base == first.base)
          order.emplace_back(p.first, i);
      if (order.size() < nodes.size()) continue;
      std::sort(order.begin(), order.end());
      if (order.front().first == order.back().first) continue;
      for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i] = order[i].second;
      return;
    }
  }

  // Values of one type with a new leading axis: one for all, neighbours in memory, literals, or brought together.
  Ref together(const std::vector<Ref>& refs) {
    const Type& type = from_.type(refs[0]);
    const Shape shape = Shape{static_cast<Index>(refs.size())} + type.shape;
    const auto all = [&](auto is_so) {
      for (std::size_t i = 0; i < refs.size(); ++i)
        if (!is_so(i)) return false;
      return true;
    };
    if (all([&](std::size_t i) { return refs[i] == refs[0]; }))
      return record(stretched, {at_home(refs[0])}, {{"shape", shape}});
    if (are_neighbours(refs)) return elements(position(refs[0]), shape);
    if (all([&](std::size_t i) { return from_.node(refs[i].node).op == &ops::literal; })) {
      Tensor values(Type{type.dtype, shape});
      auto* to = static_cast<std::byte*>(values.mutable_data());
      for (Ref ref : refs) {
        const auto& value = from_.node(ref.node).attrs.get<Tensor>("value");
        std::memcpy(to, value.data(), type.bytes());
        to += type.bytes();
      }
      return ref_of(to_->literal(values));
    }
    std::vector<Ref> parts;
    for (Ref ref : refs) parts.push_back(at_home(ref));
    return record(side_by_side, std::move(parts));
  }

  // One behind the other in memory.
  bool are_neighbours(const std::vector<Ref>& refs) const {
    Position next = position(refs[0]);
    for (Ref ref : refs) {
      if (position(ref) != next) return false;
      next.first += from_.type(ref).size();
    }
    return true;
  }

  Ref elements(const Position& p, const Shape& shape) {
    if (p.first == 0 && to_->type(p.base).shape == shape) return p.base;
    return record(lanes, {p.base}, {{"first", p.first}, {"shape", shape}});
  }

  // Where the elements of a value lie: views are looked through.
  Position position(Ref ref) const {
    Index first = 0;
    while (true) {
      if (const auto lane = lane_.find(ref); lane != lane_.end())
        return {lane->second.base, lane->second.first + first};
      const Node& node = from_.node(ref.node);
      const ViewRule& rule = (*node.op)->view;
      const auto types = from_.input_types(ref.node);
      const auto offset = node.op->kind() == Kind::alias ? std::optional<Index>(0)
                          : rule                         ? rule({types, node.attrs})
                                                         : std::nullopt;
      if (!offset) return {known_.at(ref), first};
      first += *offset;
      ref = node.inputs[0];
    }
  }

  // A value of the first tape on the new one.
  Ref at_home(Ref ref) {
    const auto known = known_.find(ref);
    if (known != known_.end()) return known->second;
    return known_[ref] = elements(lane_.at(ref), from_.type(ref).shape);
  }

  const Tape& from_;
  std::shared_ptr<Tape> to_ = Tape::make();
  std::map<Ref, Ref> known_;
  std::map<Ref, Position> lane_;
};

}  // namespace

Packed pack(std::shared_ptr<const Tape> tape, std::vector<Ref> outputs) {
  const auto groups = Finder(*tape, outputs).groups();
  if (groups.empty()) return {std::move(tape), std::move(outputs)};
  return Packer(*tape).pack(groups, std::move(outputs));
}

}  // namespace tapir
