// Where a Var lies, and its plain value.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tape/var.hpp>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

Var Var::open(Tensor tensor) {
  if (tensor.rank() == 0) return tensor.item();
  Var result(std::move(tensor));
  result.open_ = true;
  return result;
}

bool Var::is_recorded() const {
  if (const auto* parameter = std::get_if<Parameter>(&value_)) return parameter->binding->tape != nullptr;
  return std::holds_alternative<Place>(value_);
}

std::optional<Var::Place> Var::place() const {
  if (const auto* place = std::get_if<Place>(&value_)) return *place;
  if (const auto* parameter = std::get_if<Parameter>(&value_); parameter && parameter->binding->tape)
    return parameter->binding->tape->cell(parameter->cell).place();
  return std::nullopt;
}

Tensor Var::tensor(Where where) const {
  if (const auto at = place())
    throw Error("item",
                "a recorded value cannot be read: " + at->tape->str(at->ref.node) +
                    "; return it from the recorded function, or choose with where, scan or enumeration",
                where);
  if (const auto* tensor = std::get_if<Tensor>(&value_)) return *tensor;
  if (const auto* parameter = std::get_if<Parameter>(&value_)) return parameter->cell->value;
  return Tensor(std::get<double>(value_));
}

double Var::item(Where where) const { return tensor(where).item(where); }

Type Var::type() const {
  if (const auto* place = std::get_if<Place>(&value_)) return place->tape->type(place->ref);
  if (const auto* tensor = std::get_if<Tensor>(&value_)) return tensor->type();
  if (const auto* parameter = std::get_if<Parameter>(&value_)) return parameter->cell->value.type();
  return {};
}

std::optional<DType> Var::dtype() const {
  if (is_open()) return std::nullopt;
  return type().dtype;
}

}  // namespace tapir
