// Stretched copies against the definition of broadcasting, over every range that a tile may ask for.
// SPDX-License-Identifier: BSD-3-Clause
#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/broadcast.hpp>

namespace tapir::test {
namespace {

// The element of `in` that stands at place `at` of `out`, by the definition.
Index element(const Shape& in, const Shape& out, Index at) {
  const auto strides = in.strides();
  Index result = 0;
  for (int axis = out.rank() - 1; axis >= 0; --axis) {
    const int own = axis - (out.rank() - in.rank());
    if (own >= 0 && in[own] > 1) result += at % out[axis] * strides[static_cast<std::size_t>(own)];
    at /= out[axis];
  }
  return result;
}

template <class T>
bool copies_every_range(const Shape& in, const Shape& out, DType dtype) {
  const Stretch stretch(in, out, dtype);
  std::vector<T> source(static_cast<std::size_t>(in.size()));
  for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<T>(i + 1);
  const Index n = out.size();
  for (Index begin = 0; begin <= n; ++begin)
    for (Index end = begin; end <= n; ++end) {
      std::vector<T> target(static_cast<std::size_t>(n) + 1, T{0});
      stretch.copy(source.data(), target.data(), begin, end);
      for (Index i = 0; i <= n; ++i) {
        const T wanted = i < end - begin ? static_cast<T>(element(in, out, begin + i) + 1) : T{0};
        if (target[static_cast<std::size_t>(i)] != wanted) return false;
      }
    }
  return true;
}

}  // namespace

TEST_CASE("a stretched copy has the elements of the broadcast, whatever its range") {
  const std::vector<std::pair<Shape, Shape>> cases = {
      {{}, {}},
      {{}, {5}},
      {{1, 1}, {1, 1}},
      {{7}, {7}},
      {{3}, {9, 3}},
      {{9, 1}, {9, 2}},
      {{9, 1}, {9, 7}},
      {{5, 1}, {5, 17}},
      {{5, 1, 2}, {5, 3, 2}},
      {{3, 1, 19}, {3, 2, 19}},
      {{3, 2}, {6, 3, 2}},
      {{3, 1}, {4, 3, 5}},
      {{1, 3, 1}, {4, 3, 2}},
      {{2, 1, 3, 1}, {2, 4, 3, 2}},
      {{1, 2, 1, 3}, {3, 2, 4, 3}},
      {{2, 1, 2, 1, 2}, {2, 3, 2, 3, 2}},
      {{1, 2, 1, 2, 1}, {2, 2, 3, 2, 3}},
  };
  for (const auto& [in, out] : cases) {
    CAPTURE(in.str());
    CAPTURE(out.str());
    CHECK(copies_every_range<std::uint64_t>(in, out, DType::f64));
    CHECK(copies_every_range<std::uint32_t>(in, out, DType::f32));
  }
}

}  // namespace tapir::test
