// Tensor as a value.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tensor/tensor.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace tapir;

namespace {

constexpr Where model_line{"src/model.cpp", 41};

}  // namespace

TEST_CASE("tensor: the default is a rank-0 f64 zero") {
  const Tensor tensor;
  CHECK(tensor.type() == Type{f64, {}});
  CHECK(tensor.item() == 0.0);
}

TEST_CASE("tensor: a new one holds zeros, aligned to 64 bytes") {
  for (DType dtype : {f32, f64, i64}) {
    const Tensor tensor(Type{dtype, {3, 5}});
    CHECK(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64 == 0);
    CHECK(identical(tensor, Tensor::full({dtype, {3, 5}}, 0.0)));
  }
}

TEST_CASE("tensor: a number keeps its kind") {
  CHECK(Tensor(1.5F).dtype() == f32);
  CHECK(Tensor(1.5).dtype() == f64);
  CHECK(Tensor(2).dtype() == i64);
  CHECK(Tensor(std::uint8_t{255}).item() == 255.0);
  CHECK(identical(Tensor(true), Tensor(Index{1})));
}

TEST_CASE("tensor: elements fill the shape in row-major order, and their number must be its size") {
  const Tensor tensor({2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0});
  CHECK(tensor.at(4) == 5.0);
  CHECK(tensor.view<double>()[5] == 6.0);
  CHECK_THROWS_WITH_AS(Tensor({2, 3}, {1.0, 2.0}), "[tensor] 2 elements for shape [2,3]", Error);
}

TEST_CASE("tensor: full and iota") {
  CHECK(identical(Tensor::full({f32, {2}}, 7), Tensor({2}, {7.0F, 7.0F})));
  CHECK(identical(Tensor::iota(i64, 3), Tensor({3}, {Index{0}, Index{1}, Index{2}})));
  CHECK(Tensor::iota(f32, 0).size() == 0);
}

TEST_CASE("tensor: copies share memory, writing detaches the writer") {
  Tensor a({2}, {1.0F, 2.0F});
  CHECK(a.is_unique());
  Tensor b = a;
  CHECK(a.data() == b.data());
  CHECK_FALSE(a.is_unique());

  b.mutable_view<float>()[0] = 9.0F;
  CHECK(a.data() != b.data());
  CHECK(identical(a, Tensor({2}, {1.0F, 2.0F})));
  CHECK(identical(b, Tensor({2}, {9.0F, 2.0F})));
  CHECK(a.is_unique());

  const void* before = b.data();
  b.mutable_view<float>()[1] = 8.0F;
  CHECK(b.data() == before);
}

TEST_CASE("tensor: a tensor of a reshaped one shares memory until it is written") {
  const Tensor a = Tensor::iota(f64, 6);
  Tensor b = a.reshaped({2, 3});
  CHECK(a.data() == b.data());
  b.mutable_view<double>()[0] = 5.0;
  CHECK(a.at(0) == 0.0);
}

TEST_CASE("tensor: assigning a tensor to itself and moving keep the elements") {
  Tensor a = Tensor::iota(f32, 3);
  const Tensor& same = a;
  a = same;
  const Tensor b = std::move(a);
  CHECK(identical(b, Tensor::iota(f32, 3)));
}

TEST_CASE("tensor: identical compares bits: NaN equals itself, 0.0 is not -0.0") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(identical(Tensor(nan), Tensor(nan)));
  CHECK_FALSE(identical(Tensor(nan), Tensor(std::bit_cast<double>(std::bit_cast<std::uint64_t>(nan) + 1))));
  CHECK_FALSE(identical(Tensor(0.0), Tensor(-0.0)));
  CHECK(identical(Tensor(-0.0F), Tensor(-0.0F)));
}

TEST_CASE("tensor: identical compares types: dtype and shape") {
  CHECK_FALSE(identical(Tensor(1.0), Tensor(1.0F)));
  CHECK_FALSE(identical(Tensor(Type{f64, {2, 3}}), Tensor(Type{f64, {3, 2}})));
  CHECK_FALSE(identical(Tensor(Type{f64, {0, 3}}), Tensor(Type{f64, {3, 0}})));
  CHECK(identical(Tensor(Type{f64, {0, 3}}), Tensor(Type{f64, {0, 3}})));
}

TEST_CASE("tensor: no elements is a size like any other") {
  Tensor empty(Type{f32, {3, 0}});
  CHECK(empty.size() == 0);
  CHECK(empty.type().bytes() == 0);
  CHECK(empty.view<float>().empty());
  CHECK(empty.mutable_view<float>().empty());
  Tensor copy = empty;
  CHECK(copy.mutable_view<float>().empty());
  CHECK(identical(copy, empty));
  CHECK(empty.cast(f64).type() == Type{f64, {3, 0}});
  CHECK(empty.reshaped({0}).type() == Type{f32, {0}});
  CHECK(empty.str() == "f32[3,0] {}");
}

