// The suite: what every row has to have, and that its shape rule says what its kernel does.
// SPDX-License-Identifier: BSD-3-Clause
#include "suite.hpp"

#include <algorithm>
#include <cstring>
#include <set>

using namespace tapir;
using namespace tapir::test;

namespace {

constexpr std::initializer_list<DType> every_dtype{f32, f64, i64};

constexpr Index beyond = 64;  // words behind each result that nobody may touch

// The results of the kernel alone, in memory that held `before` in every word, as words.
std::vector<Tensor> words_after(const Case& c, Index before) {
  const auto types = c.types();
  const Signature signature{types, c.attrs()};
  std::vector<Tensor> results;
  std::vector<void*> out;
  for (const Type& type : c.op.types(signature, {})) {
    Tensor& words = results.emplace_back(Type{i64, {static_cast<Index>((type.bytes() + 7) / 8) + beyond}});
    std::ranges::fill(words.mutable_view<Index>(), before);
  }
  for (Tensor& words : results) out.push_back(words.mutable_data());
  std::vector<const void*> in;
  for (const Tensor& operand : c.operands) in.push_back(operand.data());
  Pool pool;
  if (c.op.kind() == Kind::opaque)
    c.op->kernel(signature)({in.data(), out.data(), pool});
  else
    c.op->tile(signature)(in.data(), out[0], c.operands[0].size());
  return results;
}

bool same_bytes(const Tensor& a, const Tensor& b, std::size_t count) {
  return std::memcmp(a.data(), b.data(), count) == 0;
}

}  // namespace

TEST_CASE("every op: the row has samples, and both derivative rules unless no derivative flows") {
  std::set<std::string> names;
  for (const Op* op : Op::all()) {
    INFO(op->name());
    CHECK_MESSAGE(names.insert(op->name()).second, "a second row of this name");
    // Leaves have no operands to make a sample of, and no rule is ever asked of them.
    if (op->kind() == Kind::leaf) continue;
    const Row& row = **op;
    // A body has one dtype and makes the operation what it is: tests/autodiff/transforms compares bodies with
    // the same functions written without one.
    CHECK_MESSAGE((row.body || !row.samples.empty()), "no samples");
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

TEST_CASE("every op: the kernel writes every element that the shape rule promises, and nothing behind them") {
  each_case("what is written", every_dtype, [](const Case& c) {
    if (c.op.kind() != Kind::opaque && c.op.kind() != Kind::elementwise) return;
    const auto zeros = words_after(c, 0), ones = words_after(c, -1);
    const auto types = c.types();
    const auto expected = c.op.types({types, c.attrs()}, {});
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::size_t bytes = expected[i].bytes();
      CHECK_MESSAGE(same_bytes(zeros[i], ones[i], bytes), "result ", i, " is not written everywhere");
      const auto* behind = static_cast<const unsigned char*>(ones[i].data());
      const auto* end = behind + ones[i].type().bytes();
      CHECK_MESSAGE(std::all_of(behind + bytes, end, [](unsigned char byte) { return byte == 0xFF; }),
                    "result ", i, " is written behind its end");
    }
  });
}

// Bare numbers leave the dtype to what they meet; only what a row itself makes i64 has one.
TEST_CASE("every op: of bare numbers, the results are as open") {
  each_case("open numbers", {f64}, [](const Case& c) {
    std::vector<Arg> open;
    for (const Tensor& operand : c.operands) {
      if (operand.dtype() != f64) return;
      open.emplace_back(Var::open(operand));
    }
    for (const Var& result : apply_all(c.op, open, c.attrs()))
      CHECK(result.is_open() == (result.type().dtype == f64));
  });
}

TEST_CASE("every elementwise op: another number of operands, and operands of two shapes, are errors") {
  for (const Op* op : Op::all()) {
    if (op->kind() != Kind::elementwise || op->name() == "cast") continue;  // cast takes what it is given
    const std::size_t count = (*op)->samples.front().operands.size();
    INFO(op->name());
    const std::vector<Type> many(count + 1, Type{f64, {2}});
    CHECK_THROWS_WITH(op->types({many, {}}, {}), ("[" + op->name() + "] needs " + std::to_string(count) +
                                                  " operands, has " + std::to_string(count + 1))
                                                     .c_str());
    if (count < 2) continue;
    std::vector<Type> uneven(count, Type{f64, {2}});
    uneven.back() = {f64, {3}};
    CHECK_THROWS_WITH(op->types({uneven, {}}, {}),
                      ("[" + op->name() + "] shapes differ: f64[2] and f64[3]").c_str());
  }
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
