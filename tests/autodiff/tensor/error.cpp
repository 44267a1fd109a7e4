// Errors and the lines they name.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tensor/error.hpp>

#include <doctest/doctest.h>

#include <tapir/autodiff/tensor/tensor.hpp>

using namespace tapir;

namespace {

Where caller(Where where = here()) { return where; }

}  // namespace

TEST_CASE("where: as a default argument, here() is the caller's line") {
  const Where where = caller();
  const int line = __LINE__ - 1;
  CHECK(where);
  CHECK(where.line == line);
  CHECK(where.str() == "error.cpp:" + std::to_string(line));
}

TEST_CASE("where: the text has no folders; nothing known is an empty text") {
  CHECK(Where{"a/b/vae.cpp", 31}.str() == "vae.cpp:31");
  CHECK(Where{"vae.cpp", 31}.str() == "vae.cpp:31");
  CHECK(Where{}.str().empty());
  CHECK_FALSE(Where{});
}

TEST_CASE("error: the text begins with the operation and ends with the user's line, if it is known") {
  const Error error("matmul", "inner dimensions differ", {"model.cpp", 41});
  CHECK(std::string(error.what()) == "[matmul] inner dimensions differ (at model.cpp:41)");
  CHECK(error.op() == "matmul");
  CHECK(error.message() == "inner dimensions differ");
  CHECK(error.where() == Where{"model.cpp", 41});
  CHECK(std::string(Error("matmul", "inner dimensions differ").what()) == "[matmul] inner dimensions differ");
}

TEST_CASE("error: at tells the same error of another line") {
  const Error error = Error("add", "shapes do not broadcast", {"inside.cpp", 7}).at({"model.cpp", 42});
  CHECK(std::string(error.what()) == "[add] shapes do not broadcast (at model.cpp:42)");
}

TEST_CASE("error: it is an invalid_argument, and a tensor's names the line that called") {
  try {
    static_cast<void>(Tensor(Type{f32, {2}}).item());
    FAIL("no error");
  } catch (const std::invalid_argument& error) {
    const int line = __LINE__ - 3;
    CHECK(std::string(error.what()) ==
          "[item] needs exactly one element, the tensor is f32[2] (at error.cpp:" + std::to_string(line) +
              ")");
  }
}
