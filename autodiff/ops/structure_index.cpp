// Operations that choose elements by index: take, gather, scatter_add, one_hot.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::require;

const std::vector<DType> every_dtype{f32, f64, i64};

// What stands in a result where an index was out of range.
template <class T>
constexpr T poison = std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : T(-1);

/// A table of at most this many numbers is summed in copies.
constexpr Index small_table = 64;

constexpr Index piece_elements = 1 << 16;
constexpr Index most_pieces = 16;

// Table [B.., P.., n, I..], indices [B.., J..], rows [B.., P.., J.., I..]: `axis` names n from the right in the table,
// the last `index_rank` axes of the indices are J, those before them (B) are shared with the table.
struct Layout {
  Shape rows_shape;
  int shared, index_rank, at;
  Index batch, before, size, count, inner;

  Layout(const Shape& table, const Shape& indices, const Attrs& attrs) {
    index_rank = static_cast<int>(attrs.get<Index>("index_rank"));
    shared = indices.rank() - index_rank;
    at = table.rank() + static_cast<int>(attrs.get<Index>("axis"));
    require(shared >= 0 && at >= shared && table.take_front(shared) == indices.take_front(shared),
            "indices " + indices.str() + " do not fit " + table.str());
    batch = table.take_front(shared).size();
    before = table.slice(shared, at).size();
    size = table[at];
    count = indices.drop_front(shared).size();
    inner = table.drop_front(at + 1).size();
    rows_shape = table.take_front(at) + indices.drop_front(shared) + table.drop_front(at + 1);
  }

  // Which axis of the rows an axis of the table, or of the indices, has become.
  std::vector<int> follow_table() const {
    std::vector<int> axes;
    for (int i = 0; i < rows_shape.rank(); ++i)
      axes.push_back(i < at ? i : i < at + index_rank ? mixed : i - index_rank + 1);
    return axes;
  }
  std::vector<int> follow_indices() const {
    std::vector<int> axes;
    for (int i = 0; i < rows_shape.rank(); ++i)
      axes.push_back(i < shared ? i : i >= at && i < at + index_rank ? i - at + shared : mixed);
    return axes;
  }
  std::vector<int> follow_rows(int table_rank) const {
    std::vector<int> axes;
    for (int i = 0; i < table_rank; ++i) axes.push_back(i < at ? i : i == at ? mixed : i + index_rank - 1);
    return axes;
  }
};

void require_indices(const Type& type) {
  require(type.dtype == i64, "indices are " + type.str() + "; they have to be i64");
}

Shape stretched(Index count, const Shape& shape) { return Shape{count} + shape; }

Var widened(const Widened& operand, Index count) {
  return operand.batched ? operand.value
                         : broadcast_to(operand.value, stretched(count, operand.value.shape()));
}

Var take_rows(const Arg& table, const Arg& indices, Index axis, Index index_rank);
Var add_rows(const Arg& indices, const Arg& rows, const Shape& shape, Index axis, Index index_rank);

// ---- take ----

std::vector<Type> take_type(const Signature& s) {
  require_indices(s[1]);
  return {{s[0].dtype, Layout(s[0].shape, s[1].shape, s.attrs).rows_shape}};
}

// n rows of `inner` numbers from a table of `size` rows.
template <class T>
void take_some(const T* table, const Index* indices, T* out, Index size, Index n, Index inner) {
  const auto is_inside = [&](Index j) { return indices[j] >= 0 && indices[j] < size; };
  if (inner == 1) {
    for (Index j = 0; j < n; ++j) out[j] = is_inside(j) ? table[indices[j]] : poison<T>;
    return;
  }
  for (Index j = 0; j < n; ++j, out += inner) {
    if (is_inside(j))
      std::copy_n(table + indices[j] * inner, inner, out);
    else
      std::fill_n(out, inner, poison<T>);
  }
}

Kernel take_kernel(const Signature& s) {
  const Layout l(s[0].shape, s[1].shape, s.attrs);
  return dispatch(s[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const Index total = l.batch * l.before * l.count;
    const Index pieces = std::clamp<Index>(total * l.inner / piece_elements, 1, most_pieces);
    return Kernel([l, total, pieces](const Buffers& b) {
      const T* table = b.input<T>(0);
      const Index* indices = b.input<Index>(1);
      T* out = b.output<T>(0);
      b.pool.run(pieces, [&](Index piece, int) {
        const Index last = total * (piece + 1) / pieces;
        for (Index r = total * piece / pieces; r < last;) {
          const Index block = r / l.count;
          const Index j = r % l.count;
          const Index n = std::min(last - r, l.count - j);
          const Index* chosen = indices + block / l.before * l.count + j;
          take_some(table + block * l.size * l.inner, chosen, out + r * l.inner, l.size, n, l.inner);
          r += n;
        }
      });
    });
  });
}

