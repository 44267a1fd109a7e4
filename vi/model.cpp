// Running models forward.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/model.hpp>

namespace tapir::vi {

Prediction predict(const Model& model, Key key, std::span<const Tensor> inputs, ContextOptions options) {
  Context context(std::move(key), std::move(options));
  const std::vector<Var> vars(inputs.begin(), inputs.end());
  Prediction prediction;
  for (const Var& result : model(context, vars)) prediction.returned.push_back(result.tensor());
  for (const Message& message : context.messages()) prediction.sites[message.name] = message.value->tensor();
  return prediction;
}

}  // namespace tapir::vi
