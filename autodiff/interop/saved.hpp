// Parameters and a trainer's state in safetensors files.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/learn/trainer_state.hpp>

namespace tapir {

/// Writes all parameters, frozen ones too, under their paths, bit for bit.
///
///   errors  as `save_safetensors`
void save_params(const std::filesystem::path& path, const Params& params, Where where = here());

/// Gives the parameters the values in a file, which may come from elsewhere: names and types decide. All of them, or
/// none if the file or anything in it is wrong.
///
///   errors  as `load_safetensors`, and
///           "[load_params] w.safetensors: these are not the values of the parameters: "b" is missing; "c" is
///           unknown; "w" is f32[3], the value f64[3]"
void load_params(const std::filesystem::path& path, Params params, Where where = here());

/// Writes what training needs to go on as if it had not stopped: the parameters under "parameters/..", the trainer's
/// state under "trainer/..".
void save_training(const std::filesystem::path& path, const Params& params, const TrainerState& state,
                   Where where = here());

/// The way back, all or nothing. The state's cells have to be there, as `Trainer::state` and `prepare` see to.
///
///   errors  as `load_params`, and "[load_training] w.safetensors: these are not the values of the trainer's state: .."
///           "[load_training] w.safetensors: the tensor "w" is neither of the parameters nor of the trainer; .."
void load_training(const std::filesystem::path& path, Params params, TrainerState state,
                   Where where = here());

}  // namespace tapir
