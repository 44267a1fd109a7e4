// What the facets of the suite share: cases, recordings, comparisons.
// SPDX-License-Identifier: BSD-3-Clause
#include "suite.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <sstream>

namespace tapir::test {
namespace {

// The same for all dtypes of a sample: they compute on the same numbers.
std::uint64_t seed_of(const Op& op, std::size_t sample) {
  std::uint64_t hash = 0xcbf29ce484222325ULL + sample;
  for (char c : op.name()) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::string told(const char* what, Index i, double actual, double expected) {
  std::ostringstream text;
  text.precision(17);
  text << what << " " << i << " is " << actual << ", it should be " << expected;
  return text.str();
}

template <class F>
std::string first_difference(std::span<const Tensor> actual, std::span<const Tensor> expected, const F& differ) {
  if (actual.size() != expected.size())
    return std::to_string(actual.size()) + " values instead of " + std::to_string(expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (const std::string text = differ(actual[i], expected[i]); !text.empty())
      return "value " + std::to_string(i) + ": " + text;
  return {};
}

}  // namespace

Generator Case::random() const { return Generator(seed_of(op, operands.size()) ^ 0x5eed); }

std::vector<Type> Case::types() const {
  std::vector<Type> result;
  for (const Tensor& operand : operands) result.push_back(operand.type());
  return result;
}

bool Case::is_active(std::size_t operand) const {
  return is_floating(operands[operand].dtype()) && sample.operands[operand].fill != Operand::Fill::whole;
}

bool Case::is_active_twice(std::size_t operand) const {
  return is_active(operand) && !sample.operands[operand].once;
}

bool Case::has_derivatives() const { return op->flow == Flow::rules && op.kind() != Kind::leaf; }

std::vector<Case> cases(std::span<const DType> dtypes) {
  std::vector<Case> result;
  for (const Op* op : Op::all())
    for (std::size_t i = 0; i < (*op)->samples.size(); ++i)
      for (DType dtype : (*op)->dtypes) {
        if (std::find(dtypes.begin(), dtypes.end(), dtype) == dtypes.end()) continue;
        const Sample& sample = (*op)->samples[i];
        Generator random(seed_of(*op, i));
        std::string name = op->name() + ", sample " + std::to_string(i) + ", " + std::string(name_of(dtype));
        result.push_back({*op, sample, dtype, std::move(name), make(sample, dtype, random)});
      }
  return result;
}

Recording record(const Case& c) {
  Recording r;
  for (const Tensor& operand : c.operands) r.inputs.push_back(r.tape->input(operand.type()));
  const std::vector<Arg> operands(r.inputs.begin(), r.inputs.end());
  r.outputs = apply_all(c.op, operands, c.attrs());
  return r;
}

std::vector<Var> active_inputs(const Case& c, const Recording& r) {
  std::vector<Var> result;
  for (std::size_t i = 0; i < c.operands.size(); ++i)
    if (c.is_active(i)) result.push_back(r.inputs[i]);
  return result;
}

std::vector<Var> inputs_active_twice(const Case& c, const Recording& r) {
  std::vector<Var> result;
  for (std::size_t i = 0; i < c.operands.size(); ++i)
    if (c.is_active_twice(i)) result.push_back(r.inputs[i]);
  return result;
}

std::vector<Var> floating_outputs(const Recording& r) {
  std::vector<Var> result;
  for (const Var& output : r.outputs)
    if (is_floating(output.type().dtype)) result.push_back(output);
  return result;
}

std::vector<Var> inputs_like(const Recording& r, std::span<const Var> like) {
  std::vector<Var> result;
  for (const Var& value : like) result.push_back(r.tape->input(value.type()));
  return result;
}

std::vector<Var> present(const Tangents& tangents) {
  std::vector<Var> result;
  for (const auto& tangent : tangents)
    if (tangent) result.push_back(*tangent);
  return result;
}

Program program(const Recording& r, std::span<const Var> results, RunOptions options) {
  std::vector<Ref> refs;
  for (const Var& result : results) {
    const auto place = result.place();
    refs.push_back(place ? place->ref : r.tape->literal(result.tensor()).place()->ref);
  }
  return {r.tape, std::move(refs), std::make_shared<Pool>(options.threads), {.fuse = options.fuse}};
}

std::vector<Tensor> run(const Recording& r, std::span<const Var> results, std::span<const Tensor> inputs,
                        RunOptions options) {
  Program p = program(r, results, options);
  p.run(inputs);
  return {p.outputs().begin(), p.outputs().end()};
}

std::vector<Tensor> directions(std::span<const Var> like, Generator& random) {
  std::vector<Tensor> result;
  for (const Var& value : like) result.push_back(direction(value.type(), random));
  return result;
}

std::vector<Tensor> joined(std::initializer_list<std::vector<Tensor>> parts) {
  std::vector<Tensor> result;
  for (const auto& part : parts) result.insert(result.end(), part.begin(), part.end());
  return result;
}

double product(std::span<const Tensor> a, std::span<const Tensor> b) {
  double total = 0;
  for (std::size_t k = 0; k < a.size(); ++k)
    for (Index i = 0; i < a[k].size(); ++i) total += a[k].at(i) * b[k].at(i);
  return total;
}

double magnitude(std::span<const Tensor> a, std::span<const Tensor> b) {
  double total = 0;
  for (std::size_t k = 0; k < a.size(); ++k)
    for (Index i = 0; i < a[k].size(); ++i) total += std::abs(a[k].at(i) * b[k].at(i));
  return total;
}

std::string bits_differ(const Tensor& actual, const Tensor& expected) {
  if (identical(actual, expected)) return {};
  if (actual.type() != expected.type()) return actual.type().str() + " instead of " + expected.type().str();
  const std::size_t width = size_of(actual.dtype());
  const auto* a = static_cast<const std::byte*>(actual.data());
  const auto* b = static_cast<const std::byte*>(expected.data());
  for (Index i = 0; i < actual.size(); ++i, a += width, b += width)
    if (std::memcmp(a, b, width) != 0) return told("element", i, actual.at(i), expected.at(i));
  return "types differ";
}

std::string bits_differ(std::span<const Tensor> actual, std::span<const Tensor> expected) {
  return first_difference(actual, expected, [](const Tensor& a, const Tensor& b) { return bits_differ(a, b); });
}

std::string values_differ(const Tensor& actual, const Tensor& expected, double relative) {
  if (actual.shape() != expected.shape()) return actual.type().str() + " instead of " + expected.type().str();
  double scale = 1;
  for (Index i = 0; i < expected.size(); ++i)
    if (std::isfinite(expected.at(i))) scale = std::max(scale, std::abs(expected.at(i)));
  for (Index i = 0; i < actual.size(); ++i) {
    const double a = actual.at(i), b = expected.at(i);
    const bool equal = a == b || (std::isnan(a) && std::isnan(b));
    if (!equal && !(std::abs(a - b) <= relative * scale)) return told("element", i, a, b);
  }
  return {};
}

std::string values_differ(std::span<const Tensor> actual, std::span<const Tensor> expected, double relative) {
  return first_difference(actual, expected,
                          [&](const Tensor& a, const Tensor& b) { return values_differ(a, b, relative); });
}

}  // namespace tapir::test
