// Handlers: replaying, conditioning, masking, scaling.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>

#include <tapir/vi/context.hpp>

namespace tapir::vi {

/// Latent sites take the values of an earlier run, which must have them.
///
///   errors  "[sample] the guide has no site named "w"; its sites are: sigma, b"
///           "[sample] site "z": the guide's value is f32[64,20] in plates (images), here it is .."
Handler replay(const Context& guide);
/// Latent sites of these names become observed data.
Handler condition(std::map<std::string, Tensor> data);
/// Terms count where `mask` [plates] is not 0, and are 0 elsewhere, whatever they are there. Without names: at all sites.
Handler mask(Var mask, std::vector<std::string> names = {});
/// Terms are multiplied by `factor`, a scalar or [plates].
Handler scale(Var factor, std::vector<std::string> names = {});

}  // namespace tapir::vi
