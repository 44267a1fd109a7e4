// What the handlers do at a site.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/handlers.hpp>

#include <algorithm>

#include <tapir/autodiff/ops/ops.hpp>

namespace tapir::vi {
namespace {

// The part of a run that replaying needs: copied, so that the run may end.
struct Past {
  std::map<std::string, std::pair<Var, Plates>> values;
  std::string names;
};

Past past_of(const Context& run) {
  Past past;
  for (const Message& message : run.messages()) {
    if (message.observed) continue;
    past.values[message.name] = {*message.value, message.plates};
    past.names += (past.names.empty() ? "" : ", ") + message.name;
  }
  return past;
}

// "(images: 64 of 60000, pixels: 784)"
std::string str(const Plates& plates) {
  std::string text;
  for (const Plate& plate : plates) {
    text += (text.empty() ? "" : ", ") + plate.name + ": " + std::to_string(plate.count);
    if (plate.is_subsampled()) text += " of " + std::to_string(plate.size);
  }
  return plates.empty() ? "none" : "(" + text + ")";
}

bool applies(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// Read from the left, as parameters of laws are: a factor of the outer plates is shared by the inner ones.
Var over_plates(const Var& factor, const Message& message, const char* op) {
  const Shape plates = shape_of(message.plates);
  Shape joint;
  Var aligned = factor;
  while (aligned.rank() < plates.rank() && aligned.rank() > 0) aligned = expand_dims(aligned, -1);
  if (!broadcast_shapes(aligned.shape(), plates, joint) || joint != plates)
    throw Error(op,
                "site \"" + message.name + "\" has one term per element of " + plates.str() + ", not of " +
                    factor.shape().str(),
                message.where);
  return aligned;
}

}  // namespace

Handler replay(const Context& guide) {
  return {.name = "replay", .before = [past = past_of(guide)](Message& message) {
            if (message.observed || message.value) return;
            const auto known = past.values.find(message.name);
            if (known == past.values.end()) {
              message.refusal = "the guide has no site named \"" + message.name +
                                "\"; its sites are: " + (past.names.empty() ? "none" : past.names);
              return;
            }
            const auto& [value, plates] = known->second;
            if (plates != message.plates)
              throw Error("sample",
                          "site \"" + message.name + "\": the guide has plates " + str(plates) +
                              ", the model " + str(message.plates),
                          message.where);
            if (value.shape() != message.law.value_shape())
              throw Error("sample",
                          "site \"" + message.name + "\": the guide's value is " + value.type().str() +
                              ", here it has shape " + message.law.value_shape().str(),
                          message.where);
            message.value = value;
          }};
}

Handler condition(std::map<std::string, Tensor> data) {
  Handler handler{.name = "condition"};
  for (const auto& [name, value] : data) handler.sites.push_back(name);
  handler.before = [data = std::move(data)](Message& message) {
    const auto known = data.find(message.name);
    if (known == data.end()) return;
    if (message.observed)
      throw Error("condition", "site \"" + message.name + "\" is observed already", message.where);
    if (known->second.shape() != message.law.value_shape())
      throw Error("condition",
                  "site \"" + message.name + "\": the data are " + known->second.type().str() +
                      ", the site has shape " + message.law.value_shape().str(),
                  message.where);
    message.value = known->second;
    message.observed = true;
  };
  return handler;
}

Handler mask(Var mask, std::vector<std::string> names) {
  Handler handler{.name = "mask", .sites = names};
  handler.after = [mask = std::move(mask), names = std::move(names)](Message& message) {
    if (!applies(names, message.name)) return;
    message.weights.push_back({Weight::Kind::mask, over_plates(mask, message, "mask")});
  };
  return handler;
}

Handler scale(Var factor, std::vector<std::string> names) {
  Handler handler{.name = "scale", .sites = names};
  handler.after = [factor = std::move(factor), names = std::move(names)](Message& message) {
    if (!applies(names, message.name)) return;
    message.weights.push_back({Weight::Kind::scale, over_plates(factor, message, "scale")});
  };
  return handler;
}

}  // namespace tapir::vi
