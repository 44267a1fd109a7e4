// Gradients by parameters.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/gradient.hpp>

#include <tapir/autodiff/learn/recompiled.hpp>

namespace tapir {

std::vector<Gradient> gradients(const Params& params, const Var& loss, GradOptions options, Where where) {
  const std::vector<Var> parameters = params.trainable();
  if (parameters.empty())
    throw Error("grad", "there is no parameter to train: none exists, or all are frozen", where);
  const std::vector<Var> by = grad(loss, parameters, options, where);
  std::vector<Gradient> result;
  for (const Params::Entry& entry : params.entries())
    if (!entry.frozen)
      result.push_back({entry.path(), parameters[result.size()], by[result.size()], entry.learning_rate});
  return result;
}

// A program's results: the value, the gradients in the order of the parameters, the rest.
struct CompiledGradient::Impl {
  Params params;
  Recompiled compiled;
};

CompiledGradient::CompiledGradient(Params params, Recordable function, ValueAndGradOptions options,
                                   Where where)
    : impl_(std::make_shared<Impl>(
          Impl{params, Recompiled(params,
                                  [params, function, options, where](std::span<const Var> inputs) {
                                    const std::vector<Var> results = function(inputs);
                                    if (results.empty())
                                      throw Error("value_and_grad", "the function returns nothing", where);
                                    std::vector<Var> all{results[0]};
                                    for (const Gradient& g :
                                         tapir::gradients(params, results[0], {options.allow_unused}, where))
                                      all.push_back(g.gradient);
                                    all.insert(all.end(), results.begin() + 1, results.end());
                                    return all;
                                  },
                                  {.pool = options.pool})})) {}

ValueAndGradient CompiledGradient::operator()(std::span<const Tensor> inputs, Where where) {
  const auto results = impl_->compiled(inputs, where);
  ValueAndGradient all{results[0], {}, {}};
  std::size_t next = 1;
  for (const Params::Entry& entry : impl_->params.entries())
    if (!entry.frozen) all.gradients.emplace(entry.path(), results[next++]);
  all.rest.assign(results.begin() + static_cast<std::ptrdiff_t>(next), results.end());
  return all;
}

}  // namespace tapir
