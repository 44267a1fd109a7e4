// Running models forward.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/model.hpp>

namespace tapir::vi {
namespace {

// A name that no site has is a slip of the pen, and would leave a site as it is in silence.
void check_names(const Context& run, Where where) {
  for (const Handler& handler : run.handlers())
    for (const std::string& name : handler.sites) {
      if (run.find(name)) continue;
      std::string names;
      for (const Message& message : run.messages()) names += (names.empty() ? "" : ", ") + message.name;
      throw Error("predict",
                  handler.name + " names a site \"" + name +
                      "\", which the model does not have; its sites are: " + (names.empty() ? "none" : names),
                  where);
    }
}

}  // namespace

Prediction predict(const Model& model, Key key, std::span<const Tensor> inputs, ContextOptions options,
                   Where where) {
  Context context(std::move(key), std::move(options));
  const std::vector<Var> vars(inputs.begin(), inputs.end());
  Prediction prediction;
  try {
    for (const Var& result : model(context, vars)) prediction.returned.push_back(result.tensor());
  } catch (const Error& error) {
    throw error.where() ? error : error.at(where);
  }
  check_names(context, where);
  for (const Message& message : context.messages()) prediction.sites[message.name] = message.value->tensor();
  return prediction;
}

}  // namespace tapir::vi
