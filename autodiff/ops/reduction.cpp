// Types, axes and passes of reductions.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/reduction.hpp>

#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::ops {
namespace {

using Indices = std::vector<Index>;

// Elements that are worth a piece of their own.
constexpr Index piece_size = 1 << 15;
constexpr Index worth_cutting = 1 << 16;

std::vector<bool> marked(const Shape& shape, const Indices& axes) {
  std::vector<bool> result(static_cast<std::size_t>(shape.rank()), false);
  for (Index axis : axes) {
    const Index at = axis + shape.rank();
    require(axis < 0 && at >= 0, "axis " + std::to_string(axis) + " is out of range for " + shape.str());
    result[static_cast<std::size_t>(at)] = true;
  }
  return result;
}

// The operand's axis behind each axis of the result, `mixed` for those that were reduced.
std::vector<int> kept_axes(const Shape& shape, const Attrs& attrs) {
  const auto is_reduced = marked(shape, attrs.get<Indices>("axes"));
  std::vector<int> result;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (!is_reduced[static_cast<std::size_t>(axis)])
      result.push_back(axis);
    else if (attrs.flag("keep_dims"))
      result.push_back(mixed);
  }
  return result;
}

Shape reduced_shape(const Shape& shape, const Attrs& attrs) {
  Shape result;
  for (int axis : kept_axes(shape, attrs)) result.append(axis == mixed ? 1 : shape[axis]);
  return result;
}

Operand operand(Shape shape, Operand::Fill fill, double low = -2, double high = 2) {
  return {shape, low, high, fill};
}

}  // namespace

Middle middle_of(const Shape& shape, Index axis) {
  const int at = static_cast<int>(axis) + shape.rank();
  return {shape.take_front(at).size(), shape[at], shape.drop_front(at + 1).size()};
}

OuterPieces::OuterPieces(const Middle& middle)
    : outer(middle.outer), per_piece(std::max<Index>(1, middle.outer)) {
  if (middle.size() > worth_cutting) per_piece = std::max<Index>(1, piece_size / (middle.n * middle.inner));
}

Index summed_piece(Index size, Index row) {
  // Whole multiples of these rows hold whole batches of any kind of sum.
  constexpr Index usual = 1 << 12, rows = 64;
  const Index piece = row > usual || row == 0 ? usual : std::max<Index>(1, usual / (rows * row)) * rows * row;
  return size > 2 * piece ? piece : size;
}

Row reduction(std::string name) {
  return {.name = std::move(name),
          .shape = [](const Signature& s) -> std::vector<Type> {
            return {{s[0].dtype, reduced_shape(s[0].shape, s.attrs)}};
          },
          .follows = [](const Signature& s, int, int) { return kept_axes(s[0].shape, s.attrs); }};
}

std::vector<Sample> reduction_samples(Operand::Fill fill, double low, double high) {
  const auto sample = [&](Shape shape, Indices axes, Index keep_dims) -> Sample {
    return {{operand(shape, fill, low, high)}, {{"axes", axes}, {"keep_dims", keep_dims}}};
  };
  return {sample({3, 5}, {-1}, 0),
          sample({3, 5}, {-2}, 1),
          sample({3, 5}, {-2, -1}, 0),
          sample({2, 3}, {}, 0),
          sample({}, {}, 0),
          sample({1}, {-1}, 0),
          sample({2, 3, 4}, {-3, -1}, 0),
          sample({2, 1, 3, 1, 2}, {-4, -3}, 1),
          sample({1, 2, 1, 2, 2, 3}, {-6, -4, -3, -1}, 0),
          sample({7, 19}, {-2}, 0),
          sample({2, 37}, {-1}, 1)};
}

Attrs reduction_attrs(const Arg& x, const Axes& axes, bool keep_dims, std::string_view op) {
  return {{"axes", axes.from_right(x.type(), op, x.where)}, {"keep_dims", Index{keep_dims}}};
}

std::vector<int> unreduced_axes(const Shape& shape, const Attrs& attrs) {
  const auto is_reduced = marked(shape, attrs.get<Indices>("axes"));
  std::vector<int> axes;
  for (int axis = 0; axis < shape.rank(); ++axis)
    axes.push_back(is_reduced[static_cast<std::size_t>(axis)] ? mixed : axis);
  return axes;
}

