// Handlers: replaying, conditioning, masking, scaling.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <vector>

#include <tapir/vi/context.hpp>

namespace tapir::vi {

/// Latent sites take the values of an earlier run, which must have them, unless another handler gives them
/// one.
///
///   errors  "[sample] the guide has no site named "w"; its sites are: sigma, b"
///           "[sample] site "z": the guide has plates (images: 64 of 60000), the model (images: 60 of 60000)"
///           "[sample] site "z": the guide's value is f32[64,20], here it has shape [64,10]"
Handler replay(const Context& guide);
/// Latent sites of these names become observed data.
///
///   errors  "[condition] site "z": the data are f32[3], the site has shape [4]"
///           "[condition] site "x" is observed already"
Handler condition(std::map<std::string, Tensor> data);
/// Terms, log densities and divergences alike, count where `mask` [plates] is not 0, and are 0 elsewhere.
/// Data there are replaced before their density is taken: what is NaN or outside the support there leaves no
/// trace in the value, nor in a gradient. The mask of outer plates is shared by the inner ones. Without
/// names: at all sites.
///
///   errors  "[mask] site "x" has one term per element of [4], not of [3]"
Handler mask(Var mask, std::vector<std::string> names = {});
/// Terms are multiplied by `factor`, a scalar or [plates]; that of outer plates is shared by the inner ones.
///
///   errors  "[scale] site "x" has one term per element of [4], not of [3]"
Handler scale(Var factor, std::vector<std::string> names = {});

}  // namespace tapir::vi
