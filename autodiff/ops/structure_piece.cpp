// Operations that take pieces of a value or put pieces together: slice, pad, concat, stack, tile.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstring>

#include <tapir/autodiff/ops/box.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::BoxCopy;
using ops::Lattice;
using ops::require;
using Indices = std::vector<Index>;

const std::vector<DType> every_dtype{f32, f64, i64};

// Attributes with one entry per axis cover the last axes; those before them stay as they are.
Index entry(const Attrs& attrs, std::string_view name, const Shape& shape, int axis, Index absent) {
  const Indices& entries = attrs.get<Indices>(name);
  const int at = axis - shape.rank() + static_cast<int>(entries.size());
  return at < 0 ? absent : entries[static_cast<std::size_t>(at)];
}

// ---- slice: attributes begin, end, step ----

struct Range {
  Index begin, end, step;
  Index size() const { return (end - begin + step - 1) / step; }
};

Range range_of(const Attrs& attrs, const Shape& shape, int axis) {
  return {entry(attrs, "begin", shape, axis, 0), entry(attrs, "end", shape, axis, shape[axis]),
          entry(attrs, "step", shape, axis, 1)};
}

std::vector<Type> slice_type(const Signature& s) {
  Shape shape;
  for (int axis = 0; axis < s[0].shape.rank(); ++axis) {
    const Range range = range_of(s.attrs, s[0].shape, axis);
    require(range.step >= 1, "the step is " + std::to_string(range.step) + "; it has to be positive");
    require(range.begin >= 0 && range.begin <= range.end && range.end <= s[0].shape[axis],
            "[" + std::to_string(range.begin) + ", " + std::to_string(range.end) + ") does not lie in axis " +
                std::to_string(axis) + " of " + s[0].str());
    shape.append(range.size());
  }
  return {{s[0].dtype, shape}};
}

Kernel slice_kernel(const Signature& s) {
  const Shape shape = slice_type(s)[0].shape;
  Lattice from = Lattice::dense(s[0].shape);
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const Range range = range_of(s.attrs, s[0].shape, axis);
    Index& stride = from.strides[static_cast<std::size_t>(axis)];
    from.offset += range.begin * stride;
    stride *= range.step;
  }
  return Kernel([copy = BoxCopy(shape, from, Lattice::dense(shape), s[0].dtype)](const Buffers& b) {
    copy(b.in[0], b.out[0], b.pool);
  });
}

// All axes inside of the first one that is cut are whole, and those outside of it have one entry.
std::optional<Index> slice_view(const Signature& s) {
  const Shape& shape = s[0].shape;
  const auto strides = shape.strides();
  Index offset = 0;
  bool is_cut = false;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    const Range range = range_of(s.attrs, shape, axis);
    if (range.size() > 1 && (range.step != 1 || is_cut)) return std::nullopt;
    is_cut = is_cut || range.size() != shape[axis];
    offset += range.begin * strides[static_cast<std::size_t>(axis)];
  }
  return offset;
}

std::vector<int> follow_whole(const Signature& s, int, int) {
  const Shape& shape = s[0].shape;
  std::vector<int> axes;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const Range range = range_of(s.attrs, shape, axis);
    axes.push_back(range.step == 1 && range.size() == shape[axis] ? axis : mixed);
  }
  return axes;
}

Var spread(const Recorded& r, const Var& g);

const Op slice_op{
    {.name = "slice",
     .shape = slice_type,
     .kernel = slice_kernel,
     .view = slice_view,
     .follows = follow_whole,
     .vjp = ops::pull(spread),
     .linear = true,
     .dtypes = every_dtype,
     .samples = {{{{{5}}}, {{"begin", Indices{1}}, {"end", Indices{4}}, {"step", Indices{1}}}},
                 {{{{7}}}, {{"begin", Indices{1}}, {"end", Indices{7}}, {"step", Indices{3}}}},
                 {{{{2, 5, 3}}}, {{"begin", Indices{0, 0}}, {"end", Indices{4, 3}}, {"step", Indices{2, 1}}}},
                 {{{{3, 4}}}, {{"begin", Indices{2, 1}}, {"end", Indices{3, 2}}, {"step", Indices{1, 1}}}}}}};

// ---- pad: attributes before, after, interior (between neighbours), value ----

std::vector<Type> pad_type(const Signature& s) {
  Shape shape;
  for (int axis = 0; axis < s[0].shape.rank(); ++axis) {
    const Index size = s[0].shape[axis];
    const Index before = entry(s.attrs, "before", s[0].shape, axis, 0);
    const Index after = entry(s.attrs, "after", s[0].shape, axis, 0);
    require(before >= 0 && after >= 0, "a width is negative for axis " + std::to_string(axis) + " of " +
                                           s[0].str() + "; slice makes it smaller");
    shape.append(before + size +
                 std::max<Index>(size - 1, 0) * entry(s.attrs, "interior", s[0].shape, axis, 0) + after);
  }
  return {{s[0].dtype, shape}};
}

