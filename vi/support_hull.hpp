// Two sets of numbers as one: the smallest interval that holds both, and what both hold.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include <tapir/vi/support.hpp>

namespace tapir::vi {

/// The same kind, and the same bounds: one place on a tape, or equal values.
bool same_set(const Support& a, const Support& b);

/// The smallest connected set that holds both; none if they differ and one of them is no connected set of numbers. Where an
/// end is known only when the program runs, it counts as part of the set if it is part of one of them.
std::optional<Support> hull(const Support& a, const Support& b);

/// What both hold; none as in `hull`, but the first set may be one of whole numbers. Where an end is known only when the program runs, it belongs to the set.
std::optional<Support> intersection(const Support& a, const Support& b);

}  // namespace tapir::vi
