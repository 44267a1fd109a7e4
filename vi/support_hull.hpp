// Two sets of numbers as one: the smallest interval that holds both, and what both hold.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include <tapir/vi/support.hpp>

namespace tapir::vi {

/// The same kind, and the same bounds and inner ends: one place on a tape, or equal values.
bool same_set(const Support& a, const Support& b);

/// The smallest connected set that holds both; none if they differ and one of them is no connected set of numbers. Where an
/// end is known only when the program runs, it counts as part of the set if it is part of one of them. Ends of either
/// that are not the hull's are inner ones.
std::optional<Support> hull(const Support& a, const Support& b);

/// What both hold; none as in `hull`, but the first set may be one of whole numbers. Where an end is known only when
/// the program runs, it belongs to the set.
std::optional<Support> intersection(const Support& a, const Support& b);

/// Sets of numbers with the same ends: one place on a tape, or equal values. Whether the ends belong to the sets is nothing
/// that a density sees.
bool have_same_ends(const Support& a, const Support& b);

/// Whether two connected sets of numbers are known to be one together: at least a common end. What moves is known only where
/// it is one place on a tape.
bool are_connected(const Support& a, const Support& b);

/// Whether values of a set are known to lie outside of another one, by more than the rounding of a bound to f32.
bool is_known_beyond(const Support& set, const Support& other);

}  // namespace tapir::vi
