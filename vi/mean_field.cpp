// The mean-field Normal guide.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/distributions/normal.hpp>
#include <tapir/vi/guides.hpp>

namespace tapir::vi {
namespace {

void check(const Message& message) {
  if (!(message.law.law.support() == Support::Kind::real))
    throw Error("mean_field",
                "site \"" + message.name + "\" of " + std::string(message.law.law.name()) +
                    " is not real; write a guide for it",
                message.where);
  for (const Plate& plate : message.plates)
    if (plate.is_subsampled())
      throw Error("mean_field",
                  "site \"" + message.name + "\" lies in the subsampled plate \"" + plate.name +
                      "\": its elements have no parameters of their own there; write an amortised guide",
                  message.where);
}

std::string indexed(const std::string& name, const Shape& shape, Index element) {
  if (shape.empty()) return name;
  std::string text;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    text = std::to_string(element % shape[axis]) + (text.empty() ? "" : ",") + text;
    element /= shape[axis];
  }
  return name + "[" + text + "]";
}

// Runs `f` with all these plates open.
template <class F>
void within(Context& context, std::span<const Plate> plates, const F& f) {
  if (plates.empty()) return f();
  const OpenPlate open = context.plate(plates[0].name, plates[0].size);
  within(context, plates.subspan(1), f);
}

}  // namespace

MeanFieldNormal::MeanFieldNormal(Scope scope, const Model& model, std::vector<Tensor> inputs,
                                 MeanFieldOptions options, Where where)
    : where_(where) {
  if (!(options.scale > 0.0) || !std::isfinite(options.scale))
    throw Error("mean_field", "the scale is " + tapir::str(Attr(options.scale)) + ", it has to be positive",
                where);
  if (!(options.spread >= 0.0) || !std::isfinite(options.spread))
    throw Error("mean_field",
                "the spread is " + tapir::str(Attr(options.spread)) + ", it has to be 0 or more", where);
  Context context(scope.key().as(scope.dtype()), {.params = scope.params()});
  (void)model(context, std::vector<Var>(inputs.begin(), inputs.end()));
  for (const Message& message : context.messages())  // all of them before the first parameter is made
    if (!message.observed) check(message);
  for (const Message& message : context.messages()) {
    if (message.observed) continue;
    const Shape shape = message.law.value_shape();
    const Scope at = scope / message.name;
    sites_.push_back({message.name, message.plates,
                      at.param("loc", shape, initialisers::normal(options.spread), where),
                      at.param("log_scale", shape, initialisers::constant(std::log(options.scale)), where)});
  }
  if (sites_.empty()) throw Error("mean_field", "the model has no latent site", where);
}

std::vector<Var> MeanFieldNormal::operator()(Context& context, std::span<const Var>) const {
  for (const LatentSite& site : sites_)
    within(context, std::span<const Plate>(site.plates), [&] {
      context.sample(site.name, Normal{.loc = site.loc, .scale = exp(Arg(site.log_scale, where_))}, {},
                     where_);
    });
  return {};
}

std::vector<MeanFieldNormal::Marginal> MeanFieldNormal::marginals() const {
  std::vector<Marginal> result;
  for (const LatentSite& site : sites_) {
    const Tensor loc = site.loc.tensor();
    const Tensor log_scale = site.log_scale.tensor();
    for (Index i = 0; i < loc.size(); ++i)
      result.push_back({indexed(site.name, loc.shape(), i), loc.at(i), std::exp(log_scale.at(i))});
  }
  return result;
}

}  // namespace tapir::vi
