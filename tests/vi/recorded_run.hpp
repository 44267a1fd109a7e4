// Recording a function of tensors, running it, and the texts of errors.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/program.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

namespace tapir::vi::test {

using Recipe = std::function<std::vector<Var>(const std::vector<Var>&)>;

/// The results of `f`, recorded on inputs of these types and run.
inline std::vector<Tensor> run_recorded(const std::vector<Tensor>& inputs, const Recipe& f) {
  const auto tape = Tape::make();
  std::vector<Var> vars;
  for (const Tensor& input : inputs) vars.push_back(tape->input(input.type()));
  std::vector<Ref> outputs;
  for (const Var& result : f(vars)) {
    const auto place = result.place();  // a result that does not depend on the inputs may be plain
    outputs.push_back(place ? place->ref : tape->literal(result.tensor()).place()->ref);
  }
  tape->validate();
  Program program(tape, outputs);
  program.run(inputs);
  return {program.outputs().begin(), program.outputs().end()};
}

/// The sum of what `f` gives, and its gradient by each input.
inline std::vector<Tensor> value_and_gradients(const std::vector<Tensor>& inputs,
                                               const std::function<Var(const std::vector<Var>&)>& f) {
  return run_recorded(inputs, [&](const std::vector<Var>& vars) {
    const Var total = sum(f(vars));
    std::vector<Var> results{total};
    for (const Var& g : grad(total, vars, {.allow_unused = true})) results.push_back(g);
    return results;
  });
}

inline std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> result;
  for (Index i = 0; i < tensor.size(); ++i) result.push_back(tensor.at(i));
  return result;
}
inline std::vector<double> numbers(const Var& var) { return numbers(var.tensor()); }

inline Tensor column(const std::vector<double>& values) {
  return {Shape{static_cast<Index>(values.size())}, std::span<const double>(values)};
}

/// Equal, both NaN, or closer than `tolerance` times max(unit, |expected|). The unit is what a difference is
/// measured in where little is expected: 1 for logarithms, a law's length for its values, 0 for probabilities.
inline bool near(double actual, long double expected, double tolerance, long double unit = 1) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (static_cast<long double>(actual) == expected) return true;
  return std::abs(static_cast<long double>(actual) - expected) <=
         static_cast<long double>(tolerance) * std::max(unit, std::abs(expected));
}

/// Four-point central difference of `f` at `x`: exact to the order h^4.
template <class F>
long double central_difference(const F& f, long double x, long double h) {
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
}

template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

inline std::string line(int at, const std::string& file) {
  return " (at " + file + ":" + std::to_string(at) + ")";
}

}  // namespace tapir::vi::test
