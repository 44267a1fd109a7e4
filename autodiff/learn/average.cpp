// Averages of the parameters over the iterations.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/optimizers.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir {
namespace {

constexpr std::string_view folder = "average/";

}  // namespace

Optimizer average(Optimizer optimizer, AverageOptions options, Where where) {
  if (!(options.decay >= 0 && options.decay <= 1))
    throw Error("average", "decay is " + str(Attr(options.decay)) + "; it has to be a number in [0, 1]",
                where);
  return [optimizer = std::move(optimizer), options](UpdateContext& context,
                                                     const std::vector<Gradient>& gradients) {
    std::vector<Var> updates = optimizer(context, gradients);
    const Var weight = maximum(1.0 / (context.step() + 1.0), 1 - options.decay);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      const Gradient& g = gradients[i];
      const auto* parameter = g.parameter.parameter();
      const Var old = context.recall(std::string(folder) + g.path,
                                     parameter ? parameter->cell->value : Tensor(g.parameter.type()));
      context.remember(old, old + cast(weight, g.parameter.type().dtype) * (updated(g, updates[i]) - old));
    }
    return updates;
  };
}

std::map<std::string, Tensor> averages(const TrainerState& state, Where where) {
  std::map<std::string, Tensor> result;
  for (const auto& [path, value] : state.values())
    if (path.substr(0, folder.size()) == folder) result.emplace(path.substr(folder.size()), value);
  if (result.empty())
    throw Error("averages", "the trainer has no averages; its optimizer is to be average(..)", where);
  return result;
}

}  // namespace tapir
