// Checks at the boundary, shapes of log determinants, images of sets.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijector.hpp>

#include <algorithm>

namespace tapir::vi {
namespace {

std::string axes(int count) { return std::to_string(count) + (count == 1 ? " axis" : " axes"); }

// Whether all elements of a plain value lie on one side of 0; none for recorded values and for mixed signs.
std::optional<bool> ascends(const Var& direction) {
  if (direction.is_recorded()) return std::nullopt;
  const Tensor signs = direction.tensor();
  bool up = false;
  bool down = false;
  for (Index i = 0; i < signs.size(); ++i) (signs.at(i) > 0 ? up : down) = true;
  if (up && down) return std::nullopt;
  return up;
}

}  // namespace

std::vector<LawParameter> Bijector::parameters() const {
  std::vector<LawParameter> list;
  (void)each([&](const ParameterInfo& info, const Var& value) {
    list.push_back({info.name, value, info.support, info.own});
    return value;
  });
  return list;
}

void Bijector::check(Where where) const {
  for (const LawParameter& parameter : parameters())
    check_parameter(name(), parameter.name, parameter.value, parameter.support, where);
}

Shape Bijector::forward_shape(const Shape& shape, Where where) const {
  const int batch = shape.rank() - ranks().domain;
  return shape.take_front(batch) + model_->forward_shape(shape.drop_front(batch), where);
}

Shape Bijector::inverse_shape(const Shape& shape, Where where) const {
  const int batch = shape.rank() - ranks().codomain;
  return shape.take_front(batch) + model_->inverse_shape(shape.drop_front(batch), where);
}

Arg Bijector::checked(const Arg& x, const char* what, int rank) const {
  check(x.where);
  if (x.rank() < rank)
    throw Error(name(), std::string(what) + " is " + x.type().str() + "; a point has " + axes(rank), x.where);
  return x;
}

ValueAndLogDet Bijector::settled(ValueAndLogDet result, int rank, Where where) const {
  const Shape shape = result.value.shape();
  result.log_det = stretched(result.log_det, shape.take_front(shape.rank() - rank), where);
  if (const auto dtype = result.value.dtype(); dtype && !result.log_det.dtype())
    result.log_det = cast(Arg(result.log_det, where), *dtype);
  return result;
}

Var Bijector::forward(Arg x) const {
  (void)forward_shape(checked(x, "x", ranks().domain).shape(), x.where);
  return model_->forward(x);
}

Var Bijector::inverse(Arg y) const {
  (void)inverse_shape(checked(y, "y", ranks().codomain).shape(), y.where);
  return model_->inverse(y);
}

ValueAndLogDet Bijector::forward_and_log_det(Arg x) const {
  (void)forward_shape(checked(x, "x", ranks().domain).shape(), x.where);
  return settled(model_->forward_and_log_det(x), ranks().codomain, x.where);
}

ValueAndLogDet Bijector::inverse_and_log_det(Arg y) const {
  (void)inverse_shape(checked(y, "y", ranks().codomain).shape(), y.where);
  return settled(model_->inverse_and_log_det(y), ranks().domain, y.where);
}

Support Bijector::image(const Support& part, Where where) const {
  if (auto known = model_->image(part, where)) return *std::move(known);
  const bool exact = knows_image(part, where);
  if (exact && part.inner_ends().empty()) return outer_image(part, where);
  std::vector<Var> inner = exact ? part.inner_ends() : part.all_ends();
  for (const LawParameter& parameter : parameters()) inner.push_back(parameter.value);
  return outer_image(part, where).with_inner_ends(inner);
}

Support Bijector::outer_image(const Support& part, Where where) const {
  const auto sign = direction(where);
  const auto from = part.ends();
  const auto whole = domain().ends();
  const auto all = codomain().ends();
  if (!sign || !from || !whole || !all || (part == domain().kind() && !part.bounds())) return codomain();
  return composed(where, name(), {*sign}, [&] {
    // An end of the domain becomes an end of the codomain; which one, the direction tells.
    const auto moved = [&](const Var& end, const Var& of_domain, const Var& ascending,
                           const Var& descending) {
      if (!same_value(end, of_domain)) return forward(Arg(end, where));
      if (const auto up = ascends(*sign)) return *up ? ascending : descending;
      return tapir::where(*sign > 0, ascending, descending);
    };
    const Var a = moved(from->low, whole->low, all->low, all->high);
    const Var b = moved(from->high, whole->high, all->high, all->low);
    const bool without_a = from->without_low || (whole->without_low && same_value(from->low, whole->low));
    const bool without_b = from->without_high || (whole->without_high && same_value(from->high, whole->high));
    if (const auto up = ascends(*sign))
      return Support::between(*up ? Support::Bounds{a, b, without_a, without_b}
                                  : Support::Bounds{b, a, without_b, without_a});
    const bool open = without_a || without_b;
    return Support::between({tapir::where(*sign > 0, a, b), tapir::where(*sign > 0, b, a), open, open});
  });
}

bool Bijector::knows_image(const Support& part, Where where) const {
  const bool whole = part == domain().kind() && !part.bounds();
  if (const auto known = model_->image(part, where))
    return known->inner_ends().empty() && (whole || known->kind() == part.kind());
  return whole || (direction(where) && part.ends() && domain().ends() && codomain().ends());
}

Var Bijector::excludes(Arg y) const {
  return composed(y.where, "", {y.var, recorded_one(parameters())}, [&]() -> Var {
    if (auto outside = model_->excludes(y)) return *std::move(outside);
    const Support set = codomain();
    return sum_last(set.excludes(y), ranks().codomain - set.rank(), y.where) > 0;
  });
}

bool same(const Bijector& a, const Bijector& b) {
  if (!a.model_->is_like(*b.model_)) return false;
  const auto of_a = a.parameters();
  const auto of_b = b.parameters();
  return std::equal(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(), [](const auto& p, const auto& q) {
    return p.name == q.name && same_value(p.value, q.value);
  });
}

}  // namespace tapir::vi
