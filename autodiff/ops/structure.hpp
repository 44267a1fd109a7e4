// Operations that move elements: shapes, pieces, gathers.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <utility>
#include <vector>

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

// ---- shapes: no element moves ----

/// Stretches axes of size 1 and missing leading axes.
///
///   shapes    x [..]  ->  shape, to which x broadcasts from the right
///   gradient  dx = g summed over what was stretched
///   errors    "[broadcast_to] f32[3] does not broadcast to [2,4]; each axis, counted from the right, has to be 1 or of
///             the size that is asked for"
///   cost      none when run where it is fused into its readers
Var broadcast_to(Arg x, const Shape& shape);

/// The same elements in row-major order under another shape. One of `sizes` may be -1: what is left for it.
///
///   gradient  dx = g under x's shape
///   errors    "[reshape] f32[2,3] has 6 elements, [4] has 4"
///             "[reshape] f32[2,3] has 6 elements; no size for axis 1 fits beside 4 of the others"
///   cost      none when run
Var reshape(Arg x, std::initializer_list<Index> sizes);
Var reshape(Arg x, const Shape& shape);

/// An axis of size 1 before axis `axis`; -1 appends one.
///
///   errors    "[expand_dims] axis 4 is out of range for the result of f32[2,3], which has 3 axes"
Var expand_dims(Arg x, int axis);

/// Removes an axis of size 1.
///
///   errors    "[squeeze] axis 0 of f32[2,3] is not of size 1"
Var squeeze(Arg x, int axis);

/// The value with no gradient. What depends on x still depends on it: reachability looks through.
Var stop_gradient(Arg x);

/// The value of x, not before `dependency` is there; nothing merges it with x. For recomputation.
///
///   gradient  dx = g; none for the dependency
Var after(Arg x, Arg dependency);

// ---- order ----

/// Axes in the order given: result axis i is x's axis order[i].
///
///   gradient  dx = g in the inverse order
///   errors    "[transpose] axis 0 is named twice for f32[2,3]"
Var transpose(Arg x, std::vector<int> order);
/// The last two axes swapped.
Var transpose(Arg x);

/// Elements of these axes in reverse order.
///
///   gradient  dx = flip(g)
Var flip(Arg x, Axes axes);

/// The last two axes' elements on and below diagonal `diagonal` (0 the main one, 1 the one above it); 0 elsewhere.
///
///   gradient  dx = tril(g)
///   errors    "[tril] needs a matrix, the operand is f32[3]"
Var tril(Arg x, int diagonal = 0);
/// The elements on and above diagonal `diagonal`; 0 elsewhere.
Var triu(Arg x, int diagonal = 0);

// ---- pieces ----

/// Elements [begin, end) of an axis, every `step`-th. Negative bounds count from the end.
///
///   gradient  dx = g where it was taken from, 0 elsewhere
///   errors    "[slice] [2, 9) does not lie in axis 0 of f32[4]"
///             "[slice] the step is 0; it has to be positive"
Var slice(Arg x, int axis, Index begin, Index end, Index step = 1);

/// `value` before and after each axis; one pair per axis, outermost first.
///
///   gradient  dx = the slice of g that x became
///   errors    "[pad] 1 widths for f32[2,3]; each axis needs one pair"
///             "[pad] a width is negative for axis 0 of f32[2]; slice makes it smaller"
Var pad(Arg x, std::vector<std::pair<Index, Index>> widths, double value = 0.0);

/// The parts one after another along an axis.
///
///   gradient  slices of g
///   errors    "[concat] parts do not fit: f32[2,3] and f32[2,4]; they may differ along axis 0 only"
///             "[concat] there are no parts; needs at least one"
Var concat(std::vector<Var> parts, int axis = 0, Where where = here());

/// The parts along a new axis, before axis `axis` of theirs.
///
///   errors    "[stack] parts differ: f32[2] and f32[3]; they have to be of one shape"
Var stack(std::vector<Var> parts, int axis = 0, Where where = here());

/// A recorded padding with zeros along one axis: what a slice gives back as cotangent.
bool is_padding(const Var& x);
/// The sum of values of one type; paddings with zeros that lie apart along an axis are put side by side instead.
Var add_up(std::span<const Var> terms);

/// Each axis repeated as a whole: [a, b] twice is [a, b, a, b].
///
///   errors    "[tile] 1 repeats for f32[2,3]; each axis needs one"
Var tile(Arg x, std::vector<Index> repeats);

// ---- by index ----
// Indices are i64; bare whole numbers become so. An index that is known while recording or on plain values is checked
// then. One that is only known when a program runs is never read with: what would have come of it is NaN (-1 in i64),
// which the guard of a training step, and the checked run mode, report.

/// Rows of x by index: x [p.., n, q..] along axis n, indices [j..] -> [p.., j.., q..]. An index alone removes the axis.
///
///   gradient  dx = g added up where it was taken from
///   errors    "[take] index 7 is out of range for size 4, axis 0 of f32[4,3]"
///             "[take] indices are f32[2]; they have to be i64"
Var take(Arg x, Arg indices, int axis = 0);

/// One element per index along an axis: x [.., n, ..], indices [.., m, ..], equal but for that axis, -> [.., m, ..].
///
///   gradient  dx = g added up where it was taken from
///   errors    "[gather] indices i64[3,1] do not fit f32[2,4]; they may differ along axis 1 only"
///   cost      a copy more each way unless the axis is the last
Var gather(Arg x, Arg indices, int axis = -1);

/// x with `updates` added at `indices` along an axis: the transpose of take. An index may stand several times; what
/// meets is added in the order of the indices.
///
///   shapes    x [p.., n, q..], indices [j..], updates [p.., j.., q..]
///   gradient  dx = g, dupdates = take(g, indices)
///   errors    "[scatter_add] updates are f32[2,3]; with indices [4] into [5,3] they have to be [4,3]"
Var scatter_add(Arg x, Arg indices, Arg updates, int axis = 0);

/// 1 at each index, 0 elsewhere: [..] -> [.., size]. No gradient.
///
///   errors    "[one_hot] index 3 is out of range for size 3"
Var one_hot(Arg indices, Index size, DType dtype);

// ---- made of nothing: plain values ----

Var full(const Type& type, double value);
inline Var zeros(const Type& type) { return full(type, 0.0); }
inline Var ones(const Type& type) { return full(type, 1.0); }
/// 0, 1, .. size-1
Var iota(Index size, DType dtype = DType::i64);
/// The identity matrix.
Var eye(Index size, DType dtype);

}  // namespace tapir
