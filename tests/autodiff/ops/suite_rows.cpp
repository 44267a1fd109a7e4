// The suite: what every row has to have, and that its shape rule says what its kernel does.
// SPDX-License-Identifier: BSD-3-Clause
#include "suite.hpp"

#include <algorithm>
#include <set>

using namespace tapir;
using namespace tapir::test;

namespace {

constexpr std::initializer_list<DType> every_dtype{f32, f64, i64};

}  // namespace

TEST_CASE("every op: the row has samples, and both derivative rules unless no derivative flows") {
  std::set<std::string> names;
  for (const Op* op : Op::all()) {
    INFO(op->name());
    CHECK_MESSAGE(names.insert(op->name()).second, "a second row of this name");
    // Leaves have no operands to make a sample of, and no rule is ever asked of them.
    if (op->kind() == Kind::leaf) continue;
    const Row& row = **op;
    CHECK_MESSAGE(!row.samples.empty(), "no samples");
    CHECK_MESSAGE(!row.dtypes.empty(), "no dtypes");
    CHECK_MESSAGE((op->kind() != Kind::opaque || row.kernel), "no kernel");
    if (row.flow == Flow::zero) continue;
    CHECK_MESSAGE(row.vjp, "no reverse rule");
    CHECK_MESSAGE((row.jvp || row.linear || row.bilinear), "no forward rule");
  }
}

TEST_CASE("every op: the shape rule gives the types of what runs, and a program gives the bits of a call") {
  each_case("types and programs", every_dtype, [](const Case& c) {
    const auto types = c.types();
    const auto expected = c.op.types({types, c.attrs()}, {});
    const auto results = compute(c.op, c.operands, c.attrs());
    REQUIRE(results.size() == expected.size());
    for (std::size_t i = 0; i < results.size(); ++i) CHECK(results[i].type() == expected[i]);
    const Recording r = record(c);
    r.tape->validate();
    CHECK(bits_differ(run(r, r.outputs, c.operands), results) == "");
  });
}

TEST_CASE("every op: a dtype that the row does not list is an error") {
  for (const Op* op : Op::all())
    for (DType dtype : every_dtype) {
      const auto& dtypes = (*op)->dtypes;
      if (std::find(dtypes.begin(), dtypes.end(), dtype) != dtypes.end()) continue;
      for (const Sample& sample : (*op)->samples) {
        Generator random(1);
        std::vector<Type> types;
        for (const Tensor& operand : make(sample, dtype, random)) types.push_back(operand.type());
        // Rows of indices only have the dtype of their sample.
        if (std::all_of(types.begin(), types.end(), [](const Type& type) { return type.dtype == i64; }) &&
            dtype != i64)
          continue;
        INFO(op->name(), ", ", std::string(name_of(dtype)));
        CHECK_THROWS_AS(op->types({types, sample.attrs}, {}), Error);
      }
    }
}
