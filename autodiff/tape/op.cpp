// The list of rows, and what every row is asked.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tape/op.hpp>

#include <algorithm>

namespace tapir {
namespace {

std::vector<const Op*>& listed() {
  static std::vector<const Op*> rows;
  return rows;
}

std::vector<int> follow_nothing(int rank) { return std::vector<int>(static_cast<std::size_t>(rank), mixed); }

std::vector<int> follow_same(int rank) {
  std::vector<int> axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

std::vector<int> follow_from_right(const Shape& in, const Shape& out) {
  auto axes = follow_nothing(out.rank());
  const int added = out.rank() - in.rank();
  for (int i = 0; i < in.rank(); ++i)
    if (in[i] == out[i + added]) axes[static_cast<std::size_t>(i + added)] = i;
  return axes;
}

// An axis keeps its place in memory order where it has the same size and as many elements before it.
std::vector<int> follow_reshaped(const Shape& in, const Shape& out) {
  auto axes = follow_nothing(out.rank());
  Index before_in = 1;
  int i = 0;
  Index before_out = 1;
  for (int o = 0; o < out.rank(); before_out *= out[o++]) {
    while (i < in.rank() && (before_in < before_out || (in[i] == 1 && out[o] != 1))) before_in *= in[i++];
    if (i < in.rank() && before_in == before_out && in[i] == out[o]) {
      axes[static_cast<std::size_t>(o)] = i;
      before_in *= in[i++];
    }
  }
  return axes;
}

}  // namespace

Op::Op(Row row) : row_(std::move(row)) { listed().push_back(this); }

std::vector<const Op*> Op::all() {
  auto rows = listed();
  std::sort(rows.begin(), rows.end(), [](const Op* a, const Op* b) { return a->name() < b->name(); });
  return rows;
}

std::vector<Type> Op::types(const Signature& signature, Where where) const {
  try {
    auto results = row_.shape(signature);
    if (row_.kind == Kind::elementwise && !row_.tile(signature))
      reject("is not defined for " + signature[0].str());
    return results;
  } catch (const Error& error) {
    throw Error(name(), error.message(), where);
  }
}

std::vector<int> Op::follows(const Signature& signature, int result, int input) const {
  if (row_.follows) return row_.follows(signature, result, input);
  const Shape& in = signature[static_cast<std::size_t>(input)].shape;
  const Shape out = row_.shape(signature)[static_cast<std::size_t>(result)].shape;
  switch (row_.kind) {
    case Kind::elementwise: return follow_same(out.rank());
    case Kind::broadcast: return follow_from_right(in, out);
    case Kind::alias: return follow_reshaped(in, out);
    case Kind::leaf:
    case Kind::opaque: break;
  }
  return follow_nothing(out.rank());
}

void reject(const std::string& message) { throw Error({}, message); }

}  // namespace tapir