TEST_CASE("tensor: elements are asked for by their own type") {
  Tensor tensor(Type{f64, {3}});
  CHECK_THROWS_WITH_AS(static_cast<void>(tensor.view<float>()),
                       "[tensor] elements of f64[3] were asked for as f32", Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(tensor.mutable_view<Index>()),
                       "[tensor] elements of f64[3] were asked for as i64", Error);
}

TEST_CASE("tensor: item needs exactly one element, whatever the rank") {
  CHECK(Tensor({1, 1}, {4.0F}).item() == 4.0);
  CHECK(Tensor(Index{-3}).item() == -3.0);
  CHECK_THROWS_WITH_AS(Tensor(Type{f32, {2}}).item(model_line),
                       "[item] needs exactly one element, the tensor is f32[2] (at model.cpp:41)", Error);
  CHECK_THROWS_WITH_AS(Tensor(Type{f32, {0}}).item(model_line),
                       "[item] needs exactly one element, the tensor is f32[0] (at model.cpp:41)", Error);
}

TEST_CASE("tensor: at is checked") {
  const Tensor tensor(Type{f32, {2}});
  CHECK_THROWS_WITH_AS(tensor.at(2), "[at] element 2 of f32[2]", Error);
  CHECK_THROWS_WITH_AS(tensor.at(-1), "[at] element -1 of f32[2]", Error);
}

TEST_CASE("tensor: cast converts every element; to the same dtype it shares memory") {
  const Tensor tensor({3}, {1.75, -1.75, 3.0});
  CHECK(identical(tensor.cast(i64), Tensor({3}, {Index{1}, Index{-1}, Index{3}})));
  CHECK(identical(tensor.cast(f32), Tensor({3}, {1.75F, -1.75F, 3.0F})));
  CHECK(identical(tensor.cast(f32).cast(f64), tensor));
  CHECK(tensor.cast(f64).data() == tensor.data());
}

TEST_CASE("tensor: reshaping keeps the number of elements") {
  const Tensor tensor(Type{f32, {2, 3}});
  CHECK(tensor.reshaped({3, 1, 2}).type() == Type{f32, {3, 1, 2}});
  CHECK(Tensor(1.0).reshaped({1, 1}).type() == Type{f64, {1, 1}});
  CHECK_THROWS_WITH_AS(tensor.reshaped({4}, model_line),
                       "[reshape] f32[2,3] has 6 elements, the shape [4] has 4 (at model.cpp:41)", Error);
}

TEST_CASE("tensor: rows are copied out of the outermost axis") {
  const Tensor tensor = Tensor::iota(f64, 6).reshaped({3, 2});
  CHECK(identical(tensor.rows(1, 3), Tensor({2, 2}, {2.0, 3.0, 4.0, 5.0})));
  CHECK(tensor.rows(3, 3).type() == Type{f64, {0, 2}});
  CHECK(Tensor(Type{f32, {4, 0}}).rows(1, 3).type() == Type{f32, {2, 0}});
  CHECK_THROWS_WITH_AS(tensor.rows(2, 4, model_line), "[rows] rows [2, 4) of f64[3,2] (at model.cpp:41)",
                       Error);
  CHECK_THROWS_WITH_AS(tensor.rows(2, 1, model_line), "[rows] rows [2, 1) of f64[3,2] (at model.cpp:41)",
                       Error);
  CHECK_THROWS_WITH_AS(Tensor(1.0).rows(0, 0, model_line), "[rows] rows [0, 0) of f64[] (at model.cpp:41)",
                       Error);
}

TEST_CASE("tensor: printing shows type and elements, shortened in the middle") {
  CHECK(Tensor({2}, {1.5F, -2.0F}).str() == "f32[2] {1.5, -2}");
  CHECK(Tensor({2}, {0.1F, 1e-30F}).str() == "f32[2] {0.1, 1e-30}");
  CHECK(Tensor({2}, {0.1, 0.1 + 1e-15}).str() == "f64[2] {0.1, 0.100000000000001}");
  CHECK(Tensor::iota(i64, 16).str() == "i64[16] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}");
  CHECK(Tensor::iota(i64, 100).str() ==
        "i64[100] {0, 1, 2, 3, 4, 5, 6, 7, .., 92, 93, 94, 95, 96, 97, 98, 99}");
}

TEST_CASE("tensor: more elements than memory can hold are an error, not a small allocation") {
  constexpr Index huge = Index{1} << 61;
  CHECK_THROWS_WITH_AS(Tensor(Type{f64, {huge}}),
                       "[shape] [2305843009213693952] has more elements than memory can hold", Error);
  CHECK_THROWS_WITH_AS(Tensor(Type{f32, {huge, 8}}),
                       "[shape] [2305843009213693952,8] has more elements than memory can hold", Error);
}
