// Parameters by path: creating, reading, assigning, freezing.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/params.hpp>

#include <algorithm>
#include <cmath>

#include <tapir/autodiff/learn/cells.hpp>

namespace tapir {
namespace {

std::string joined(std::string_view path, std::string_view name) {
  if (name.empty() || name.front() == '/' || name.back() == '/')
    throw Error("params", "\"" + std::string(name) +
                              "\" is not a name; a name is like \"weight\" or \"hidden/weight\"");
  return path.empty() ? std::string(name) : std::string(path) + "/" + std::string(name);
}

}  // namespace

struct Params::State {
  Index seed;
  DType dtype;
  std::shared_ptr<Binding> binding = std::make_shared<Binding>();
  std::vector<Entry> entries = {};
  std::map<std::string, std::size_t, std::less<>> index = {};
  Index revision = 0;

  Cells cells() const {
    Cells result;
    for (const Entry& entry : entries) result.push_back(entry.cell);
    return result;
  }

  const Entry& at(std::string_view path, Where where) const {
    const auto known = index.find(path);
    if (known != index.end()) return entries[known->second];
    throw Error("params",
                "there is no parameter \"" + std::string(path) +
                    "\"; there are: " + listed(paths_of(cells())),
                where);
  }

  template <class F>
  void change(std::string_view op, std::string_view prefix, Where where, F f) {
    bool found = false;
    for (Entry& entry : entries)
      if (lies_below(entry.path(), prefix)) {
        f(entry);
        found = true;
      }
    if (!found)
      throw Error(op,
                  "no parameter lies at or below \"" + std::string(prefix) +
                      "\"; there are: " + listed(paths_of(cells())),
                  where);
    ++revision;
  }
};

Params::Params(Index seed, DType dtype) : state_(std::make_shared<State>(State{seed, dtype})) {
  if (!is_floating(dtype)) throw Error("params", "parameters are f32 or f64, not i64");
}

Scope Params::operator/(std::string_view name) const { return Scope(*this) / name; }

DType Params::dtype() const { return state_->dtype; }
Key Params::key() const { return Key(state_->seed, state_->dtype) / "parameters"; }
std::shared_ptr<Binding> Params::binding() const { return state_->binding; }
const std::vector<Params::Entry>& Params::entries() const { return state_->entries; }
std::vector<std::string> Params::paths() const { return paths_of(state_->cells()); }
bool Params::contains(std::string_view path) const { return state_->index.contains(path); }
Index Params::revision() const { return state_->revision; }
std::map<std::string, Tensor> Params::values() const { return values_of(state_->cells()); }

Tensor Params::value(std::string_view path, Where where) const { return state_->at(path, where).cell->value; }

Index Params::size() const {
  Index total = 0;
  for (const Entry& entry : entries()) total += entry.type().size();
  return total;
}

Var Params::operator[](std::string_view path) const {
  return Var(Var::Parameter{state_->at(path, {}).cell, state_->binding});
}

std::vector<Var> Params::trainable() const {
  std::vector<Var> vars;
  for (const Entry& entry : entries())
    if (!entry.frozen) vars.emplace_back(Var::Parameter{entry.cell, state_->binding});
  return vars;
}

std::string Params::str() const {
  std::size_t path_width = 9;
  std::size_t type_width = 4;
  for (const Entry& entry : entries()) {
    path_width = std::max(path_width, entry.path().size());
    type_width = std::max(type_width, entry.type().str().size());
  }
  const auto padded = [](std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text + "  ";
  };
  std::string text = padded("parameter", path_width) + padded("type", type_width) + "elements\n";
  for (const Entry& entry : entries()) {
    text += padded(entry.path(), path_width) + padded(entry.type().str(), type_width);
    text += std::to_string(entry.type().size());
    if (entry.frozen) text += "  frozen";
    if (entry.learning_rate != 1.0) text += "  learning rate x " + tapir::str(Attr(entry.learning_rate));
    text += "\n";
  }
  return text + padded("", path_width) + padded("", type_width) + std::to_string(size()) + "\n";
}

Var Params::add(std::string path, Tensor value, Where where) {
  if (contains(path)) throw Error("param", "there is a parameter \"" + path + "\" already", where);
  if (value.dtype() != dtype())
    throw Error("param",
                "\"" + path + "\" would be " + value.type().str() + ", but these parameters are " +
                    std::string(name_of(dtype())) + "; cast it",
                where);
  auto cell = std::make_shared<Cell>(Cell{path, std::move(value)});
  state_->index.emplace(std::move(path), state_->entries.size());
  state_->entries.push_back({cell});
  ++state_->revision;
  return Var(Var::Parameter{std::move(cell), state_->binding});
}

void Params::assign(std::string_view path, const Tensor& value, Where where) {
  Cell& cell = *state_->at(path, where).cell;
  if (cell.value.type() != value.type())
    throw Error("assign",
                "parameter \"" + cell.path + "\" is " + cell.value.type().str() + "; it cannot take " +
                    value.type().str(),
                where);
  cell.value = value;
}

void Params::assign(const std::map<std::string, Tensor>& values, Where where) {
  assign_values(state_->cells(), values, "the parameters", where);
}

void Params::check(const std::map<std::string, Tensor>& values, Where where) const {
  check_values(state_->cells(), values, "the parameters", where);
}

void Params::freeze(std::string_view prefix, Where where) {
  state_->change("freeze", prefix, where, [](Entry& entry) { entry.frozen = true; });
}

void Params::unfreeze(std::string_view prefix, Where where) {
  state_->change("unfreeze", prefix, where, [](Entry& entry) { entry.frozen = false; });
}

void Params::learning_rate(std::string_view prefix, double factor, Where where) {
  if (!std::isfinite(factor) || factor < 0)
    throw Error("learning_rate",
                "the factor is " + tapir::str(Attr(factor)) + "; it has to be a finite number >= 0", where);
  state_->change("learning_rate", prefix, where, [factor](Entry& entry) { entry.learning_rate = factor; });
}

Scope Scope::operator/(std::string_view name) const { return {params_, joined(path_, name)}; }

Key Scope::key() const { return path_.empty() ? params_.key() : params_.key() / path_; }

Var Scope::param(std::string_view name, const Tensor& init, Where where) const {
  return Params(params_).add(joined(path_, name), init, where);
}

Var Scope::param(std::string_view name, double init, Where where) const {
  return param(name, Tensor::full({dtype(), {}}, init), where);
}

Var Scope::param(std::string_view name, const Shape& shape, const Initialiser& init, Where where) const {
  const Type type{dtype(), shape};
  Tensor value = [&] {
    try {
      return init(key() / name, type);
    } catch (const Error& error) {
      throw error.at(where);
    }
  }();
  if (value.type() != type)
    throw Error("param",
                "the initialiser of \"" + joined(path_, name) + "\" gave " + value.type().str() + " for " +
                    type.str(),
                where);
  return param(name, value, where);
}

}  // namespace tapir
