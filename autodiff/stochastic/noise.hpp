// The noise that values are made of, and drawing it afresh.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <tapir/autodiff/transforms/batch.hpp>

namespace tapir {

/// The recorded draws that `values` are made of, without those of `but_not_of`; among them nodes with a body (scan) that
/// draw inside it.
std::vector<Var> noise_of(std::span<const Var> values, std::span<const Var> but_not_of = {});

/// The noise of a site alone: what its value is made of, without what earlier sites or the parameters of its law (all
/// that the log density reads besides the value) are made of.
std::vector<Var> noise_of_site(const Var& value, const Var& log_density, std::span<const Var> earlier);

/// Which nodes the values depend on, themselves included, without going through node `around`.
std::vector<bool> ancestors_around(const Tape& tape, std::span<const Var> values, int around);

/// `count` fresh draws of each, on a new leading axis: the same noise on the stream `stream` derived from its own.
///
///   errors  "[redraw] draws inside a body cannot be repeated from outside: %7 = scan .."
std::vector<Replacement> redraw(const std::vector<Var>& noise, Index count, std::string_view stream);

}  // namespace tapir
