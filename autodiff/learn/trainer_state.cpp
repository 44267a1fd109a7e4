// The cells of a trainer.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/trainer_state.hpp>

#include <algorithm>

#include <tapir/autodiff/learn/cells.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

constexpr std::string_view whose = "the trainer's state";

}  // namespace

struct TrainerState::State {
  Cells cells;

  std::shared_ptr<Cell> find(std::string_view path) const {
    for (const auto& cell : cells)
      if (cell->path == path) return cell;
    return nullptr;
  }
};

TrainerState::TrainerState() : state_(std::make_shared<State>()) {}

Var TrainerState::on(const std::shared_ptr<Tape>& tape, std::string_view path, const Tensor& init,
                     Where where) {
  auto cell = state_->find(path);
  if (!cell) cell = state_->cells.emplace_back(std::make_shared<Cell>(Cell{std::string(path), init}));
  if (cell->value.type() != init.type())
    throw Error("state",
                "\"" + cell->path + "\" is " + cell->value.type().str() + "; here it would be " +
                    init.type().str(),
                where);
  return tape->cell(cell);
}

Var TrainerState::step(const std::shared_ptr<Tape>& tape) { return on(tape, "step", Tensor(0.0)); }

Index TrainerState::steps() const {
  const auto cell = state_->find("step");
  return cell ? static_cast<Index>(cell->value.item()) : 0;
}

std::vector<std::string> TrainerState::paths() const { return paths_of(state_->cells); }
bool TrainerState::contains(std::string_view path) const { return state_->find(path) != nullptr; }
std::map<std::string, Tensor> TrainerState::values() const { return values_of(state_->cells); }

Tensor TrainerState::value(std::string_view path, Where where) const {
  if (const auto cell = state_->find(path)) return cell->value;
  throw Error("state", "the trainer remembers no \"" + std::string(path) + "\"; it does: " + listed(paths()),
              where);
}

void TrainerState::assign(const std::map<std::string, Tensor>& values, Where where) {
  assign_values(state_->cells, values, whose, where);
}

void TrainerState::check(const std::map<std::string, Tensor>& values, Where where) const {
  check_values(state_->cells, values, whose, where);
}

Key step_key(const Var& step, Index seed, DType dtype, Where where) {
  return Key(stack({Var(Tensor(seed)), cast(Arg(step, where), DType::i64)}, 0, where), dtype);
}

}  // namespace tapir