// Indices that are shared by all particles need not be copied, nor a table that is.
std::vector<Var> batch_take(const Recorded& r, std::span<const Widened> in, Index count) {
  const Layout l(r.inputs[0].shape(), r.inputs[1].shape(), r.attrs);
  const Index axis = r.attrs.get<Index>("axis");
  if (!in[1].batched && l.shared == 0) return {take_rows(in[0].value, in[1].value, axis, l.index_rank)};
  if (in[0].batched || l.shared > 0)
    return {take_rows(widened(in[0], count), widened(in[1], count), axis, l.index_rank)};
  const Var rows = take_rows(in[0].value, in[1].value, axis, l.index_rank + 1);
  std::vector<int> order{l.at};
  for (int i = 0; i < rows.rank(); ++i)
    if (i != l.at) order.push_back(i);
  return {transpose(rows, order)};
}

Var take_back(const Recorded& r, const Var& g) {
  return add_rows(r.inputs[1], g, r.inputs[0].shape(), r.attrs.get<Index>("axis"),
                  r.attrs.get<Index>("index_rank"));
}

Tangents push_take(const Recorded& r, const Tangents& t) {
  if (!t[0]) return {std::nullopt};
  return {take_rows(*t[0], r.inputs[1], r.attrs.get<Index>("axis"), r.attrs.get<Index>("index_rank"))};
}

Operand index_operand(const Shape& shape, Index size) {
  return {shape, 0, static_cast<double>(size - 1), Operand::Fill::integer};
}

Attrs row_attrs(Index axis, Index index_rank) { return {{"axis", axis}, {"index_rank", index_rank}}; }

const Op take_op{{.name = "take",
                  .shape = take_type,
                  .kernel = take_kernel,
                  .follows =
                      [](const Signature& s, int, int input) {
                        const Layout l(s[0].shape, s[1].shape, s.attrs);
                        return input == 0 ? l.follow_table() : l.follow_indices();
                      },
                  .batch = batch_take,
                  .vjp = ops::pull_each({take_back, nullptr}),
                  .jvp = push_take,
                  .dtypes = every_dtype,
                  .samples = {{{{{4, 3}}, index_operand({5}, 4)}, row_attrs(-2, 1)},
                              {{{{2, 4}}, index_operand({}, 4)}, row_attrs(-1, 0)},
                              {{{{2, 4, 3}}, index_operand({3, 2}, 4)}, row_attrs(-2, 2)},
                              {{{{2, 1, 4, 3}}, index_operand({2, 3}, 4)}, row_attrs(-2, 1)},
                              {{{{2, 3, 4}}, index_operand({2, 3, 1}, 4)}, row_attrs(-1, 1)}}}};

Var take_rows(const Arg& table, const Arg& indices, Index axis, Index index_rank) {
  return apply(take_op, {table, indices}, row_attrs(axis, index_rank));
}

// ---- scatter_add: the transpose of take; attribute `shape`, that of the table ----

std::vector<Type> scatter_type(const Signature& s) {
  require_indices(s[0]);
  const Shape& shape = s.attrs.get<Shape>("shape");
  const Layout l(shape, s[0].shape, s.attrs);
  require(s[1].shape == l.rows_shape, "updates are " + s[1].str() + "; with indices " + s[0].shape.str() +
                                          " into " + shape.str() + " they have to be " + l.rows_shape.str());
  return {{s[1].dtype, shape}};
}

