// Saving and loading what is trained.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/interop/saved.hpp>

#include <tapir/autodiff/interop/safetensors.hpp>

namespace tapir {
namespace {

constexpr std::string_view parameters = "parameters/";
constexpr std::string_view trainer = "trainer/";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::map<std::string, Tensor> prefixed(std::string_view prefix, const std::map<std::string, Tensor>& values) {
  std::map<std::string, Tensor> result;
  for (const auto& [path, value] : values) result.emplace(std::string(prefix) + path, value);
  return result;
}

// Errors of `f` are those of `op` on the file.
template <class F>
void on_file(std::string_view op, const std::filesystem::path& path, Where where, F f) {
  try {
    f();
  } catch (const Error& error) {
    throw Error(op, path.string() + ": " + error.message(), where);
  }
}

}  // namespace

void save_params(const std::filesystem::path& path, const Params& params, Where where) {
  save_safetensors(path, {params.values(), {}}, where);
}

void load_params(const std::filesystem::path& path, Params params, Where where) {
  const Safetensors content = load_safetensors(path, where);
  on_file("load_params", path, where, [&] { params.assign(content.tensors, where); });
}

void save_training(const std::filesystem::path& path, const Params& params, const TrainerState& state,
                   Where where) {
  Safetensors content{prefixed(parameters, params.values()), {}};
  content.tensors.merge(prefixed(trainer, state.values()));
  save_safetensors(path, content, where);
}

void load_training(const std::filesystem::path& path, Params params, TrainerState state, Where where) {
  const Safetensors content = load_safetensors(path, where);
  std::map<std::string, Tensor> for_params;
  std::map<std::string, Tensor> for_state;
  on_file("load_training", path, where, [&] {
    for (const auto& [name, value] : content.tensors) {
      if (starts_with(name, parameters))
        for_params.emplace(name.substr(parameters.size()), value);
      else if (starts_with(name, trainer))
        for_state.emplace(name.substr(trainer.size()), value);
      else
        throw Error("load_training",
                    "the tensor \"" + name +
                        "\" is neither of the parameters nor of the trainer; such a file is written "
                        "by save_training, one of parameters alone is read by load_params");
    }
    params.check(for_params, where);
    state.check(for_state, where);
    params.assign(for_params, where);
    state.assign(for_state, where);
  });
}

}  // namespace tapir
