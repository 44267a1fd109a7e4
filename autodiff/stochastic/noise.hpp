// The noise that values are made of, and drawing it afresh.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <tapir/autodiff/transforms/batch.hpp>

namespace tapir {

/// The recorded draws that `values` are made of, without those of `but_not_of`.
std::vector<Var> noise_of(std::span<const Var> values, std::span<const Var> but_not_of = {});

/// `count` fresh draws of each, on a new leading axis: the same noise on the stream `stream` derived from its own.
std::vector<Replacement> redraw(const std::vector<Var>& noise, Index count, std::string_view stream);

}  // namespace tapir
