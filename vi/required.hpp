// required: recorded parameters, which cannot be read before the program runs.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include <tapir/vi/support.hpp>

namespace tapir::vi {

/// A parameter of a law as it is; where it is recorded, NaN where it is not in `support`, so that no density and no draw
/// goes on with it. The checked run mode then says of the law what a plain value would be told when it is given:
///
///   errors  "[Normal] scale is -1, needs to be positive: %7 = required ..   # x/Normal in step 3; nothing was stored"
///
/// Real numbers and logarithms of weights are let through: what is wrong with them is NaN or infinite in what is made of
/// them.
///
///   gradient  g, 0 where it is outside
Var required(std::string_view law, const std::string& parameter, const Var& value, const Support& support,
             Where where);

}  // namespace tapir::vi