Kernel pad_kernel(const Signature& s) {
  const Type type = pad_type(s)[0];
  Lattice to = Lattice::dense(type.shape);
  for (int axis = 0; axis < type.shape.rank(); ++axis) {
    Index& stride = to.strides[static_cast<std::size_t>(axis)];
    to.offset += entry(s.attrs, "before", s[0].shape, axis, 0) * stride;
    stride *= entry(s.attrs, "interior", s[0].shape, axis, 0) + 1;
  }
  const BoxCopy copy(s[0].shape, Lattice::dense(s[0].shape), to, type.dtype);
  return dispatch(type.dtype, [&](auto zero) {
    using T = decltype(zero);
    return Kernel(
        [copy, size = type.size(), value = static_cast<T>(s.attrs.get<double>("value"))](const Buffers& b) {
          std::fill_n(b.output<T>(0), size, value);
          copy(b.in[0], b.out[0], b.pool);
        });
  });
}

std::vector<int> follow_unpadded(const Signature& s, int, int) {
  const Shape out = pad_type(s)[0].shape;
  std::vector<int> axes;
  for (int axis = 0; axis < out.rank(); ++axis) axes.push_back(out[axis] == s[0].shape[axis] ? axis : mixed);
  return axes;
}

Attrs pad_attrs(Indices before, Indices after, Indices interior, double value) {
  return {{"before", std::move(before)},
          {"after", std::move(after)},
          {"interior", std::move(interior)},
          {"value", value}};
}

Var pad_tangent(const Recorded& r, const Var& t);
Var unpad(const Recorded& r, const Var& g);

const Op pad_op{
    {.name = "pad",
     .shape = pad_type,
     .kernel = pad_kernel,
     .follows = follow_unpadded,
     .vjp = ops::pull(unpad),
     .jvp = [](const Recorded& r, const Tangents& t) -> Tangents { return {pad_tangent(r, *t[0])}; },
     .dtypes = every_dtype,
     .samples = {{{{{3}}}, pad_attrs({1}, {2}, {0}, 0.5)},
                 {{{{2, 3, 2}}}, pad_attrs({0, 1}, {0, 0}, {1, 0}, 0)},
                 {{{{1, 4}}}, pad_attrs({2, 0}, {0, 1}, {3, 2}, -1)},
                 {{{{2, 2}}}, pad_attrs({0, 0}, {0, 0}, {0, 0}, 7)}}}};

Var pad_tangent(const Recorded& r, const Var& t) {
  Attrs attrs = r.attrs;
  attrs.set("value", 0.0);
  return apply(pad_op, {t}, std::move(attrs));
}

Var unpad(const Recorded& r, const Var& g) {
  const Shape in = r.inputs[0].shape();
  Indices begin, end, step;
  for (int axis = 0; axis < in.rank(); ++axis) {
    begin.push_back(entry(r.attrs, "before", in, axis, 0));
    step.push_back(entry(r.attrs, "interior", in, axis, 0) + 1);
    end.push_back(begin.back() + (in[axis] == 0 ? 0 : (in[axis] - 1) * step.back() + 1));
  }
  return apply(slice_op, {g}, {{"begin", begin}, {"end", end}, {"step", step}});
}

Var spread(const Recorded& r, const Var& g) {
  const Shape in = r.inputs[0].shape(), out = g.shape();
  Indices before, after, interior;
  for (int axis = 0; axis < in.rank(); ++axis) {
    const Range range = range_of(r.attrs, in, axis);
    const Index covered = out[axis] == 0 ? 0 : (out[axis] - 1) * range.step + 1;
    before.push_back(range.begin);
    after.push_back(in[axis] - range.begin - covered);
    interior.push_back(range.step - 1);
  }
  return apply(pad_op, {g}, pad_attrs(before, after, interior, 0.0));
}

// ---- concat: attribute `axis` ----

std::vector<Type> concat_type(const Signature& s) {
  const int axis = static_cast<int>(s.attrs.get<Index>("axis"));
  Shape shape = s[0].shape;
  for (std::size_t i = 1; i < s.size(); ++i) {
    require(s[i].shape.rank() == shape.rank() && s[i].shape.without(axis) == shape.without(axis),
            "parts do not fit: " + s[0].str() + " and " + s[i].str() + "; they may differ along axis " +
                std::to_string(axis + shape.rank()) + " only");
    shape.set(axis, shape[axis] + s[i].shape[axis]);
  }
  return {{ops::common_dtype(s), shape}};
}

