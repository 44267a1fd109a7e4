// The suite: which axes follow which, against perturbation. Credit assignment per plate element stands on it.
// SPDX-License-Identifier: BSD-3-Clause
#include "suite.hpp"

#include <algorithm>
#include <cstring>

using namespace tapir;
using namespace tapir::test;

namespace {

constexpr std::initializer_list<DType> every_dtype{f32, f64, i64};

Index coordinate(Index element, const Shape& shape, int axis) {
  return element / shape.strides()[static_cast<std::size_t>(axis)] % shape[axis];
}

// `from` with the elements at `index` along `axis` taken from `other`.
Tensor replaced(const Tensor& from, const Tensor& other, int axis, Index index) {
  Tensor result = from;
  const std::size_t width = size_of(from.dtype());
  auto* to = static_cast<std::byte*>(result.mutable_data());
  const auto* source = static_cast<const std::byte*>(other.data());
  for (Index i = 0; i < from.size(); ++i)
    if (coordinate(i, from.shape(), axis) == index)
      std::memcpy(to + static_cast<std::size_t>(i) * width, source + static_cast<std::size_t>(i) * width, width);
  return result;
}

std::vector<bool> changed(const Tensor& before, const Tensor& after) {
  std::vector<bool> result;
  const std::size_t width = size_of(before.dtype());
  for (Index i = 0; i < before.size(); ++i) {
    const std::size_t at = static_cast<std::size_t>(i) * width;
    result.push_back(std::memcmp(static_cast<const std::byte*>(before.data()) + at,
                                 static_cast<const std::byte*>(after.data()) + at, width) != 0);
  }
  return result;
}

// For one operand and one of its axes: what changes in result `result` when index j of that axis is drawn anew, for
// each j.
std::vector<std::vector<bool>> effects(const Case& c, std::size_t operand, int axis, std::size_t result) {
  auto random = c.random();
  auto other = make(c.sample.operands[operand], c.dtype, random, static_cast<int>(operand));
  if (c.sample.operands[operand].fill == Operand::Fill::ones) other = direction(other.type(), random);
  const Tensor before = compute(c.op, c.operands, c.attrs())[result];
  std::vector<std::vector<bool>> marks;
  for (Index j = 0; j < other.shape()[axis]; ++j) {
    auto operands = c.operands;
    operands[operand] = replaced(operands[operand], other, axis, j);
    marks.push_back(changed(before, compute(c.op, operands, c.attrs())[result]));
  }
  return marks;
}

// Index j along the operand's axis changes nothing but index j along the result's axis.
bool stays_in_place(const std::vector<std::vector<bool>>& marks, const Shape& shape, int axis) {
  for (std::size_t j = 0; j < marks.size(); ++j)
    for (std::size_t i = 0; i < marks[j].size(); ++i)
      if (marks[j][i] && coordinate(static_cast<Index>(i), shape, axis) != static_cast<Index>(j)) return false;
  return true;
}

bool each_has_an_effect(const std::vector<std::vector<bool>>& marks) {
  for (const auto& mark : marks)
    if (std::find(mark.begin(), mark.end(), true) == mark.end()) return false;
  return true;
}

template <class F>
void each_pair(const Case& c, const F& check) {
  const auto types = c.types();
  const Signature signature{types, c.attrs()};
  const auto results = c.op.types(signature, {});
  for (std::size_t result = 0; result < results.size(); ++result)
    for (std::size_t operand = 0; operand < types.size(); ++operand) {
      const auto follows = c.op.follows(signature, static_cast<int>(result), static_cast<int>(operand));
      const Shape& to = results[result].shape;
      const Shape& from = types[operand].shape;
      REQUIRE(static_cast<int>(follows.size()) == to.rank());
      for (int in = 0; in < from.rank(); ++in) {
        const auto marks = effects(c, operand, in, result);
        for (int out = 0; out < to.rank(); ++out) {
          INFO("axis ", out, " of result ", result, " and axis ", in, " of operand ", operand);
          check(follows[static_cast<std::size_t>(out)], out, in, to, from, marks);
        }
      }
    }
}

using Marks = std::vector<std::vector<bool>>;

}  // namespace

TEST_CASE("every op: a result axis that follows an operand's axis depends on it in place") {
  each_case("follows", every_dtype, [](const Case& c) {
    each_pair(c, [](int claim, int out, int in, const Shape& to, const Shape& from, const Marks& marks) {
      CHECK((claim == mixed || (claim >= 0 && claim < from.rank())));
      if (claim != in) return;
      CHECK(to[out] == from[in]);
      CHECK(stays_in_place(marks, to, out));
    });
  });
}

// A row that calls an axis mixed where it is not would be right, and lose the treatment per plate element.
TEST_CASE("every op: an axis that perturbation finds in place is claimed") {
  each_case("follows, precision", {f64, i64}, [](const Case& c) {
    each_pair(c, [](int claim, int out, int in, const Shape& to, const Shape& from, const Marks& marks) {
      if (claim != mixed || to[out] != from[in] || from[in] < 2) return;
      CHECK_FALSE((each_has_an_effect(marks) && stays_in_place(marks, to, out)));
    });
  });
}
