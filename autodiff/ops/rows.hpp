// Making rows: what the elementwise operations have in common, and checks that shape rules share.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include <tapir/autodiff/exec/apply.hpp>

namespace tapir::ops {

/// g times the partial derivative by one operand of an elementwise operation: what a cotangent and a tangent alike
/// become (the Jacobian is diagonal).
using Scaled = std::function<Var(const Recorded&, const Var& g)>;

/// The interval from which the suite draws an operand.
struct Domain {
  double low = -2;
  double high = 2;
};

/// A row of one operand whose scalar rule is kernel `name`; `partial(x, y)` is dy/dx.
Row unary(std::string name, std::function<Var(Var x, Var y)> partial, Domain domain = {});
/// Any number of operands; one rule each.
Row elementwise(std::string name, std::vector<Scaled> rules, std::vector<Domain> domains = {});
/// Piecewise constant: no derivative.
Row step(std::string name, int operands, std::vector<Domain> domains = {});

/// Applies an elementwise row: operands meet, then broadcast from the right.
///
///   errors  "[add] shapes do not broadcast: f32[3,4] and f32[5,6] (at ..)"
///           "[add] dtypes differ: f32[3] and f64[3]; cast one of them (at ..)"
Var broadcasting(const Op& op, std::initializer_list<Arg> operands);

/// For shape rules: the common dtype of all operands, or the error "dtypes differ: ..".
DType common_dtype(const Signature& signature);
/// For shape rules: "needs .., x is f32[2,3]".
void require(bool condition, const std::string& message);

/// Vjp and jvp of an operation with one operand and one result.
VjpRule pull(std::function<Var(const Recorded&, const Var& g)> rule);
/// Vjp of one result and several operands: one rule each (null: no derivative flows there).
VjpRule pull_each(std::vector<std::function<Var(const Recorded&, const Var& g)>> rules);

}  // namespace tapir::ops