/// Adds numbers to a small table: each fourth to a copy of its own, since additions to one entry wait for each other.
/// False if an index is outside.
template <class T>
bool add_numbers(const Index* indices, const T* x, Index count, T* table, Index size) {
  constexpr Index copies = 4;
  std::array<T, copies * small_table> own;
  std::fill_n(own.data(), copies * size, T{0});
  bool inside = true;
  for (Index j = 0; j < count; ++j) {
    const bool known = indices[j] >= 0 && indices[j] < size;
    inside &= known;
    own[static_cast<std::size_t>((known ? indices[j] : 0) * copies + j % copies)] += x[j];
  }
  for (Index i = 0; i < size; ++i) {
    const T* sums = own.data() + i * copies;
    table[i] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  return inside;
}

// One slice of the table is written by one thread, in the order of the indices.
Kernel scatter_kernel(const Signature& s) {
  const Layout l(s.attrs.get<Shape>("shape"), s[0].shape, s.attrs);
  return dispatch(s[1].dtype, [&](auto zero) {
    using T = decltype(zero);
    const Index slices = l.batch * l.before;
    const Index pieces = std::clamp<Index>(slices * (l.size + l.count) * l.inner / piece_elements, 1,
                                           std::clamp<Index>(slices, 1, most_pieces));
    return Kernel([l, slices, pieces](const Buffers& b) {
      b.pool.run(pieces, [&](Index piece, int) {
        for (Index slice = slices * piece / pieces; slice < slices * (piece + 1) / pieces; ++slice) {
          const Index* indices = b.input<Index>(0) + slice / l.before * l.count;
          const T* rows = b.input<T>(1) + slice * l.count * l.inner;
          T* table = b.output<T>(0) + slice * l.size * l.inner;
          bool lost = false;
          if (l.inner == 1 && l.size <= std::min(small_table, l.count)) {
            if (!add_numbers(indices, rows, l.count, table, l.size)) std::fill_n(table, l.size, poison<T>);
            continue;
          }
          std::fill_n(table, l.size * l.inner, T{0});
          for (Index j = 0; j < l.count; ++j, rows += l.inner) {
            if (indices[j] < 0 || indices[j] >= l.size) {
              lost = true;
              continue;
            }
            T* row = table + indices[j] * l.inner;
            if (l.inner == 1)
              *row += *rows;
            else
              for (Index i = 0; i < l.inner; ++i) row[i] += rows[i];
          }
          if (lost) std::fill_n(table, l.size * l.inner, poison<T>);
        }
      });
    });
  });
}

std::vector<Var> batch_scatter(const Recorded& r, std::span<const Widened> in, Index count) {
  const Index index_rank = r.attrs.get<Index>("index_rank");
  const bool alone = !in[0].batched && r.inputs[0].rank() == index_rank;
  return {add_rows(alone ? in[0].value : widened(in[0], count), widened(in[1], count),
                   stretched(count, r.attrs.get<Shape>("shape")), r.attrs.get<Index>("axis"), index_rank)};
}

Var scatter_back(const Recorded& r, const Var& g) {
  return take_rows(g, r.inputs[0], r.attrs.get<Index>("axis"), r.attrs.get<Index>("index_rank"));
}

Tangents push_scatter(const Recorded& r, const Tangents& t) {
  if (!t[1]) return {std::nullopt};
  return {add_rows(r.inputs[0], *t[1], r.attrs.get<Shape>("shape"), r.attrs.get<Index>("axis"),
                   r.attrs.get<Index>("index_rank"))};
}

Attrs table_attrs(const Shape& shape, Index axis, Index index_rank) {
  return {{"shape", shape}, {"axis", axis}, {"index_rank", index_rank}};
}

const Op scatter_op{
    {.name = "scatter_add",
     .shape = scatter_type,
     .kernel = scatter_kernel,
     .follows =
         [](const Signature& s, int, int input) {
           const Shape& shape = s.attrs.get<Shape>("shape");
           const Layout l(shape, s[0].shape, s.attrs);
           if (input == 1) return l.follow_rows(shape.rank());
           std::vector<int> axes;
           for (int i = 0; i < shape.rank(); ++i) axes.push_back(i < l.shared ? i : mixed);
           return axes;
         },
     .batch = batch_scatter,
     .vjp = ops::pull_each({nullptr, scatter_back}),
     .jvp = push_scatter,
     .dtypes = every_dtype,
     .samples = {{{index_operand({5}, 3), {{5, 2}}}, table_attrs({3, 2}, -2, 1)},
                 {{index_operand({}, 4), {{2}}}, table_attrs({2, 4}, -1, 0)},
                 {{index_operand({3, 2}, 4), {{2, 3, 2}}}, table_attrs({2, 4}, -1, 2)},
                 {{index_operand({2, 3}, 4), {{2, 1, 3, 2}}}, table_attrs({2, 1, 4, 2}, -2, 1)}}}};

Var add_rows(const Arg& indices, const Arg& rows, const Shape& shape, Index axis, Index index_rank) {
  return apply(scatter_op, {indices, rows}, table_attrs(shape, axis, index_rank));
}

// ---- one_hot ----

Kernel one_hot_kernel(const Signature& s) {
  return dispatch(s.attrs.get<DType>("dtype"), [&](auto zero) {
    using T = decltype(zero);
    return Kernel([count = s[0].size(), size = s.attrs.get<Index>("size")](const Buffers& b) {
      const Index* indices = b.input<Index>(0);
      T* out = b.output<T>(0);
      for (Index i = 0; i < count; ++i, out += size) {
        const bool inside = indices[i] >= 0 && indices[i] < size;
        std::fill_n(out, size, inside ? T{0} : poison<T>);
        if (inside) out[indices[i]] = T{1};
      }
    });
  });
}

const Op one_hot_op{{.name = "one_hot",
                     .shape = [](const Signature& s) -> std::vector<Type> {
                       require_indices(s[0]);
                       return {{s.attrs.get<DType>("dtype"), s[0].shape + Shape{s.attrs.get<Index>("size")}}};
                     },
                     .kernel = one_hot_kernel,
                     .follows =
                         [](const Signature& s, int, int) {
                           std::vector<int> axes;
                           for (int i = 0; i < s[0].shape.rank(); ++i) axes.push_back(i);
                           axes.push_back(mixed);
                           return axes;
                         },
                     .flow = Flow::zero,
                     .dtypes = {i64},
                     .samples = {{{index_operand({3}, 4)}, {{"size", Index{4}}, {"dtype", f64}}},
                                 {{index_operand({2, 1}, 3)}, {{"size", Index{3}}, {"dtype", f32}}},
                                 {{index_operand({}, 2)}, {{"size", Index{2}}, {"dtype", i64}}}}}};

// ---- what the public operations have in common ----

// Bare numbers as i64; indices that are known now are checked now.
Arg checked_indices(const char* op, const Arg& indices, Index size, const std::string& of) {
  Tensor values;
  if (indices.var.is_open()) {
    values = indices.var.tensor();
    for (double x : values.view<double>())
      if (x != std::floor(x)) throw Error(op, "the index " + str(Attr(x)) + " is not whole", indices.where);
    values = values.cast(i64);
  } else {
    if (indices.var.is_recorded()) return indices;
    values = indices.var.tensor();
    if (values.dtype() != i64) return indices;  // the shape rule says so
  }
  for (Index index : values.view<Index>())
    if (index < 0 || index >= size)
      throw Error(op,
                  "index " + std::to_string(index) + " is out of range for size " + std::to_string(size) + of,
                  indices.where);
  return {values, indices.where};
}

std::string of_axis(int at, const Type& type) { return ", axis " + std::to_string(at) + " of " + type.str(); }

// A table of bare numbers gets no dtype from its indices.
Var take_open(const char* op, const Arg& table, const Arg& indices, Index axis, Index index_rank) {
  if (!table.var.is_open()) return take_rows(table, indices, axis, index_rank);
  if (indices.var.is_recorded())
    throw Error(op,
                "the operand is made of bare numbers, which have no dtype yet; make it a tensor of the dtype "
                "that is meant",
                table.where);
  return Var::open(take_rows(Arg(table.var.tensor(), table.where), indices, axis, index_rank).tensor());
}

}  // namespace

