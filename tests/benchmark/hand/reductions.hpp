// Reductions, cumulative sums and gathers as loops.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace tapir::bench::hand {

/// x [rows, columns], f32; axis 0, 1, or -1 for all. Each writes to `out`.
void sum_over(int axis, long rows, long columns, const float* x, float* out);
void logsumexp_over(int axis, long rows, long columns, const float* x, float* out);
void cumsum_along(int axis, long rows, long columns, const float* x, float* out);
/// out[i] = x[index[i]], whole rows.
void take_rows(long count, long columns, const long* index, const float* x, float* out);
/// out[i, j] = x[i, index[i, j]].
void gather_along(long rows, long columns, long count, const long* index, const float* x, float* out);

}  // namespace tapir::bench::hand
