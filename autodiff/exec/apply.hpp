// apply: an operation on Vars. On plain values it computes, with a tape it records.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

/// The operands of `op` brought together: bare numbers take the dtype of the operands that have one (an i64 only if
/// they are whole), and if any operand is recorded, all are, on the innermost tape among them.
///
///   errors  "[add] operands lie on two tapes"
std::vector<Arg> meet(const Op& op, std::span<const Arg> operands);

/// The results of `op`. Recorded on the innermost tape among the operands; computed at once if there is none.
/// Operands meet first; if all are bare numbers, so is the result.
///
///   errors  whatever the shape rule says
std::vector<Var> apply_all(const Op& op, std::span<const Arg> operands, Attrs attrs = {});

/// The first result.
inline Var apply(const Op& op, std::initializer_list<Arg> operands, Attrs attrs = {}) {
  return apply_all(op, {operands.begin(), operands.size()}, std::move(attrs))[0];
}

/// One operation on tensors, at once.
std::vector<Tensor> compute(const Op& op, std::span<const Tensor> operands, const Attrs& attrs,
                            Where where = {});

}  // namespace tapir
