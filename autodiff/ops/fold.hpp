// Left folds: an operation applied to a value and the entries of an axis, one after another.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tape/op.hpp>

namespace tapir::ops {

/// ((x + y[0]) + y[1]) + .. along attribute `axis` of y, rounded after each step like the additions that it stands for;
/// `sum` is faster and more exact. Programs put it in the place of loops that add up.
///
///   shapes    x [a.., b..], y [a.., n, b..]  ->  [a.., b..]
///   gradient  dx = g, dy = g for every entry
extern const Op add_fold;

}  // namespace tapir::ops
