// Adding up one after another.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/fold.hpp>

#include <algorithm>
#include <type_traits>

#include <tapir/autodiff/ops/reduction.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

std::vector<Type> fold_type(const Signature& s) {
  ops::require(s.size() == 2, "needs 2 operands, has " + std::to_string(s.size()));
  const auto axis = static_cast<int>(s.attrs.get<Index>("axis")) + s[1].shape.rank();
  ops::require(axis >= 0 && axis < s[1].shape.rank() && s[0].dtype == s[1].dtype &&
                   s[1].shape.without(axis) == s[0].shape,
               "entries " + s[1].str() + " do not fit " + s[0].str());
  return {s[0]};
}

// Whole numbers wrap around.
template <class T>
using Sum = std::conditional_t<std::is_same_v<T, Index>, std::uint64_t, T>;

template <class T>
void fold(const T* x, const T* y, T* out, const ops::Middle& middle) {
  for (Index outer = 0; outer < middle.outer; ++outer) {
    if (middle.inner == 1) {
      auto sum = static_cast<Sum<T>>(x[outer]);
      for (Index i = 0; i < middle.n; ++i) sum += static_cast<Sum<T>>(*y++);
      out[outer] = static_cast<T>(sum);
      continue;
    }
    T* sums = out + outer * middle.inner;
    std::copy_n(x + outer * middle.inner, middle.inner, sums);
    for (Index i = 0; i < middle.n; ++i, y += middle.inner)
      for (Index c = 0; c < middle.inner; ++c)
        sums[c] = static_cast<T>(static_cast<Sum<T>>(sums[c]) + static_cast<Sum<T>>(y[c]));
  }
}

Kernel fold_kernel(const Signature& s) {
  return dispatch(s[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    return Kernel([middle = ops::middle_of(s[1].shape, s.attrs.get<Index>("axis"))](const Buffers& b) {
      fold(b.input<T>(0), b.input<T>(1), b.output<T>(0), middle);
    });
  });
}

std::vector<int> follow_fold(const Signature& s, int, int input) {
  const auto folded = static_cast<int>(s.attrs.get<Index>("axis")) + s[1].shape.rank();
  std::vector<int> axes;
  for (int axis = 0; axis < s[0].shape.rank(); ++axis)
    axes.push_back(input == 1 && axis >= folded ? axis + 1 : axis);
  return axes;
}

Var stretched_along(const Recorded& r, const Var& g) {
  const Shape& shape = r.inputs[1].shape();
  return broadcast_to(expand_dims(g, static_cast<int>(r.attrs.get<Index>("axis")) + shape.rank()), shape);
}

}  // namespace

namespace ops {
const Op add_fold{{.name = "add_fold",
                   .shape = fold_type,
                   .kernel = fold_kernel,
                   .follows = follow_fold,
                   .vjp = ops::pull_each({[](const Recorded&, const Var& g) { return g; }, stretched_along}),
                   .linear = true,
                   .dtypes = {f32, f64, i64},
                   .samples = {{{{{}}, {{5}}}, {{"axis", Index{-1}}}},
                               {{{{3}}, {{4, 3}}}, {{"axis", Index{-2}}}},
                               {{{{2, 3}}, {{2, 5, 3}}}, {{"axis", Index{-2}}}},
                               {{{{2, 3}}, {{2, 3, 1}}}, {{"axis", Index{-1}}}}}}};
}  // namespace ops

}  // namespace tapir