// The bytes of every part's rows, row by row.
Kernel concat_small(const Signature& s, Index rows) {
  std::vector<std::size_t> bytes;
  for (const Type& part : s.inputs)
    bytes.push_back(rows > 0 ? part.bytes() / static_cast<std::size_t>(rows) : 0);
  return Kernel([rows = static_cast<std::size_t>(rows), bytes](const Buffers& b) {
    auto* to = b.output<std::byte>(0);
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::memcpy(to, static_cast<const std::byte*>(b.in[i]) + row * bytes[i], bytes[i]);
        to += bytes[i];
      }
  });
}

Kernel concat_kernel(const Signature& s) {
  const Shape shape = concat_type(s)[0].shape;
  const int axis = static_cast<int>(s.attrs.get<Index>("axis"));
  Lattice to = Lattice::dense(shape);
  std::vector<BoxCopy> copies;
  for (const Type& part : s.inputs) {
    copies.emplace_back(part.shape, Lattice::dense(part.shape), to, part.dtype);
    to.offset += part.shape[axis] * to.strides[static_cast<std::size_t>(axis + shape.rank())];
  }
  constexpr std::size_t small = 1 << 14;
  if (concat_type(s)[0].bytes() <= small)
    return concat_small(s, shape.take_front(axis + shape.rank()).size());
  return Kernel([copies](const Buffers& b) {
    for (std::size_t i = 0; i < copies.size(); ++i) copies[i](b.in[i], b.out[0], b.pool);
  });
}

std::vector<int> follow_other_axes(const Signature& s, int, int) {
  std::vector<int> axes;
  for (int axis = 0; axis < s[0].shape.rank(); ++axis) axes.push_back(axis);
  *(axes.end() + s.attrs.get<Index>("axis")) = mixed;
  return axes;
}

Tangents split(const Recorded& r, const Tangents& g) {
  const int axis = static_cast<int>(r.attrs.get<Index>("axis"));
  Tangents parts(r.inputs.size());
  Index begin = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Index end = begin + r.inputs[i].shape()[axis];
    if (r.needs[i]) parts[i] = slice(*g[0], axis, begin, end);
    begin = end;
  }
  return parts;
}

const Op concat_op{{.name = "concat",
                    .shape = concat_type,
                    .kernel = concat_kernel,
                    .joins =
                        [](const Signature& s) {
                          const auto axis = static_cast<int>(s.attrs.get<Index>("axis"));
                          return s[0].shape.take_front(axis + s[0].shape.rank()).size() == 1;
                        },
                    .follows = follow_other_axes,
                    .vjp = split,
                    .linear = true,
                    .dtypes = every_dtype,
                    .samples = {{{{{2, 3}}, {{1, 3}}, {{4, 3}}}, {{"axis", Index{-2}}}},
                                {{{{2, 3}}, {{2, 1}}}, {{"axis", Index{-1}}}},
                                {{{{2, 1, 3}}, {{2, 2, 3}}}, {{"axis", Index{-2}}}},
                                {{{{1}}, {{1}}}, {{"axis", Index{-1}}}}}}};

std::vector<Arg> arguments(const std::vector<Var>& parts, Where where) {
  std::vector<Arg> result;
  for (const Var& part : parts) result.emplace_back(part, where);
  return result;
}

// Entry `inner` for `axis`, `whole` for those after it.
Indices trailing(Index inner, const Shape& shape, int axis, Index absent) {
  Indices entries(static_cast<std::size_t>(shape.rank() - axis), absent);
  entries[0] = inner;
  return entries;
}

}  // namespace

Var slice(Arg x, int axis, Index begin, Index end, Index step) {
  const Shape shape = x.shape();
  const int at = normalize_axis(axis, x.type(), "slice", x.where);
  if (begin < 0) begin += shape[at];
  if (end < 0) end += shape[at];
  if (begin == 0 && end == shape[at] && step == 1) return x;
  Indices ends = trailing(end, shape, at, 0);
  for (int i = at + 1; i < shape.rank(); ++i) ends[static_cast<std::size_t>(i - at)] = shape[i];
  return apply(
      slice_op, {x},
      {{"begin", trailing(begin, shape, at, 0)}, {"end", ends}, {"step", trailing(step, shape, at, 1)}});
}

Var pad(Arg x, std::vector<std::pair<Index, Index>> widths, double value) {
  const Type type = x.type();
  if (static_cast<int>(widths.size()) != type.shape.rank())
    throw Error("pad",
                std::to_string(widths.size()) + " widths for " + type.str() + "; each axis needs one pair",
                x.where);
  if (x.var.dtype() == i64 && value != std::floor(value))
    throw Error("pad",
                "the value " + str(Attr(value)) + " meets an i64 operand, which takes whole numbers only",
                x.where);
  Indices before, after;
  for (const auto& [b, a] : widths) {
    before.push_back(b);
    after.push_back(a);
  }
  const Indices none(widths.size(), 0);
  if (before == none && after == none) return x;
  return apply(pad_op, {x}, pad_attrs(before, after, none, value));
}

