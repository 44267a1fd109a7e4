// Ends, texts and points: what looks for values outside a set is made of these.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/support.hpp>

namespace tapir::vi {

/// No end at all: the bare numbers inf and -inf.
bool is_infinite(const Var& end);

/// The ends of any set of numbers, discrete ones too.
Support::Bounds ends_of(const Support& support);

/// As few digits as tell the number from its neighbours of the same dtype.
std::string text(double x, DType dtype);

/// " at [1,0] of f64[2,2]", element `i` of `shape`, the leading axes of a tensor of this type; nothing for
/// rank 0.
std::string place_of(Index i, const Shape& shape, const Type& type);

/// How far rounding may take a point off an equation.
inline double slack(DType dtype) { return dtype == f32 ? 1e-5 : 1e-8; }

/// Support::violation for sets of points that have axes.
std::optional<std::string> violation_of_points(const Support& support, const Tensor& value);

}  // namespace tapir::vi