Var take(Arg x, Arg indices, int axis) {
  const int at = normalize_axis(axis, x.type(), "take", x.where);
  const Arg checked = checked_indices("take", indices, x.shape()[at], of_axis(at, x.type()));
  return take_open("take", x, checked, at - x.rank(), checked.rank());
}

Var gather(Arg x, Arg indices, int axis) {
  const int at = normalize_axis(axis, x.type(), "gather", x.where);
  const Arg checked = checked_indices("gather", indices, x.shape()[at], of_axis(at, x.type()));
  if (checked.rank() != x.rank() || checked.shape().without(at) != x.shape().without(at))
    throw Error("gather",
                "indices " + checked.type().str() + " do not fit " + x.type().str() +
                    "; they may differ along axis " + std::to_string(at) + " only",
                x.where);
  if (at == x.rank() - 1) return take_open("gather", x, checked, -1, 1);
  return composed(x.where, "gather", {x.var, checked.var}, [&] {
    std::vector<int> order(static_cast<std::size_t>(x.rank()));
    for (int i = 0; i < x.rank(); ++i) order[static_cast<std::size_t>(i)] = i;
    std::swap(order[static_cast<std::size_t>(at)], order.back());  // its own inverse
    return transpose(take_open("gather", transpose(x, order), transpose(checked, order), -1, 1), order);
  });
}

Var scatter_add(Arg x, Arg indices, Arg updates, int axis) {
  const int at = normalize_axis(axis, x.type(), "scatter_add", x.where);
  const Arg checked = checked_indices("scatter_add", indices, x.shape()[at], of_axis(at, x.type()));
  const Shape shape = x.shape();
  if (updates.var.is_open()) updates.var = Var(updates.var.tensor().cast(x.var.dtype().value_or(f64)));
  return composed(x.where, "scatter_add", {x.var, checked.var, updates.var},
                  [&] { return x + add_rows(checked, updates, shape, at - shape.rank(), checked.rank()); });
}

Var one_hot(Arg indices, Index size, DType dtype) {
  if (size < 1)
    throw Error("one_hot", "the size is " + std::to_string(size) + "; it has to be positive", indices.where);
  return apply(one_hot_op, {checked_indices("one_hot", indices, size, "")},
               {{"size", size}, {"dtype", dtype}});
}

}  // namespace tapir
