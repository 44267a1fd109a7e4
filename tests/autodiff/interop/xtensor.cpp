// Tensors and views as xtensor expressions.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/interop/xtensor.hpp>

#include <optional>
#include <string>
#include <type_traits>

#include <doctest/doctest.h>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xview.hpp>

using namespace tapir;

namespace {

constexpr Where model_line{"src/model.cpp", 41};

Tensor matrix() { return Tensor({2, 3}, {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}); }

// An output of a custom operation.
struct Output {
  Tensor tensor = Tensor(Type{f32, {2, 3}});
  MutableView view{tensor.mutable_data(), tensor.type()};
};

}  // namespace

TEST_CASE("as: reads a tensor where it lies") {
  const Tensor tensor = matrix();
  const auto array = as<float, 2>(tensor);
  CHECK(array.data() == tensor.data());
  CHECK(array.dimension() == 2);
  CHECK(array(1, 2) == 6.0F);
  CHECK(std::is_same_v<decltype(array(0, 0)), const float&>);
  CHECK(as<float>(tensor).data() == tensor.data());
  CHECK(as<float>(tensor).dimension() == 2);
}

TEST_CASE("as: an adaptor is an operand of every kind of expression") {
  const Tensor x = matrix();
  CHECK(identical(Tensor(2.0F * as<float, 2>(x) + as<float>(x)),
                  Tensor({2, 3}, {3.0F, 6.0F, 9.0F, 12.0F, 15.0F, 18.0F})));
  CHECK(identical(Tensor(xt::transpose(as<float, 2>(x))),
                  Tensor({3, 2}, {1.0F, 4.0F, 2.0F, 5.0F, 3.0F, 6.0F})));
  CHECK(identical(Tensor(xt::view(as<float, 2>(x), 1, xt::all())), Tensor({3}, {4.0F, 5.0F, 6.0F})));
  CHECK(identical(Tensor(xt::amax(as<float, 2>(x), {1})), Tensor({2}, {3.0F, 6.0F})));
  const xt::xtensor<float, 2> copied = as<float, 2>(x);
  CHECK(identical(Tensor(copied), x));
}

TEST_CASE("as: every dtype, rank 0, and axes of size 0") {
  CHECK(as<double, 0>(Tensor(2.5))() == 2.5);
  CHECK(as<double>(Tensor(2.5))() == 2.5);
  CHECK(as<Index, 1>(Tensor::iota(i64, 4))(3) == 3);
  const Tensor empty(Type{f64, {0, 3}});
  CHECK(identical(Tensor(as<double, 2>(empty) + 1.0), empty));
  CHECK(identical(Tensor(as<double>(empty)), empty));
}

TEST_CASE("as: the adaptor keeps the elements, whatever happens to the variable") {
  Tensor tensor = matrix();
  const auto array = as<float, 2>(tensor);
  as_mutable<float, 2>(tensor) += 10.0F;
  CHECK(array(0, 0) == 1.0F);
  tensor = Tensor();
  CHECK(array(1, 2) == 6.0F);

  auto doubled = as<float, 2>(matrix()) * 2.0F;
  CHECK(identical(Tensor(doubled), Tensor({2, 3}, {2.0F, 4.0F, 6.0F, 8.0F, 10.0F, 12.0F})));
}

TEST_CASE("as: another dtype or rank is an error with both types and the caller's line") {
  const Tensor tensor(Type{f64, {3}});
  CHECK_THROWS_WITH_AS((as<float, 1>(tensor, model_line)),
                       "[as] f32 of rank 1 was asked for, but the value is f64[3] (at model.cpp:41)", Error);
  CHECK_THROWS_WITH_AS((as<double, 2>(tensor, model_line)),
                       "[as] f64 of rank 2 was asked for, but the value is f64[3] (at model.cpp:41)", Error);
  CHECK_THROWS_WITH_AS(as<Index>(tensor, model_line),
                       "[as] i64 was asked for, but the value is f64[3] (at model.cpp:41)", Error);
  CHECK_THROWS_WITH_AS((as<float, 1>(ConstView{tensor.data(), tensor.type()}, model_line)),
                       "[as] f32 of rank 1 was asked for, but the value is f64[3] (at model.cpp:41)", Error);
  CHECK_THROWS_WITH_AS((as<double, 2>(Output().view, model_line)),
                       "[as] f64 of rank 2 was asked for, but the value is f32[2,3] (at model.cpp:41)",
                       Error);

  std::string line;
  try {
    line = std::to_string(__LINE__ + 1);
    static_cast<void>(as<float>(tensor));
  } catch (const Error& error) {
    CHECK(std::string(error.what()).ends_with("(at xtensor.cpp:" + line + ")"));
  }
}

TEST_CASE("as_mutable: writes detach from copies") {
  Tensor a = matrix();
  const Tensor b = a;
  as_mutable<float, 2>(a) *= 2.0F;
  CHECK(identical(b, matrix()));
  CHECK(identical(a, Tensor({2, 3}, {2.0F, 4.0F, 6.0F, 8.0F, 10.0F, 12.0F})));
  CHECK_THROWS_WITH_AS((as_mutable<double, 2>(a, model_line)),
                       "[as] f64 of rank 2 was asked for, but the value is f32[2,3] (at model.cpp:41)",
                       Error);
}

