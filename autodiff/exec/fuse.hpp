// fuse: a unit of the plan as a fused pass.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/exec/fused.hpp>
#include <tapir/autodiff/exec/storage.hpp>

namespace tapir {

/// The pass that runs a unit of elementwise and broadcast nodes on values of `storage`.
FusedPass fuse(const Plan& plan, const Unit& unit, Storage& storage);

}  // namespace tapir
