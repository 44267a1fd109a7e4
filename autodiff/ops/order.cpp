// Operations that compare the elements of an axis: argmax, sort, top_k. NaN counts as the largest of all.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/reduction.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

using ops::Middle;
using ops::require;

const std::vector<DType> every_dtype{f32, f64, i64};

template <class T>
struct Ranked {
  T value;
  Index index;
};

template <class T>
bool less_than(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    if (a != a || b != b) return !(a != a) && b != b;
  return a < b;
}

// Equal ones in the order in which they stand.
template <class T>
bool ascending(const Ranked<T>& a, const Ranked<T>& b) {
  return less_than(a.value, b.value) || (!less_than(b.value, a.value) && a.index < b.index);
}

template <class T>
bool descending(const Ranked<T>& a, const Ranked<T>& b) {
  return less_than(b.value, a.value) || (!less_than(a.value, b.value) && a.index < b.index);
}

// Fills [outer, count, inner] with indices along the axis: `choose(first, last)` brings `count` of them to the front.
template <class T, class Choose>
Kernel ranking(const Middle& middle, Index count, Choose choose) {
  auto scratch = std::make_shared<std::vector<Ranked<T>>>(static_cast<std::size_t>(middle.n));
  return Kernel([middle, count, choose, scratch](const Buffers& b) {
    const T* in = b.input<T>(0);
    Index* out = b.output<Index>(0);
    for (Index outer = 0; outer < middle.outer; ++outer)
      for (Index inner = 0; inner < middle.inner; ++inner) {
        const T* from = in + outer * middle.n * middle.inner + inner;
        Index* to = out + outer * count * middle.inner + inner;
        Ranked<T>* ranked = scratch->data();
        for (Index i = 0; i < middle.n; ++i) ranked[i] = {from[i * middle.inner], i};
        choose(ranked, ranked + middle.n);
        for (Index i = 0; i < count; ++i) to[i * middle.inner] = ranked[i].index;
      }
  });
}

Middle middle_of(const Signature& s) { return ops::middle_of(s[0].shape, s.attrs.get<Index>("axis")); }

std::string axis_and_type(const Signature& s) {
  return "axis " + std::to_string(s.attrs.get<Index>("axis") + s[0].shape.rank()) + " of " + s[0].str();
}

// Rows whose result is indices: piecewise constant.
Row indices_row(std::string name, std::function<Shape(const Signature&)> shape) {
  Row row = ops::along_axis(std::move(name));
  row.shape = [shape](const Signature& s) -> std::vector<Type> { return {{i64, shape(s)}}; };
  row.flow = Flow::zero;
  row.dtypes = every_dtype;
  row.samples = ops::along_axis_samples(Operand::Fill::distinct);
  return row;
}

// ---- argmax ----

Kernel argmax_kernel(const Signature& s) {
  return dispatch(s[0].dtype, [middle = middle_of(s)](auto zero) {
    using T = decltype(zero);
    return Kernel([middle, pieces = ops::OuterPieces(middle)](const Buffers& b) {
      b.pool.run(pieces.count(), [&](Index piece, int) {
        for (Index outer = pieces.first(piece); outer < pieces.last(piece); ++outer) {
          const T* in = b.input<T>(0) + outer * middle.n * middle.inner;
          Index* best = b.output<Index>(0) + outer * middle.inner;
          std::fill_n(best, middle.inner, Index{0});
          for (Index i = 1; i < middle.n; ++i)
            for (Index c = 0; c < middle.inner; ++c)
              if (less_than(in[best[c] * middle.inner + c], in[i * middle.inner + c])) best[c] = i;
        }
      });
    });
  });
}

const Op argmax_op{[] {
  Row row = indices_row("argmax", [](const Signature& s) {
    require(middle_of(s).n > 0, axis_and_type(s) + " is empty; argmax needs an element");
    return s[0].shape.without(static_cast<int>(s.attrs.get<Index>("axis")));
  });
  row.kernel = argmax_kernel;
  row.follows = [](const Signature& s, int, int) {
    const int at = s[0].shape.rank() + static_cast<int>(s.attrs.get<Index>("axis"));
    std::vector<int> axes;
    for (int axis = 0; axis < s[0].shape.rank(); ++axis)
      if (axis != at) axes.push_back(axis);
    return axes;
  };
  return row;
}()};

// ---- argsort, behind sort ----

const Op argsort_op{[] {
  Row row = indices_row("argsort", [](const Signature& s) { return s[0].shape; });
  row.kernel = [](const Signature& s) {
    return dispatch(s[0].dtype, [middle = middle_of(s)](auto zero) {
      using T = decltype(zero);
      return ranking<T>(middle, middle.n,
                        [](Ranked<T>* first, Ranked<T>* last) { std::sort(first, last, ascending<T>); });
    });
  };
  return row;
}()};

// ---- top_k: its indices ----

const Op top_k_op{[] {
  Row row = indices_row("top_k", [](const Signature& s) {
    const Index k = s.attrs.get<Index>("k");
    require(k >= 0 && k <= middle_of(s).n, "k is " + std::to_string(k) + ", but " + axis_and_type(s) +
                                               " has " + std::to_string(middle_of(s).n) + " elements");
    Shape shape = s[0].shape;
    shape.set(static_cast<int>(s.attrs.get<Index>("axis")), k);
    return shape;
  });
  row.kernel = [](const Signature& s) {
    return dispatch(s[0].dtype, [middle = middle_of(s), k = s.attrs.get<Index>("k")](auto zero) {
      using T = decltype(zero);
      return ranking<T>(middle, k, [k](Ranked<T>* first, Ranked<T>* last) {
        std::partial_sort(first, first + k, last, descending<T>);
      });
    });
  };
  for (Sample& sample : row.samples) {
    const Shape& shape = sample.operands[0].shape;
    sample.attrs.set("k", shape[static_cast<int>(sample.attrs.get<Index>("axis"))] / 2 + 1);
  }
  return row;
}()};

}  // namespace

Var argmax(Arg x, int axis) { return apply(argmax_op, {x}, {{"axis", ops::axis_of(x, axis, "argmax")}}); }

Var sort(Arg x, int axis) {
  const Index from_right = ops::axis_of(x, axis, "sort");
  return composed(x.where, "sort", {x.var}, [&] {
    return gather(x, apply(argsort_op, {x}, {{"axis", from_right}}), static_cast<int>(from_right));
  });
}

TopK top_k(Arg x, Index k, int axis) {
  const Index from_right = ops::axis_of(x, axis, "top_k");
  return composed(x.where, "top_k", {x.var}, [&]() -> TopK {
    const Var indices = apply(top_k_op, {x}, {{"axis", from_right}, {"k", k}});
    return {gather(x, indices, static_cast<int>(from_right)), indices};
  });
}

}  // namespace tapir
