// Tensors built from xtensor expressions.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tensor/tensor.hpp>

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

using namespace tapir;

namespace {

const xt::xtensor<float, 2> matrix{{1.0F, 2.0F, 3.0F}, {4.0F, 5.0F, 6.0F}};

}  // namespace

TEST_CASE("from xtensor: containers of static, dynamic and fixed shape") {
  const Tensor expected({2, 3}, {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F});
  CHECK(identical(Tensor(matrix), expected));
  CHECK(identical(Tensor(xt::xarray<float>(matrix)), expected));
  CHECK(identical(Tensor(xt::xtensor_fixed<float, xt::xshape<2, 3>>(matrix)), expected));
}

TEST_CASE("from xtensor: the elements are taken in row-major order, whatever the layout") {
  const xt::xarray<double, xt::layout_type::column_major> columns{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}};
  const Tensor expected({2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0});
  CHECK(identical(Tensor(columns), expected));
  CHECK(identical(Tensor(columns * 1.0), expected));
}

TEST_CASE("from xtensor: views, strided ones too") {
  CHECK(identical(Tensor(xt::view(matrix, 1, xt::all())), Tensor({3}, {4.0F, 5.0F, 6.0F})));
  CHECK(identical(Tensor(xt::view(matrix, xt::all(), xt::range(0, 3, 2))),
                  Tensor({2, 2}, {1.0F, 3.0F, 4.0F, 6.0F})));
  CHECK(identical(Tensor(xt::transpose(matrix)), Tensor({3, 2}, {1.0F, 4.0F, 2.0F, 5.0F, 3.0F, 6.0F})));
  CHECK(identical(Tensor(xt::view(matrix, 0, xt::newaxis(), xt::all())), Tensor({1, 3}, {1.0F, 2.0F, 3.0F})));
}

TEST_CASE("from xtensor: lazy expressions, broadcasts and reductions") {
  CHECK(identical(Tensor(matrix + 1.0F), Tensor({2, 3}, {2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F})));
  CHECK(identical(Tensor(matrix * xt::view(matrix, 0, xt::all())),
                  Tensor({2, 3}, {1.0F, 4.0F, 9.0F, 4.0F, 10.0F, 18.0F})));
  CHECK(identical(Tensor(xt::sum(xt::cast<double>(matrix), {0})), Tensor({3}, {5.0, 7.0, 9.0})));
  CHECK(identical(Tensor(xt::sum(xt::cast<double>(matrix))), Tensor(21.0)));
  CHECK(identical(Tensor(xt::ones<float>({2, 1})), Tensor({2, 1}, {1.0F, 1.0F})));
}

TEST_CASE("from xtensor: float stays f32, double f64; integers of any width and bool become i64") {
  const Tensor expected({2}, {Index{0}, Index{200}});
  CHECK(identical(Tensor(xt::xtensor<std::uint8_t, 1>{0, 200}), expected));
  CHECK(identical(Tensor(xt::xtensor<int, 1>{0, 200}), expected));
  CHECK(identical(Tensor(xt::xtensor<std::uint64_t, 1>{0, 200}), expected));
  CHECK(identical(Tensor(xt::xtensor<Index, 1>{0, 200}), expected));
  CHECK(identical(Tensor(xt::xtensor<std::int8_t, 1>{-1}), Tensor({1}, {Index{-1}})));
  CHECK(identical(Tensor(xt::xarray<bool>{true, false}), Tensor({2}, {Index{1}, Index{0}})));
  CHECK(identical(Tensor(matrix > 4.5F),
                  Tensor({2, 3}, {Index{0}, Index{0}, Index{0}, Index{0}, Index{1}, Index{1}})));
  CHECK(Tensor(matrix).dtype() == f32);
  CHECK(Tensor(matrix * 1.0).dtype() == f64);
}

TEST_CASE("from xtensor: pixels become floats by a cast expression") {
  const xt::xtensor<std::uint8_t, 2> pixels{{0, 51}, {102, 255}};
  CHECK(identical(Tensor(xt::cast<float>(pixels) / 255.0F), Tensor({2, 2}, {0.0F, 0.2F, 0.4F, 1.0F})));
}

TEST_CASE("from xtensor: adapted constant memory keeps its kind") {
  const std::vector<float> memory{1.0F, 2.0F};
  const float* first = memory.data();
  CHECK(identical(Tensor(xt::adapt(first, 2, xt::no_ownership(), std::vector<std::size_t>{2})),
                  Tensor({2}, {1.0F, 2.0F})));
  CHECK(std::is_same_v<element_for<const float>, float>);
}

TEST_CASE("from xtensor: rank 0 and axes of size 0") {
  CHECK(identical(Tensor(xt::xtensor<float, 0>(3.0F)), Tensor(3.0F)));
  CHECK(identical(Tensor(xt::xarray<double>(3.0)), Tensor(3.0)));
  CHECK(Tensor(xt::xtensor<float, 2>(std::array<std::size_t, 2>{0, 3})).type() == Type{f32, {0, 3}});
  CHECK(Tensor(xt::xtensor<float, 2>(std::array<std::size_t, 2>{0, 3}) + 1.0F).type() == Type{f32, {0, 3}});
}
