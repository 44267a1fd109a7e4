// Recording: leaves, merging of equal nodes, frames, captures, stores.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tape/tape.hpp>

#include <algorithm>

namespace tapir {
namespace {

ShapeRule leaf_type() {
  return [](const Signature& s) -> std::vector<Type> {
    return {{s.attrs.get<DType>("dtype"), s.attrs.get<Shape>("shape")}};
  };
}

}  // namespace

namespace ops {
const Op input{{.name = "input", .kind = Kind::leaf, .shape = leaf_type(), .mergeable = false}};
const Op cell{{.name = "cell", .kind = Kind::leaf, .shape = leaf_type(), .mergeable = false}};
const Op literal{
    {.name = "literal", .kind = Kind::leaf, .shape = [](const Signature& s) -> std::vector<Type> {
       return {s.attrs.get<Tensor>("value").type()};
     }}};
const Op placeholder{{.name = "placeholder", .kind = Kind::leaf, .shape = leaf_type(), .mergeable = false}};
}  // namespace ops

std::shared_ptr<Tape> Tape::make_body(std::shared_ptr<Tape> outer) {
  auto tape = make();
  tape->outer_ = std::move(outer);
  return tape;
}

Var Tape::input(const Type& type, std::string name) {
  const auto index = static_cast<Index>(inputs_.size());
  Attrs attrs{{"index", index}, {"dtype", type.dtype}, {"shape", type.shape}, {"name", std::move(name)}};
  Var result = record(ops::input, {}, std::move(attrs), {})[0];
  inputs_.push_back(size() - 1);
  return result;
}

Var Tape::cell(const std::shared_ptr<Cell>& cell) {
  const auto known = cells_.find(cell.get());
  if (known != cells_.end()) return var({known->second, 0});
  const Type type = cell->value.type();
  Var result = record(ops::cell, {}, {{"cell", cell}, {"dtype", type.dtype}, {"shape", type.shape}}, {})[0];
  cells_[cell.get()] = size() - 1;
  return result;
}

Var Tape::literal(const Tensor& value, Where where) {
  return record(ops::literal, {}, {{"value", value}}, where)[0];
}

Var Tape::placeholder(const Type& type) {
  return record(ops::placeholder, {}, {{"dtype", type.dtype}, {"shape", type.shape}}, {})[0];
}

std::size_t Tape::hash(const Node& node) const {
  std::size_t seed = std::hash<const void*>{}(node.op) ^ (node.attrs.hash() << 1);
  for (Ref ref : node.inputs) seed = seed * 1000003 + static_cast<std::size_t>(ref.node * 8 + ref.result);
  return seed;
}

std::vector<Var> Tape::record(const Op& op, std::vector<Ref> inputs, Attrs attrs, Where where) {
  std::vector<Type> types;
  for (Ref ref : inputs) types.push_back(type(ref));
  Node node{&op, std::move(inputs), std::move(attrs), {}, user_line(where), path_};
  node.types = op.types({types, node.attrs}, node.where);

  int at = -1;
  const std::size_t key = op->mergeable ? hash(node) : 0;
  if (op->mergeable) {
    for (auto [it, end] = known_.equal_range(key); it != end && at < 0; ++it) {
      const Node& other = nodes_[static_cast<std::size_t>(it->second)];
      if (other.op == &op && other.inputs == node.inputs &&
          tapir::difference(other.attrs, node.attrs).empty())
        at = it->second;
    }
  }
  if (at < 0) {
    at = size();
    nodes_.push_back(std::move(node));
    if (op->mergeable) known_.emplace(key, at);
  }
  std::vector<Var> results;
  for (int r = 0; r < static_cast<int>(this->node(at).types.size()); ++r) results.push_back(var({at, r}));
  return results;
}

bool Tape::is_within(const Tape& other) const {
  for (const Tape* tape = this; tape; tape = tape->outer_.get())
    if (tape == &other) return true;
  return false;
}

Var Tape::capture(const Var::Place& outer) {
  const auto key = std::make_pair(static_cast<const Tape*>(outer.tape.get()), outer.ref);
  const auto known = captured_.find(key);
  if (known != captured_.end()) return var(known->second);
  Var inside = input(outer.tape->type(outer.ref), "captured");
  captures_.push_back(outer);
  captured_[key] = inside.place()->ref;
  return inside;
}

std::vector<Var::Place> Tape::close_body() {
  outer_ = nullptr;
  captured_.clear();
  return std::exchange(captures_, {});
}

void Tape::store(const Var& cell, const Var& value, Where where) {
  const auto to = cell.place();
  const auto from = value.place();
  if (!to || to->tape.get() != this || node(to->ref.node).op != &ops::cell)
    throw Error("store", "the target is not a cell of this tape", where);
  if (cell.type() != value.type())
    throw Error("store", "a cell of " + cell.type().str() + " cannot take " + value.type().str(), where);
  for (const Store& store : stores_)
    if (store.cell == to->ref)
      throw Error("store", "a second store to one cell: " + str(to->ref.node), where);
  const Ref ref = from ? from->ref : literal(value.tensor()).place()->ref;
  stores_.push_back({to->ref, ref});
}

void Tape::guard(const Var& value) {
  if (const auto place = value.place()) guards_.push_back(place->ref);
}

Where Tape::user_line(Where where) const {
  auto begin = frames_.begin();
  for (auto it = frames_.begin(); it != frames_.end(); ++it)
    if (it->user) begin = it;
  for (auto it = begin; it != frames_.end(); ++it)
    if (it->where) return it->where;
  return where;
}

Frame::Frame(std::shared_ptr<Tape> tape, Where where, std::string_view name) : tape_(std::move(tape)) {
  replaced_ = tape_->path_;
  if (!name.empty()) {
    if (!tape_->path_.empty()) tape_->path_ += "/";
    tape_->path_ += name;
  }
  tape_->frames_.push_back({where, 0, false});
}

Frame::Frame(std::shared_ptr<Tape> tape, User, std::string_view name)
    : Frame(std::move(tape), Where{}, name) {
  tape_->frames_.back().user = true;
}

Frame::Frame(std::shared_ptr<Tape> tape, const Node& node) : tape_(std::move(tape)) {
  replaced_ = tape_->path_;
  tape_->path_ = node.path;
  tape_->frames_.push_back({node.where, 0, true});
}

Frame::~Frame() {
  tape_->frames_.pop_back();
  tape_->path_ = std::move(replaced_);
}

Bind::Bind(std::shared_ptr<Binding> binding, std::shared_ptr<Tape> tape, Where where)
    : binding_(std::move(binding)) {
  if (binding_->tape)
    throw Error("bind", "these parameters are already bound to a tape that is being recorded", where);
  binding_->tape = std::move(tape);
}

Bind::~Bind() { binding_->tape = nullptr; }

std::shared_ptr<Tape> tape_of(std::span<const Var> operands) {
  std::shared_ptr<Tape> innermost;
  for (const Var& operand : operands)
    if (const auto place = operand.place())
      if (!innermost || place->tape->is_within(*innermost)) innermost = place->tape;
  return innermost;
}

}  // namespace tapir
