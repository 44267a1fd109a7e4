// Mixture: one of several laws, and which one is summed out.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/mixture.hpp>

#include <limits>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// log (w_k p_k); a component of weight 0 adds nothing, whatever its density.
Var joint(const Var& log_weights, const Var& log_densities) {
  return where(log_weights == -infinity, -infinity, log_weights + log_densities);
}

// The draw z of a law of numbers with these components.
Var implicit_number(const Components& components, const Var& log_weights, const Var& z, Where where) {
  const Var level = sum(exp(log_weights) * components.cdf(z, where), {-1});
  if (!level.is_recorded()) return z;
  const Var log_density = logsumexp(joint(log_weights, components.log_prob(z, where)), {-1});
  return implicit_draw(z, level, log_density, Mixture::name);
}

}  // namespace

Mixture::Mixture(Categorical weights, Distribution family, Where where)
    : weights_(std::move(weights)), components_(std::move(family), where) {
  components_.check(name, "weights", weights_.count(where), where);
  if (components_.are_recorded()) has_path_ = never_jumps();
}

Mixture::Mixture(Categorical weights, std::vector<Distribution> components, Where where)
    : weights_(std::move(weights)), components_(std::move(components)) {
  components_.check(name, "weights", weights_.count(where), where);
  if (components_.are_recorded()) has_path_ = never_jumps();
}

Mixture::Mixture(Categorical weights, Components components, std::optional<bool> has_path)
    : weights_(std::move(weights)), components_(std::move(components)), has_path_(has_path) {
  if (!has_path_ && components_.are_recorded()) has_path_ = never_jumps();
}

Mixture Mixture::mapped(const ParameterMap& f) const {
  return {weights_.each(within("weights", f)), components_.each("components", f), has_path_};
}

bool Mixture::never_jumps() const {
  if (own_shape().empty()) return components_.have_paths() && components_.are_connected();
  const auto elements = components_.of_elements(here());
  return elements && elements->have_paths() && elements->have_one_support();
}

Var Mixture::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), recorded_one(parameters(*this))}, [&] {
    const Key own = key_for(*this, key);
    const Var index = weights_.sample(own / "component", shape, where);
    const Var z = stop_gradient(components_.draw(own / "value", index, shape, where));
    return is_pathwise() ? implicit(z, where) : z;
  });
}

// The coordinates of a vector one by one: those before it say which component it is likely to be of.
Var Mixture::implicit(const Var& z, Where where) const {
  Var log_weights = log_softmax(weights_.logits);
  if (own_shape().empty()) return implicit_number(components_, log_weights, z, where);
  const Components elements = components_.of_elements(where).value();
  std::vector<Var> coordinates;
  for (Index i = 0; i < own_shape().back(); ++i) {
    const Components at = elements.at(i, where);
    const Var x = implicit_number(at, log_weights, squeeze(slice(z, -1, i, i + 1), -1), where);
    log_weights = log_softmax(joint(log_weights, at.log_prob(x, where)));
    coordinates.push_back(x);
  }
  return stack(std::move(coordinates), z.rank() - 1, where);
}

Var Mixture::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    return logsumexp(joint(log_softmax(weights_.logits), components_.log_prob(x, x.where)), {-1});
  });
}

std::optional<Var> Mixture::mean(Where where) const {
  return composed(where, name, {recorded_one(parameters(*this))}, [&]() -> std::optional<Var> {
    const auto means = components_.mean(where);
    if (!means) return std::nullopt;
    return weighted(softmax(weights_.logits), *means, own_shape().rank(), where);
  });
}

std::optional<Var> Mixture::variance(Where where) const {
  return composed(where, name, {recorded_one(parameters(*this))}, [&]() -> std::optional<Var> {
    const auto means = components_.mean(where);
    const auto variances = components_.variance(where);
    if (!means || !variances) return std::nullopt;
    return weighted_variance(softmax(weights_.logits), *means, *variances, own_shape().rank(), where);
  });
}

std::optional<Var> Mixture::cdf(Arg x) const {
  if (!has_cdf()) return std::nullopt;
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&]() -> std::optional<Var> {
    return weighted(softmax(weights_.logits), components_.cdf(x, x.where), 0, x.where);
  });
}

}  // namespace tapir::vi
