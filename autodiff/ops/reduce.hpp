// Reductions, softmax, running sums and orders along axes. `axes` defaults to all of them.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

/// Sum over `axes`, in pairs: a tree that is a function of the shape.
///
///   shapes    x [..]  ->  x.shape without `axes`, or with 1s there if `keep_dims`; so for all reductions
///   gradient  g, stretched
///   errors    "[sum] axis 3 is out of range for f32[2,4]"
Var sum(Arg x, Axes axes = {}, bool keep_dims = false);
/// sum(square(x)), the same bits, without an array of squares.
///
///   gradient  2 g x
Var sum_squares(Arg x, Axes axes = {}, bool keep_dims = false);
/// sum(x) / n.
///
///   errors  "[mean] is not defined for i64[3]"
Var mean(Arg x, Axes axes = {}, bool keep_dims = false);
/// Product over `axes`; 1 if there is nothing.
///
///   gradient  g times the product of the others, without a division: right at zeros, of any order
Var prod(Arg x, Axes axes = {}, bool keep_dims = false);
/// The largest over `axes`. NaN propagates; -inf (or the lowest i64) if there is nothing.
///
///   gradient  g, shared equally by ties
Var max(Arg x, Axes axes = {}, bool keep_dims = false);
/// The smallest over `axes`. NaN propagates; inf (or the largest i64) if there is nothing.
///
///   gradient  g, shared equally by ties
Var min(Arg x, Axes axes = {}, bool keep_dims = false);
/// Sum of squared deviations from the mean, in a second pass, divided by n - `correction`.
///
///   gradient  2 g (x - mean) / (n - correction)
///   errors    "[var] a correction of 1 needs more elements than that along the axes: f64[3,1]"
Var var(Arg x, Axes axes = {}, Index correction = 0, bool keep_dims = false);
/// Euclidean norm; squares neither overflow nor vanish on the way.
///
///   gradient  g x / y; 0 at x = 0
///   errors    "[norm] is not defined for i64[3]"
Var norm(Arg x, Axes axes = {}, bool keep_dims = false);
/// Index of the first largest element, i64; of the first NaN if there is one.
///
///   shapes    x [.., n, ..]  ->  x.shape without the axis
///   gradient  none
///   errors    "[argmax] axis 1 of f32[3,0] is empty; argmax needs an element"
Var argmax(Arg x, int axis = -1);
/// Log-sum-exp over `axes`: y = log sum exp(x), computed as m + log sum exp(x - m), m = max x.
///
///   gradient  g exp(x - y)
///   domain    all reals; all -inf (or nothing) gives -inf with zero gradient, inf gives inf
///   errors    "[logsumexp] axis 3 is out of range for f32[2,4]"
///   source    Blanchard, Higham & Higham 2021, eq. 3.2
Var logsumexp(Arg x, Axes axes = {}, bool keep_dims = false);
/// exp(x - m) / sum exp(x - m), m = max x.
///
///   gradient  y (g - sum g y)
///   domain    NaN where all are -inf, or where one is inf
///   source    Blanchard, Higham & Higham 2021
Var softmax(Arg x, int axis = -1);
/// (x - m) - log sum exp(x - m), m = max x: exact also where x is large.
///
///   gradient  g - exp(y) sum g
///   domain    as softmax
Var log_softmax(Arg x, int axis = -1);
/// Running sum, its own last element included; f32 is summed in double.
///
///   gradient  running sum of g from the end
Var cumsum(Arg x, int axis = -1);
/// Ascending; NaN last, equal ones in the order in which they stand.
///
///   gradient  g, each where its element came from
Var sort(Arg x, int axis = -1);

struct TopK {
  Var values;
  Var indices;  // i64
};
/// The k largest of an axis, descending: NaN first, equal ones in the order in which they stand.
///
///   shapes    x [.., n, ..]  ->  [.., k, ..] both
///   gradient  of values: g, each where its element came from
///   errors    "[top_k] k is 5, but axis 0 of f32[3] has 3 elements"
TopK top_k(Arg x, Index k, int axis = -1);

}  // namespace tapir
