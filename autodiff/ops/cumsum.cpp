// Running sums along an axis.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/kernels/table.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/reduction.hpp>

namespace tapir {
namespace {

Kernel cumsum_kernel(const Signature& s) {
  const ops::Middle middle = ops::middle_of(s[0].shape, s.attrs.get<Index>("axis"));
  const auto scan = kernels::find_reduce(s.attrs.flag("reverse") ? "cumsum_reverse" : "cumsum", s[0].dtype);
  return Kernel([middle, pieces = ops::OuterPieces(middle), scan](const Buffers& b) {
    b.pool.run(pieces.count(), [&](Index piece, int) {
      scan(b.in[0], b.out[0], pieces.first(piece), pieces.last(piece), middle.n, middle.inner);
    });
  });
}

Var cumsum_along(const Arg& x, Index axis, bool reverse);

Var backwards(const Recorded& r, const Var& g) {
  return cumsum_along(g, r.attrs.get<Index>("axis"), !r.attrs.flag("reverse"));
}

const Op cumsum_op{[] {
  Row row = ops::along_axis("cumsum");
  row.kernel = cumsum_kernel;
  row.vjp = ops::pull(backwards);
  row.linear = true;
  row.dtypes = {f32, f64, i64};
  for (Index reverse : {0, 1})
    for (Sample sample : ops::along_axis_samples()) {
      sample.attrs.set("reverse", reverse);
      row.samples.push_back(std::move(sample));
    }
  return row;
}()};

Var cumsum_along(const Arg& x, Index axis, bool reverse) {
  return apply(cumsum_op, {x}, {{"axis", axis}, {"reverse", Index{reverse}}});
}

}  // namespace

Var cumsum(Arg x, int axis) { return cumsum_along(x, ops::axis_of(x, axis, "cumsum"), false); }

}  // namespace tapir
