// Fresh draws of latent values along a new leading axis.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir::vi {

/// `outputs` for `count` independent draws of the latent values that they are made of, [count] ++ their
/// shape. What depends on no latent value is computed once, and so is noise that is not a site's, such as
/// dropout's in an encoder.
std::vector<Var> over_draws(std::span<const Var> outputs, Index count, Where where);

}  // namespace tapir::vi
