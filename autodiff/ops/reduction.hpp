// What the rows of reductions share: their type, the axes they follow, and how their axes are walked.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/rows.hpp>

namespace tapir::ops {

/// An array seen as [outer, n, inner]: n is the axis, or the neighbouring axes, that an operation treats.
struct Middle {
  Index outer = 1;
  Index n = 1;
  Index inner = 1;

  Index size() const { return outer * n * inner; }
};

Middle middle_of(const Shape& shape, Index axis);

/// Outer indices [first, last) of piece `piece`, when an array is cut into pieces of whole outer indices. A function of
/// the shape alone; small arrays are one piece.
struct OuterPieces {
  explicit OuterPieces(const Middle& middle);

  Index count() const { return (outer + per_piece - 1) / per_piece; }
  Index first(Index piece) const { return piece * per_piece; }
  Index last(Index piece) const { return std::min(outer, (piece + 1) * per_piece); }

  Index outer = 0;
  Index per_piece = 1;
};

/// Elements of a piece when rows of this length, `size` elements in all, are summed, each column or everything: size if
/// they are few. One function, so that the sums at the end of a pass have the same pieces.
Index summed_piece(Index size, Index row);

/// A row that reduces the axes in attribute `axes` (and keeps them with size 1 if `keep_dims`): name, type, follows.
Row reduction(std::string name);
/// What `reduction` rows are asked to reduce in tests: one axis, several, none, all; sizes 1 and odd ones.
std::vector<Sample> reduction_samples(Operand::Fill fill = Operand::Fill::uniform, double low = -2,
                                      double high = 2);
/// The attributes of such a row.
Attrs reduction_attrs(const Arg& x, const Axes& axes, bool keep_dims, std::string_view op);
/// For `follows` of a result with all of the operand's axes: those that attribute `axes` names are mixed.
std::vector<int> unreduced_axes(const Shape& shape, const Attrs& attrs);
/// A row of one operand that treats the axis in attribute `axis` and keeps its shape.
Row along_axis(std::string name);
std::vector<Sample> along_axis_samples(Operand::Fill fill = Operand::Fill::uniform);
/// Attribute `axis`.
Index axis_of(const Arg& x, int axis, std::string_view op);

/// For rules: attribute `axes` as the argument of another reduction.
Axes axes_of(const Recorded& r);
/// For rules: a value of a reduction's result type, stretched to the shape of its operand.
Var stretched(const Recorded& r, const Var& value);
/// For rules: `value`, of the operand's shape, summed to the shape of the result.
Var reduced(const Recorded& r, const Var& value);

/// A rejection if the operand is not floating.
void require_floating(const Type& type);

/// A reduction as passes over [outer, n, inner]: neighbouring axes are one, runs of them that are apart take a pass
/// each, and a long n with few outer indices is cut into pieces whose results a further pass reduces. The passes and
/// their pieces are a function of the shape alone.
class Passes {
 public:
  Passes(const Shape& shape, const std::vector<Index>& axes, DType dtype);

  /// The only pass, if that is one piece: what a small array is.
  std::optional<Middle> single() const;
  struct Pass {
    Middle middle;
    Index length;  // of a piece of n; n if it is not cut

    Index cuts() const { return length == middle.n ? 1 : (middle.n + length - 1) / length; }
  };
  /// A piece of a pass: `in` begins with element `begin` of what the pass reads.
  struct Piece {
    std::size_t pass;
    Index begin;
    const void* in;
    void* out;
    Index first, last, n, inner;
  };

  /// `step(in, out, first, last, n, inner)` reduces in[outer, n, inner] to out[outer, inner], see kernels::ReduceKernel.
  template <class Step>
  void run(const Buffers& buffers, const Step& step) const {
    each(buffers, [&](const Piece& p) { step(p.in, p.out, p.first, p.last, p.n, p.inner); });
  }
  /// `step(piece)` for the pieces of all passes, one pass after the other.
  template <class Step>
  void each(const Buffers& buffers, const Step& step) const;

  std::size_t count() const { return passes_.size(); }
  const Pass& operator[](std::size_t pass) const { return passes_[pass]; }

 private:
  void add(Middle middle, Index row);

  std::vector<Pass> passes_;
  std::shared_ptr<std::vector<double>> scratch_[2];
  std::size_t item_ = 8;
};

template <class Step>
void Passes::each(const Buffers& buffers, const Step& step) const {
  const auto* from = static_cast<const std::byte*>(buffers.in[0]);
  for (std::size_t p = 0; p < passes_.size(); ++p) {
    const Middle middle = passes_[p].middle;
    const Index length = passes_[p].length;
    auto* to = static_cast<std::byte*>(p + 1 == passes_.size() ? buffers.out[0] : scratch_[p % 2]->data());
    if (length == middle.n) {
      const OuterPieces pieces(middle);
      buffers.pool.run(pieces.count(), [&](Index piece, int) {
        step(Piece{p, 0, from, to, pieces.first(piece), pieces.last(piece), middle.n, middle.inner});
      });
    } else {
      const Index cuts = passes_[p].cuts();
      buffers.pool.run(middle.outer * cuts, [&](Index piece, int) {
        const Index row = piece % cuts * length;
        const Index begin = (piece / cuts * middle.n + row) * middle.inner;
        step(Piece{p, begin, from + static_cast<std::size_t>(begin) * item_,
                   to + static_cast<std::size_t>(piece * middle.inner) * item_, 0, 1,
                   std::min(length, middle.n - row), middle.inner});
      });
    }
    from = to;
  }
}

}  // namespace tapir::ops
