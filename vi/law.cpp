// What all laws have in common: shapes, dtypes and checks of parameters.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/law.hpp>

#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::vi {
namespace {

std::string described(const LawParameter& parameter) {
  return parameter.name + " " + parameter.value.type().str();
}

Shape batch_of(std::string_view law, const LawParameter& parameter, Where where) {
  const Shape shape = parameter.value.shape();
  if (shape.rank() >= parameter.own) return shape.take_front(shape.rank() - parameter.own);
  throw Error(law,
              described(parameter) + " has " + (shape.rank() == 0 ? "no axis" : "too few axes") +
                  " to consume; a value needs " + std::to_string(parameter.own),
              where);
}

}  // namespace

ParameterMap within(std::string part, ParameterMap f, int extra) {
  return [part = std::move(part), f = std::move(f), extra](const ParameterInfo& info, const Var& value) {
    return f({part + "." + info.name, info.support, std::min(value.rank(), info.own + extra)}, value);
  };
}

Shape batch_shape(std::string_view law, const std::vector<LawParameter>& parameters, Where where) {
  Shape joint;
  std::string seen;
  for (const LawParameter& parameter : parameters) {
    const Shape so_far = joint;
    if (!broadcast_shapes(so_far, batch_of(law, parameter, where), joint))
      throw Error(law, "parameters do not broadcast: " + seen + " and " + described(parameter), where);
    seen += (seen.empty() ? "" : ", ") + described(parameter);
  }
  return joint;
}

Var recorded_one(const std::vector<LawParameter>& parameters) {
  for (const LawParameter& parameter : parameters)
    if (parameter.value.is_recorded()) return parameter.value;
  return 0.0;
}

std::optional<DType> dtype(const std::vector<LawParameter>& parameters) {
  for (const LawParameter& parameter : parameters)
    if (const auto known = parameter.value.dtype()) return known;
  return std::nullopt;
}

Var with_inner_axes(const Var& parameter, int own, int count, Where where) {
  const Shape shape = parameter.shape();
  const int batch = shape.rank() - own;
  if (batch <= 0 || count <= 0) return parameter;
  return reshape(Arg(parameter, where),
                 shape.take_front(batch) + Shape::ones(count) + shape.drop_front(batch));
}

Var with_batch_axes(const Var& parameter, int own, int count, Where where) {
  const int missing = count - (parameter.rank() - own);
  return missing <= 0 ? parameter : reshape(Arg(parameter, where), Shape::ones(missing) + parameter.shape());
}

bool same_value(const Var& a, const Var& b) {
  const auto at = a.place();
  const auto bt = b.place();
  if (at || bt) return at && bt && at->tape == bt->tape && at->ref == bt->ref;
  return identical(a.tensor(), b.tensor());
}

Var stretched(const Var& x, const Shape& shape, Where where) { return broadcast_to(Arg(x, where), shape); }

Var sum_last(const Var& x, int count, Where where) {
  if (count == 0) return x;
  std::vector<int> axes;
  for (int axis = -count; axis < 0; ++axis) axes.push_back(axis);
  return sum(Arg(x, where), Axes(axes));
}

Var with_last_axes(const Var& x, int count, Where where) {
  return count == 0 ? x : reshape(Arg(x, where), x.shape() + Shape::ones(count));
}

void check_parameter(std::string_view law, const std::string& name, const Var& value, const Support& support,
                     Where where) {
  if (value.is_recorded()) return;
  if (const auto wrong = support.violation(value.tensor(where))) throw Error(law, name + " " + *wrong, where);
}

}  // namespace tapir::vi
