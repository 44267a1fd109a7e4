// Checks at the boundary, and the reading of a law's axes at a site.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distribution.hpp>

#include <algorithm>

#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/required.hpp>

namespace tapir::vi {
namespace {

constexpr const char* ordinals[] = {"first", "second", "third", "fourth", "fifth", "sixth"};

std::string ordinal(int i) {
  return i < static_cast<int>(std::size(ordinals)) ? ordinals[i] : "axis " + std::to_string(i);
}

// "{20,3}", as it is typed.
std::string braced(const Shape& shape) {
  std::string text = shape.str();
  text.front() = '{';
  text.back() = '}';
  return text;
}

// Batch axis `i`, counted from the left of `batch`, is not plate i: says so of the parameter that brought it.
[[noreturn]] void reject_axis(std::string_view law, const std::vector<LawParameter>& parameters,
                              const Shape& batch, int i, const PlateAxis& plate, Where where) {
  for (const LawParameter& parameter : parameters) {
    const Shape own_batch = parameter.value.shape().slice(0, parameter.value.rank() - parameter.own);
    const int at = i - (batch.rank() - own_batch.rank());
    if (at < 0 || own_batch[at] != batch[i]) continue;
    throw Error(law,
                parameter.name + " " + parameter.value.type().str() + " at plate \"" + plate.name + "\" of " +
                    std::to_string(plate.size) + ": its " + ordinal(at) + " axis is " +
                    std::to_string(batch[i]) + "; add the plate with expand_dims(" + parameter.name + ", " +
                    std::to_string(at) + "), or own axes with iid(" + std::string(law) + "{..}, " +
                    braced(own_batch.drop_front(at)) + ")",
                where);
  }
  throw Error(law, "a batch axis that no parameter has", where);
}

[[noreturn]] void reject_rest(std::string_view law, const std::vector<LawParameter>& parameters,
                              const Shape& batch, int plates, Where where) {
  const auto widest =
      std::max_element(parameters.begin(), parameters.end(), [](const auto& a, const auto& b) {
        return a.value.rank() - a.own < b.value.rank() - b.own;
      });
  throw Error(law,
              widest->name + " " + widest->value.type().str() + " in " + std::to_string(plates) +
                  (plates == 1 ? " plate" : " plates") + ": the axes " + batch.drop_front(plates).str() +
                  " are left over, and a law whose value has axes takes no more; open a plate for them",
              where);
}

Shape sizes_of(std::span<const PlateAxis> plates) {
  Shape sizes;
  for (const PlateAxis& plate : plates) sizes.append(plate.size);
  return sizes;
}

void require_one_dtype(std::string_view law, const std::vector<LawParameter>& parameters, Where where) {
  const LawParameter* first = nullptr;
  for (const LawParameter& parameter : parameters) {
    const auto dtype = parameter.value.dtype();
    if (first && dtype && dtype != first->value.dtype())
      throw Error(law,
                  first->name + " is " + first->value.type().str() + " and " + parameter.name + " " +
                      parameter.value.type().str() + "; the parameters of a law have one dtype",
                  where);
    if (!first && dtype) first = &parameter;
  }
}

void require_dtype(const Distribution& law, const Arg& x) {
  const auto given = x.var.dtype();
  if (!given) return;
  const auto reject = [&](const std::string& needed) {
    throw Error(law.name(), "x is " + x.type().str() + "; " + needed, x.where);
  };
  if (law.support() == Support::Kind::category) {
    if (given != i64) reject("categories are i64");
  } else if (const auto own = law.dtype()) {
    if (given != own)
      reject("beside parameters of " + std::string(name_of(*own)) + " it has to be " +
             std::string(name_of(*own)));
  } else if (given == i64) {
    reject("it has to be floating");
  }
}

// The last axes are own to a value of `law`: what is left of `own` are axes along which elements are independent.
int independent_rank(const Aligned& aligned) { return aligned.own.rank() - aligned.law.own_rank(); }

}  // namespace

std::vector<LawParameter> Distribution::parameters() const {
  std::vector<LawParameter> list;
  (void)each([&](const ParameterInfo& info, const Var& value) {
    list.push_back({info.name, value, info.support, info.own});
    return value;
  });
  return list;
}

void Distribution::check(Where where) const {
  const auto list = parameters();
  require_one_dtype(name(), list, where);
  (void)vi::batch_shape(name(), list, where);
  for (const LawParameter& parameter : list)
    check_parameter(name(), parameter.name, parameter.value, parameter.support, where);
}

// Plain parameters are looked at now, recorded ones when the program runs.
Distribution Distribution::checked(Where where) const {
  check(where);
  const bool known = !recorded_one(parameters()).is_recorded();
  if (known) return *this;
  return each([&](const ParameterInfo& info, const Var& value) {
    return required(name(), info.name, value, info.support, where);
  });
}

Var Distribution::sample(const Key& key, const Shape& shape, Where where) const {
  const Distribution law = checked(where);
  const Shape batch = batch_shape(where);
  Shape joint;
  if (!broadcast_shapes(batch, shape, joint) || joint != shape)
    throw Error(name(),
                "parameters of shape " + batch.str() + " do not broadcast to a draw of " + shape.str(),
                where);
  return law.model_->sample(key, shape, where);
}

Var Distribution::log_prob(Arg x) const {
  const Distribution law = checked(x.where);
  require_dtype(*this, x);
  return law.model_->log_prob(x);
}

PerElement Distribution::per_element(Where where) const {
  if (auto inner = model_->per_element(where)) return *std::move(inner);
  return {*this, {}};
}

Aligned Distribution::aligned(std::span<const PlateAxis> plates, Where where) const {
  check(where);
  const auto list = parameters();
  const Shape batch = batch_shape(where);
  const int count = static_cast<int>(plates.size());
  for (int i = 0; i < std::min(count, batch.rank()); ++i) {
    const PlateAxis& plate = plates[static_cast<std::size_t>(i)];
    if (batch[i] != 1 && batch[i] != plate.size) reject_axis(name(), list, batch, i, plate, where);
  }
  const Shape rest = batch.drop_front(std::min(count, batch.rank()));
  if (rest.rank() > 0 && own_rank() > 0) reject_rest(name(), list, batch, count, where);

  const int missing = std::max(0, count - batch.rank());
  const Distribution placed = each([&](const ParameterInfo& info, const Var& value) {
    return with_inner_axes(value, info.own, missing, where);
  });
  PerElement element = placed.per_element(where);
  return {element.law, sizes_of(plates), rest + own_shape()};
}

Var Aligned::sample(const Key& key, Where where) const {
  return law.sample(key, plates + own.take_front(independent_rank(*this)), where);
}

Var Aligned::log_prob(Arg x) const {
  if (x.shape() != value_shape())
    throw Error(law.name(),
                "the value is " + x.type().str() + "; at this site it has to be " + value_shape().str() +
                    ", plates " + plates.str() + " and own axes " + own.str(),
                x.where);
  return summed(law.log_prob(x), x.where);
}

Var Aligned::summed(const Var& terms, Where where) const {
  const int rank = independent_rank(*this);
  const Shape full = plates + own.take_front(rank);
  return composed(where, "", {terms}, [&] { return sum_last(stretched(terms, full, where), rank, where); });
}

}  // namespace tapir::vi
