// The rows behind first_order.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/stochastic/first_order.hpp>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/rows.hpp>

namespace tapir {
namespace {

constexpr const char* reason =
    "a score-function surrogate gives first derivatives only; this estimator has no second-order form";

std::vector<Type> same(const Signature& s) { return {s[0]}; }

const Op gradient_op{{.name = "first_order_gradient",
                      .kind = Kind::alias,
                      .shape = same,
                      .vjp = [](const Recorded&, const Tangents&) -> Tangents { throw Error("grad", reason); },
                      .jvp = [](const Recorded&, const Tangents&) -> Tangents { throw Error("jvp", reason); }}};

const Op first_order_op{{.name = "first_order",
                         .kind = Kind::alias,
                         .shape = same,
                         .vjp = ops::pull([](const Recorded&, const Var& g) { return apply(gradient_op, {g}); }),
                         .jvp = [](const Recorded&, const Tangents&) -> Tangents { throw Error("jvp", reason); }}};

}  // namespace

Var first_order(Arg x) { return apply(first_order_op, {std::move(x)}); }

}  // namespace tapir