TEST_CASE("as: a view is written by expressions of its own shape") {
  Output out;
  const Tensor x = matrix();
  const ConstView in{x.data(), x.type()};

  SUBCASE("through a temporary") { as<float, 2>(out.view) = as<float, 2>(in) + 1.0F; }
  SUBCASE("directly") { xt::noalias(as<float, 2>(out.view)) = as<float, 2>(in) + 1.0F; }
  SUBCASE("with dynamic rank") { as<float>(out.view) = as<float>(in) + 1.0F; }
  SUBCASE("from a container") { as<float, 2>(out.view) = xt::xtensor<float, 2>(as<float, 2>(in) + 1.0F); }
  SUBCASE("from an adaptor of the same type") {
    Tensor y = as<float, 2>(in) + 1.0F;
    as<float, 2>(out.view) = as_mutable<float, 2>(y);
  }
  SUBCASE("element by element") {
    auto y = as<float, 2>(out.view);
    for (std::size_t i = 0; i < y.size(); ++i) y.flat(i) = as<float, 2>(in).flat(i) + 1.0F;
  }
  SUBCASE("part by part") {
    auto y = as<float, 2>(out.view);
    xt::view(y, 0, xt::all()) = xt::view(as<float, 2>(in), 0, xt::all()) + 1.0F;
    xt::view(y, 1, xt::all()) = xt::view(as<float, 2>(in), 1, xt::all()) + 1.0F;
  }
  CHECK(identical(out.tensor, Tensor({2, 3}, {2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F})));
}

TEST_CASE("as: an expression may read what it overwrites") {
  Tensor square({2, 2}, {1.0F, 2.0F, 3.0F, 4.0F});
  auto y = as_mutable<float, 2>(square);
  y = xt::transpose(y);
  CHECK(identical(square, Tensor({2, 2}, {1.0F, 3.0F, 2.0F, 4.0F})));
  y = y + xt::transpose(y);
  CHECK(identical(square, Tensor({2, 2}, {2.0F, 5.0F, 5.0F, 8.0F})));
}

TEST_CASE("as: an expression of another shape is an error and writes nothing") {
  Output out;
  const Tensor x = matrix();
  const auto array = as<float, 2>(x);
  const auto row = xt::view(array, 0, xt::all());
  auto y = as<float, 2>(out.view, model_line);
  auto dynamic = as<float>(out.view, model_line);
  const char* flipped = "[as] an expression of shape [3,2] is written into f32[2,3]; the shapes must be "
                        "equal (at model.cpp:41)";
  const char* too_small =
      "[as] an expression of shape [3] is written into f32[2,3]; the shapes must be equal (at model.cpp:41)";
  const char* scalar =
      "[as] an expression of shape [] is written into f32[2,3]; the shapes must be equal (at model.cpp:41)";
  const char* too_large = "[as] an expression of shape [4,2,3] is written into f32[2,3]; the shapes must be "
                          "equal (at model.cpp:41)";
  const char* misfit =
      "[as] the operands of an expression that is written into f32[2,3] do not broadcast (at model.cpp:41)";

  CHECK_THROWS_WITH_AS(y = xt::transpose(array), flipped, Error);
  CHECK_THROWS_WITH_AS(xt::noalias(y) = xt::transpose(array), flipped, Error);
  CHECK_THROWS_WITH_AS((y = xt::xtensor<float, 2>(xt::transpose(array))), flipped, Error);
  CHECK_THROWS_WITH_AS(dynamic = xt::transpose(array), flipped, Error);
  CHECK_THROWS_WITH_AS(xt::noalias(dynamic) = xt::transpose(array), flipped, Error);
  CHECK_THROWS_WITH_AS(y = row, too_small, Error);
  CHECK_THROWS_WITH_AS(xt::noalias(y) = row, too_small, Error);
  CHECK_THROWS_WITH_AS(dynamic = row, too_small, Error);
  CHECK_THROWS_WITH_AS(xt::noalias(dynamic) = row, too_small, Error);
  CHECK_THROWS_WITH_AS(dynamic = xt::sum(array), scalar, Error);
  CHECK_THROWS_WITH_AS(y += xt::ones<float>({4, 2, 3}), too_large, Error);
  CHECK_THROWS_WITH_AS(xt::noalias(y) += xt::ones<float>({4, 2, 3}), too_large, Error);
  CHECK_THROWS_WITH_AS(xt::noalias(dynamic) += xt::ones<float>({4, 2, 3}), too_large, Error);
  CHECK_THROWS_WITH_AS(y = array + xt::ones<float>({5}), misfit, Error);
  CHECK_THROWS_WITH_AS(xt::noalias(y) = array + xt::ones<float>({5}), misfit, Error);
  CHECK_THROWS_WITH_AS(xt::noalias(y) *= xt::ones<float>({5}), misfit, Error);

  CHECK(identical(out.tensor, Tensor(Type{f32, {2, 3}})));
  CHECK(y.shape()[0] == 2);
}

TEST_CASE("as: operands broadcast where the expression says so") {
  Output out;
  const Tensor row({3}, {1.0F, 2.0F, 3.0F});
  as<float, 2>(out.view) += as<float, 1>(row);
  xt::noalias(as<float, 2>(out.view)) += as<float, 1>(row);
  CHECK(identical(out.tensor, Tensor({2, 3}, {2.0F, 4.0F, 6.0F, 2.0F, 4.0F, 6.0F})));
  as<float, 2>(out.view) = xt::broadcast(as<float, 1>(row), {2, 3});
  CHECK(identical(out.tensor, Tensor({2, 3}, {1.0F, 2.0F, 3.0F, 1.0F, 2.0F, 3.0F})));
  as<float, 2>(out.view).fill(4.0F);
  CHECK(identical(out.tensor, Tensor::full(out.tensor.type(), 4.0)));
}

TEST_CASE("as: a reduction writes a view of rank 0") {
  Tensor total(Type{f64, {}});
  as_mutable<double, 0>(total) = xt::sum(xt::ones<double>({2, 3}));
  CHECK(total.item() == 6.0);
}
