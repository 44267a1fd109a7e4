// Parameters by path: creation, values, freezing, binding.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/ops/ops.hpp>

#include "values.hpp"

namespace tapir::test {
namespace {

Params small_params() {
  Params params(0, f64);
  (params / "encode" / "hidden").param("weight", vector_of({1, 2, 3}));
  (params / "encode").param("bias", 0.5);
  (params / "decode").param("weight", {2, 2}, initialisers::constant(7));
  return params;
}

}  // namespace

TEST_CASE("params: paths keep the order of creation and sizes add up") {
  const Params params = small_params();
  CHECK(params.paths() == std::vector<std::string>{"encode/hidden/weight", "encode/bias", "decode/weight"});
  CHECK(params.size() == 8);
  CHECK(numbers(params.value("encode/hidden/weight")) == std::vector<double>{1, 2, 3});
  CHECK(params.value("encode/bias").type() == Type{f64, {}});
  CHECK(params["decode/weight"].type() == Type{f64, {2, 2}});
  CHECK(params.str() == "parameter             type      elements\n"
                        "encode/hidden/weight  f64[3]    3\n"
                        "encode/bias           f64[]     1\n"
                        "decode/weight         f64[2,2]  4\n"
                        "                                8\n");
}

TEST_CASE("params: a copy is the same parameters") {
  const Params params = small_params();
  Params copy = params;
  copy.assign("encode/bias", Tensor(9.0));
  CHECK(params.value("encode/bias").item() == 9.0);
}

TEST_CASE("params: an unbound parameter is its current value") {
  Params params = small_params();
  const Var bias = params["encode/bias"];
  CHECK((bias + 1.0).item() == 1.5);
  params.assign("encode/bias", Tensor(2.0));
  CHECK((bias + 1.0).item() == 3.0);
}

TEST_CASE("params: a bound parameter is a leaf, and a program reads it anew") {
  Params params = small_params();
  const Var bias = params["encode/bias"];
  const Tensor data(10.0);
  auto f = compile([&](Var) { return bias * data; }, {.parameters = params.binding()});
  CHECK(f(Tensor(0.0))[0].item() == 5.0);
  params.assign("encode/bias", Tensor(3.0));
  CHECK(f(Tensor(0.0))[0].item() == 30.0);
}

TEST_CASE("params: a parameter created while recording is a leaf at once") {
  Params params(0, f64);
  auto f = compile(
      [&](Var x) {
        const Var scale = params.contains("scale") ? params["scale"] : Scope(params).param("scale", 2.0);
        CHECK(scale.is_recorded());
        return scale * x;
      },
      {.parameters = params.binding()});
  CHECK(f(Tensor(10.0))[0].item() == 20.0);
  params.assign("scale", Tensor(3.0));
  CHECK(f(Tensor(10.0))[0].item() == 30.0);
  CHECK(f(Tensor(10.0))[0].item() == 30.0);
}

TEST_CASE("params: assigning a map is all or nothing") {
  Params params = small_params();
  const Values before = copied(params.values());
  Values values = before;
  values["encode/bias"] = Tensor(4.0);
  values.erase("decode/weight");
  values["other"] = Tensor(1.0);
  values["encode/hidden/weight"] = vector_of({1, 2});
  CHECK(error_of([&] { params.assign(values); }) == "[assign] these are not the values of the parameters: "
                                                    "\"encode/hidden/weight\" is f64[3], the value f64[2]; "
                                                    "\"decode/weight\" is missing; \"other\" is unknown");
  CHECK(same_bits(params.values(), before));
  values = before;
  values["encode/bias"] = Tensor(4.0);
  params.assign(values);
  CHECK(params.value("encode/bias").item() == 4.0);
}

TEST_CASE("params: freezing and learning rates go by path, not by letters") {
  Params params(0);
  (params / "net").param("0", 1.0);
  (params / "network").param("0", 1.0);
  const Index before = params.revision();
  params.freeze("net");
  CHECK(params.trainable().size() == 1);
  CHECK(params.trainable()[0].parameter()->cell->path == "network/0");
  CHECK(params.revision() != before);
  params.learning_rate("network/0", 0.5);
  CHECK(params.entries()[1].learning_rate == 0.5);
  CHECK(params.str() == "parameter  type   elements\n"
                        "net/0      f32[]  1  frozen\n"
                        "network/0  f32[]  1  learning rate x 0.5\n"
                        "                  2\n");
  params.unfreeze("");
  CHECK(params.trainable().size() == 2);
}

TEST_CASE("params: errors name the path and the user's line") {
  Params params = small_params();
  const Scope encode = params / "encode";
  const int line = __LINE__ + 2;
  try {
    encode.param("bias", 1.0);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.message() == "there is a parameter \"encode/bias\" already");
    CHECK(error.where().line == line);
  }
  CHECK(error_of([&] { encode.param("new", vector_of({1}, f32)); }) ==
        "[param] \"encode/new\" would be f32[1], but these parameters are f64; cast it");
  CHECK(error_of([&] { encode.param("new", {3}, initialisers::orthogonal()); }) ==
        "[orthogonal] needs a matrix, the parameter is f64[3]");
  CHECK(error_of([&] { encode.param("new", {3}, [](const Key&, const Type&) { return Tensor(1.0); }); }) ==
        "[param] the initialiser of \"encode/new\" gave f64[] for f64[3]");
  CHECK(error_of([&] { params.assign("encode/bias", vector_of({1})); }) ==
        "[assign] parameter \"encode/bias\" is f64[]; it cannot take f64[1]");
  CHECK(
      error_of([&] { params["bias"]; }) ==
      "[params] there is no parameter \"bias\"; there are: encode/hidden/weight, encode/bias, decode/weight");
  CHECK(error_of([&] { params.freeze("encod"); }) ==
        "[freeze] no parameter lies at or below \"encod\"; there are: encode/hidden/weight, encode/bias, "
        "decode/weight");
  CHECK(error_of([&] { params.learning_rate("encode", -1.0); }) ==
        "[learning_rate] the factor is -1; it has to be a finite number >= 0");
  CHECK(error_of([&] { params / ""; }) ==
        "[params] \"\" is not a name; a name is like \"weight\" or \"hidden/weight\"");
  CHECK(error_of([&] { Params(0, i64); }) == "[params] parameters are f32 or f64, not i64");
  CHECK(params.paths().size() == 3);
}

}  // namespace tapir::test
