// What parameters and a trainer's state have in common: named cells that take values all at once or not at all.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

using Cells = std::vector<std::shared_ptr<Cell>>;

/// An Error that lists what is missing, unknown or of another type, unless `values` has one for each cell. `whose`
/// completes "these are not the values of ..".
void check_values(const Cells& cells, const std::map<std::string, Tensor>& values, std::string_view whose,
                  Where where);

/// The same, then each cell takes its value.
void assign_values(const Cells& cells, const std::map<std::string, Tensor>& values, std::string_view whose,
                   Where where);

std::map<std::string, Tensor> values_of(const Cells& cells);
std::vector<std::string> paths_of(const Cells& cells);
/// "a, b, c" for an error message, shortened when there are many.
std::string listed(const std::vector<std::string>& names);
/// `prefix` itself, or a path below it; everything lies below the empty one.
bool lies_below(std::string_view path, std::string_view prefix);

}  // namespace tapir