Row along_axis(std::string name) {
  return {.name = std::move(name),
          .shape = [](const Signature& s) -> std::vector<Type> {
            marked(s[0].shape, {s.attrs.get<Index>("axis")});
            return {s[0]};
          },
          .follows =
              [](const Signature& s, int, int) {
                std::vector<int> axes;
                for (int axis = 0; axis < s[0].shape.rank(); ++axis) axes.push_back(axis);
                axes[axes.size() - static_cast<std::size_t>(-s.attrs.get<Index>("axis"))] = mixed;
                return axes;
              }};
}

std::vector<Sample> along_axis_samples(Operand::Fill fill) {
  const auto sample = [&](Shape shape, Index axis) -> Sample {
    return {{operand(shape, fill)}, {{"axis", axis}}};
  };
  return {sample({3, 5}, -1), sample({3, 5}, -2),       sample({4}, -1),
          sample({1, 1}, -2), sample({2, 3, 1, 2}, -3), sample({2, 19}, -1)};
}

Index axis_of(const Arg& x, int axis, std::string_view op) {
  return normalize_axis(axis, x.type(), op, x.where) - x.rank();
}

Axes axes_of(const Recorded& r) {
  const auto& axes = r.attrs.get<Indices>("axes");
  return Axes(std::vector<int>(axes.begin(), axes.end()));
}

Var stretched(const Recorded& r, const Var& value) {
  const Shape shape = r.inputs[0].shape();
  Shape kept = shape;
  for (Index axis : r.attrs.get<Indices>("axes")) kept.set(static_cast<int>(axis), 1);
  return broadcast_to(reshape(value, kept), shape);
}

Var reduced(const Recorded& r, const Var& value) { return sum(value, axes_of(r), r.attrs.flag("keep_dims")); }

void require_floating(const Type& type) {
  require(is_floating(type.dtype), "is not defined for " + type.str());
}

Passes::Passes(const Shape& shape, const Indices& axes, DType dtype) : item_(size_of(dtype)) {
  // Neighbouring axes that are all reduced, or all kept, are one; axes of size 1 are none.
  struct Run {
    Index size;
    bool is_reduced;
  };
  std::vector<Run> runs;
  const auto is_reduced = marked(shape, axes);
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool mark = is_reduced[static_cast<std::size_t>(axis)];
    if (shape[axis] == 1) continue;
    if (!runs.empty() && runs.back().is_reduced == mark)
      runs.back().size *= shape[axis];
    else
      runs.push_back({shape[axis], mark});
  }
  const Index row = shape.rank() > 1 ? shape.back() : 1;
  // The innermost run first: what is left for the others is small then.
  Index inner = 1;
  for (std::size_t i = runs.size(); i-- > 0;) {
    if (!runs[i].is_reduced) {
      inner *= runs[i].size;
      continue;
    }
    Middle middle{1, runs[i].size, inner};
    for (std::size_t before = 0; before < i; ++before) middle.outer *= runs[before].size;
    add(middle, row);
  }
  if (passes_.empty()) add({inner, 1, 1}, row);

  for (std::size_t p = 0; p + 1 < passes_.size(); ++p) {
    const Middle& middle = passes_[p].middle;
    auto& scratch = scratch_[p % 2];
    if (!scratch) scratch = std::make_shared<std::vector<double>>();
    const auto needed = static_cast<std::size_t>(middle.outer * passes_[p].cuts() * middle.inner);
    scratch->resize(std::max(scratch->size(), needed));
  }
}

std::optional<Middle> Passes::single() const {
  const auto& [middle, length] = passes_[0];
  const bool is_one = passes_.size() == 1 && length == middle.n && OuterPieces(middle).count() <= 1;
  return is_one ? std::optional(middle) : std::nullopt;
}

void Passes::add(Middle middle, Index row) {
  constexpr Index few = 8, widest = 1 << 12;
  Index length = middle.n;
  if (middle.outer == 1 && middle.inner > 0 && middle.inner <= widest)
    length = summed_piece(middle.size(), middle.inner == 1 ? row : middle.inner) / middle.inner;
  else if (const Index cut = middle.inner > 0 ? piece_size / middle.inner : 0;
           middle.outer <= few && cut >= few && middle.n >= 2 * cut && middle.size() > worth_cutting)
    length = cut;
  passes_.push_back({middle, length});
  if (length == middle.n) return;
  const Index cuts = (middle.n + length - 1) / length;
  passes_.push_back({{middle.outer, cuts, middle.inner}, cuts});
}

}  // namespace tapir::ops