Var concat(std::vector<Var> parts, int axis, Where where) {
  if (parts.empty()) throw Error("concat", "there are no parts; needs at least one", where);
  const Type type = parts[0].type();
  const int at = normalize_axis(axis, type, "concat", where);
  if (parts.size() == 1) return parts[0];
  return apply_all(concat_op, arguments(parts, where), {{"axis", Index{at - type.shape.rank()}}})[0];
}

Var stack(std::vector<Var> parts, int axis, Where where) {
  if (parts.empty()) throw Error("stack", "there are no parts; needs at least one", where);
  const Type type = parts[0].type();
  for (const Var& part : parts) {
    if (part.shape() != type.shape)
      throw Error("stack",
                  "parts differ: " + type.str() + " and " + part.type().str() +
                      "; they have to be of one shape",
                  where);
  }
  const int at =
      normalize_axis(axis, {type.dtype, type.shape.inserted(0, Index(parts.size()))}, "stack", where);
  for (Var& part : parts) part = expand_dims(Arg(part, where), at);
  return concat(std::move(parts), at, where);
}

Var tile(Arg x, std::vector<Index> repeats) {
  const Shape shape = x.shape();
  if (static_cast<int>(repeats.size()) != shape.rank())
    throw Error("tile",
                std::to_string(repeats.size()) + " repeats for " + x.type().str() + "; each axis needs one",
                x.where);
  // Each axis that is repeated gets an axis of copies before it.
  Shape split, stretched, result;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const Index count = repeats[static_cast<std::size_t>(axis)];
    if (count < 0) throw Error("tile", "a count is negative: " + std::to_string(count), x.where);
    if (count != 1) {
      split.append(1);
      stretched.append(count);
    }
    split.append(shape[axis]);
    stretched.append(shape[axis]);
    result.append(count * shape[axis]);
  }
  return composed(x.where, "tile", {x.var},
                  [&] { return reshape(broadcast_to(reshape(x, split), stretched), result); });
}

// ---- sums of paddings ----

namespace {

// What a padding with zeros along one axis puts there.
struct Piece {
  Var value;
  int axis;
  Index begin, end;
};

std::optional<Piece> piece_of(const Var& x) {
  const auto place = x.place();
  if (!place || place->tape->node(place->ref.node).op != &pad_op) return std::nullopt;
  const Node& node = place->tape->node(place->ref.node);
  const Var from = place->tape->var(node.inputs[0]);
  std::optional<Piece> piece;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (from.shape()[axis] == x.shape()[axis]) continue;
    if (piece || entry(node.attrs, "interior", x.shape(), axis, 0) != 0) return std::nullopt;
    const Index begin = entry(node.attrs, "before", x.shape(), axis, 0);
    piece = {from, axis, begin, begin + from.shape()[axis]};
  }
  const double value = node.attrs.get<double>("value");
  return piece && value == 0 && !std::signbit(value) ? piece : std::nullopt;
}

// Pieces of one axis that do not overlap, in order, with zeros between.
Var side_by_side(const std::vector<Piece>& pieces, const Type& type) {
  std::vector<Var> parts;
  Index end = 0;
  const int axis = pieces[0].axis;
  const auto zeros_until = [&](Index begin) {
    Shape gap = type.shape;
    gap.set(axis, begin - end);
    if (begin > end) parts.push_back(zeros({type.dtype, gap}));
  };
  for (const Piece& piece : pieces) {
    zeros_until(piece.begin);
    parts.push_back(piece.value);
    end = piece.end;
  }
  zeros_until(type.shape[axis]);
  return concat(parts, axis);
}

}  // namespace

bool is_padding(const Var& x) { return piece_of(x).has_value(); }

Var add_up(std::span<const Var> terms) {
  std::vector<Piece> pieces;
  std::vector<Var> others;
  for (const Var& term : terms) {
    const auto piece = piece_of(term);
    if (piece && (pieces.empty() || piece->axis == pieces[0].axis))
      pieces.push_back(*piece);
    else
      others.push_back(term);
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  const auto overlap = [](const Piece& a, const Piece& b) { return a.end > b.begin; };
  const bool apart = std::adjacent_find(pieces.begin(), pieces.end(), overlap) == pieces.end();
  std::optional<Var> sum;
  if (pieces.size() > 1 && apart)
    sum = side_by_side(pieces, terms[0].type());
  else
    others.assign(terms.begin(), terms.end());
  for (const Var& other : others) sum = sum ? *sum + other : other;
  return *sum;
}

}  // namespace tapir
