// Finding, moving and copying a program's memory.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/storage.hpp>

#include <algorithm>
#include <cstring>
#include <new>

#include <tapir/autodiff/exec/apply.hpp>

namespace tapir {
namespace {

constexpr std::align_val_t alignment{64};
constexpr std::size_t small = 1024;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::size_t padded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

Block::Block(std::size_t bytes) {
  const std::size_t room = padded(bytes) + 64;
  memory_.reset(static_cast<std::byte*>(::operator new(room, alignment)));
  std::memset(memory_.get(), 0, room);
}

void Block::Delete::operator()(std::byte* p) const { ::operator delete(p, alignment); }

Storage::Storage(const Plan& plan)
    : plan_(plan),
      arena_(plan.arena_bytes),
      inputs_(plan.tape.inputs().size()),
      outputs_(plan.outputs.size()) {
  compute_constants();
  add_copies();
  for (const Store& store : plan.tape.stores()) add_root(store.cell);
  for (const Store& store : plan.tape.stores()) cells_[cell_of_.at(store.cell.node)].is_stored = true;
  for (const auto& [ref, place] : plan.places) pointer(Spot{ref, 0});
}

void Storage::compute_constants() {
  const Tape& tape = plan_.tape;
  for (int i = 0; i < tape.size(); ++i) {
    if (!plan_.is_constant(i)) continue;
    const Node& node = tape.node(i);
    if (node.op == &ops::literal) {
      constants_.emplace(Ref{i, 0}, node.attrs.get<Tensor>("value"));
      continue;
    }
    std::vector<Tensor> operands;
    for (Ref ref : node.inputs) operands.push_back(constants_.at(ref));
    const auto results = compute(*node.op, operands, node.attrs, node.where);
    for (std::size_t r = 0; r < results.size(); ++r)
      constants_.emplace(Ref{i, static_cast<int>(r)}, results[r]);
  }
}

void Storage::add_copies() {
  const auto copied = [&](External& external, std::size_t bytes) {
    external.bytes = bytes;
    if (bytes <= small) external.copy = copies_.emplace_back(bytes).get();
  };
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    copied(inputs_[i], plan_.tape.type({plan_.tape.inputs()[i], 0}).bytes());
  for (const auto& [ref, place] : plan_.places)
    if (place.kind == Place::Kind::output) copied(outputs_[place.at], plan_.tape.type(ref).bytes());
}

int Storage::add(void* memory, bool padded) {
  pointers_.push_back(memory);
  padded_.push_back(padded);
  return static_cast<int>(pointers_.size()) - 1;
}

int Storage::pointer_to(void* memory) { return add(memory, true); }

int Storage::pointer(Spot spot) {
  const auto key = std::make_pair(spot.root, spot.bytes);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  const int root = spot.bytes > 0 ? pointer(Spot{spot.root, 0}) : add_root(spot.root);
  if (spot.bytes == 0 || root < 0) return root;
  auto* start = static_cast<std::byte*>(pointers_[at(root)]);
  const int result = add(start ? start + spot.bytes : nullptr, padded_[at(root)]);
  const auto place = plan_.places.find(spot.root);
  if (External* memory = external(place->second)) memory->pointers.emplace_back(result, spot.bytes);
  return known_[key] = result;
}

Storage::External* Storage::external(const Place& place) {
  switch (place.kind) {
    case Place::Kind::input: return &inputs_[place.at];
    case Place::Kind::output: return &outputs_[place.at];
    case Place::Kind::cell: return &cells_[cell_of_.at(static_cast<int>(place.at))].memory;
    default: return nullptr;
  }
}

// A store's cell may have no place of its own: nobody reads it.
int Storage::add_root(Ref root) {
  const auto key = std::make_pair(root, std::size_t{0});
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  const auto found = plan_.places.find(root);
  const Place place = found != plan_.places.end() ? found->second : Place{Place::Kind::cell, at(root.node)};
  if (place.kind == Place::Kind::tile || place.kind == Place::Kind::nowhere) return -1;
  if (place.kind == Place::Kind::arena) return known_[key] = add(arena_.get() + place.at, true);
  if (place.kind == Place::Kind::constant)
    return known_[key] = add(const_cast<void*>(constants_.at(root).data()), true);  // read only
  const bool is_cell = place.kind == Place::Kind::cell;
  if (const int node = static_cast<int>(place.at); is_cell && cell_of_.emplace(node, cells_.size()).second)
    cells_.push_back({plan_.tape.node(node).attrs.get<std::shared_ptr<Cell>>("cell"), false, {}});
  External* memory = external(place);
  const int result = add(memory->copy, is_cell || memory->copy);
  memory->pointers.emplace_back(result, 0);
  return known_[key] = result;
}

int Storage::add_arguments(const std::vector<int>& pointers) {
  const int first = static_cast<int>(argument_pointers_.size());
  argument_pointers_.insert(argument_pointers_.end(), pointers.begin(), pointers.end());
  return first;
}

void Storage::link() {
  uses_.resize(pointers_.size());
  for (std::size_t i = 0; i < argument_pointers_.size(); ++i) {
    uses_[at(argument_pointers_[i])].push_back(static_cast<int>(i));
    arguments_.push_back(pointers_[at(argument_pointers_[i])]);
  }
}

void Storage::move(External& external, const void* memory) {
  if (external.current == memory) return;
  external.current = memory;
  for (const auto& [pointer, offset] : external.pointers) {
    void* moved = const_cast<std::byte*>(static_cast<const std::byte*>(memory) + offset);
    pointers_[at(pointer)] = moved;
    for (int use : uses_[at(pointer)]) arguments_[at(use)] = moved;
  }
}

void Storage::enter(const void* const* inputs, void* const* outputs, bool stores) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].copy)
      std::memcpy(inputs_[i].copy, inputs[i], inputs_[i].bytes);
    else
      move(inputs_[i], inputs[i]);
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    if (!outputs_[i].copy) move(outputs_[i], outputs[i]);
  for (CellMemory& cell : cells_) {
    Tensor& value = cell.cell->value;
    move(cell.memory, cell.is_stored && stores ? value.mutable_data() : value.data());
  }
}

void Storage::leave(void* const* outputs) const {
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    if (outputs_[i].copy) std::memcpy(outputs[i], outputs_[i].copy, outputs_[i].bytes);
}

void* Storage::memory(Ref ref) const {
  const Spot spot = plan_.spot(ref);
  const auto known = known_.find({spot.root, 0});
  return known == known_.end() || known->second < 0
             ? nullptr
             : static_cast<std::byte*>(pointers_[at(known->second)]) + spot.bytes;
}

}  // namespace tapir
