// The suite: every listed row, at each of its samples, in every dtype it supports. Facets lie in suite_*.cpp.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/exec/program.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "support/sample.hpp"

namespace tapir::test {

/// One row at one of its samples in one dtype.
struct Case {
  const Op& op;
  const Sample& sample;
  DType dtype;
  std::string name;  // "matmul, sample 3, f32"
  std::vector<Tensor> operands;

  const Attrs& attrs() const { return sample.attrs; }
  Generator random() const;
  std::vector<Type> types() const;
  /// Derivatives are taken by this operand.
  bool is_active(std::size_t operand) const;
  /// Second derivatives are, too.
  bool is_active_twice(std::size_t operand) const;
  bool has_derivatives() const;
};

std::vector<Case> cases(std::span<const DType> dtypes);

/// Calls `facet(case)` for all of them; what fails tells row, sample, dtype and facet.
template <class F>
void each_case(std::string facet, std::initializer_list<DType> dtypes, const F& check) {
  for (const Case& c : cases({dtypes.begin(), dtypes.size()})) {
    INFO(c.name, ": ", facet);
    try {
      check(c);
    } catch (const Error& error) {
      FAIL_CHECK(std::string(error.what()));
    }
  }
}

/// A case on a tape, its operands being inputs.
struct Recording {
  std::shared_ptr<Tape> tape = Tape::make();
  std::vector<Var> inputs;
  std::vector<Var> outputs;
};
Recording record(const Case& c);

/// Those of the recording's values a derivative can be taken by, or of.
std::vector<Var> active_inputs(const Case& c, const Recording& r);
std::vector<Var> inputs_active_twice(const Case& c, const Recording& r);
std::vector<Var> floating_outputs(const Recording& r);
/// New inputs of the tape, of the types of `like`.
std::vector<Var> inputs_like(const Recording& r, std::span<const Var> like);
/// Those that are there.
std::vector<Var> present(const Tangents& tangents);

struct RunOptions {
  bool fuse = true;
  int threads = 1;
};
Program program(const Recording& r, std::span<const Var> results, RunOptions options = {});
std::vector<Tensor> run(const Recording& r, std::span<const Var> results, std::span<const Tensor> inputs,
                        RunOptions options = {});

std::vector<Tensor> directions(std::span<const Var> like, Generator& random);
std::vector<Tensor> joined(std::initializer_list<std::vector<Tensor>> parts);
/// Sum over all elements of all tensors of a * b, in double; and of |a * b|.
double product(std::span<const Tensor> a, std::span<const Tensor> b);
double magnitude(std::span<const Tensor> a, std::span<const Tensor> b);

/// What is different, bit by bit; empty if nothing is.
std::string bits_differ(const Tensor& actual, const Tensor& expected);
std::string bits_differ(std::span<const Tensor> actual, std::span<const Tensor> expected);
/// The same, but each element may be off by `relative` times the largest of `expected`, or of 1.
std::string values_differ(const Tensor& actual, const Tensor& expected, double relative);
std::string values_differ(std::span<const Tensor> actual, std::span<const Tensor> expected, double relative);

}  // namespace tapir::test
