// Recording or computing one operation.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/apply.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <tapir/autodiff/exec/broadcast.hpp>
#include <tapir/autodiff/exec/pool.hpp>

namespace tapir {
namespace {

// The dtype that bare numbers take: of the first floating operand, else of the first that has any.
std::optional<DType> settled(std::span<const Arg> operands) {
  std::optional<DType> result;
  for (const Arg& operand : operands) {
    const auto dtype = operand.var.dtype();
    if (dtype && (!result || (!is_floating(*result) && is_floating(*dtype)))) result = dtype;
  }
  return result;
}

Tensor settle(const Op& op, const Arg& operand, DType dtype) {
  const Tensor numbers = operand.var.tensor();
  if (dtype == DType::i64)
    for (double x : numbers.view<double>())
      if (x != std::floor(x) || std::abs(x) > 9e15)
        throw Error(op.name(),
                    "the number " + str(Attr(x)) + " meets an i64 operand, which takes whole numbers only",
                    operand.where);
  return numbers.cast(dtype);
}

Where line_of(std::span<const Arg> operands) { return operands.empty() ? Where{} : operands.front().where; }

// Brings one operand onto `tape`.
Var onto(const std::shared_ptr<Tape>& tape, const Op& op, const Arg& operand) {
  const auto place = operand.var.place();
  if (!place) return tape->literal(operand.var.tensor(), operand.where);
  if (place->tape == tape) return tape->var(place->ref);
  if (tape->is_within(*place->tape)) return tape->capture(*place);
  throw Error(op.name(), "operands lie on two tapes; one of them: " + place->tape->str(place->ref.node),
              operand.where);
}

}  // namespace

std::vector<Arg> meet(const Op& op, std::span<const Arg> operands) {
  std::vector<Arg> met(operands.begin(), operands.end());
  if (const auto dtype = settled(operands))
    for (Arg& operand : met)
      if (operand.var.is_open()) operand.var = settle(op, operand, *dtype);
  const std::vector<Var> vars(met.begin(), met.end());
  if (const auto tape = tape_of(vars))
    for (Arg& operand : met) operand.var = onto(tape, op, operand);
  return met;
}

std::vector<Var> apply_all(const Op& op, std::span<const Arg> operands, Attrs attrs) {
  const std::vector<Arg> met = meet(op, operands);
  if (!met.empty() && met[0].var.is_recorded()) {
    std::vector<Ref> refs;
    for (const Arg& operand : met) refs.push_back(operand.var.place()->ref);
    return met[0].var.place()->tape->record(op, std::move(refs), std::move(attrs), line_of(met));
  }
  bool open = !met.empty();
  std::vector<Tensor> tensors;
  for (const Arg& operand : met) {
    open = open && operand.var.is_open();
    tensors.push_back(operand.var.tensor());
  }
  std::vector<Var> results;
  for (Tensor& tensor : compute(op, tensors, attrs, line_of(met)))
    results.push_back(open && tensor.dtype() == DType::f64 ? Var::open(std::move(tensor))
                                                           : Var(std::move(tensor)));
  return results;
}

std::vector<Tensor> compute(const Op& op, std::span<const Tensor> operands, const Attrs& attrs, Where where) {
  std::vector<Type> types;
  std::vector<const void*> in;
  for (const Tensor& operand : operands) {
    types.push_back(operand.type());
    in.push_back(operand.data());
  }
  const Signature signature{types, attrs};
  std::vector<Tensor> results;
  for (const Type& type : op.types(signature, where)) results.emplace_back(type);
  switch (op->kind) {
    case Kind::leaf: break;
    case Kind::alias: results[0] = operands[0].reshaped(results[0].shape(), where); break;
    case Kind::broadcast: {
      const Type& type = results[0].type();
      Stretch(types[0].shape, type.shape, type.dtype).copy(in[0], results[0].mutable_data(), 0, type.size());
      break;
    }
    case Kind::elementwise: {
      const TileKernel kernel = op->tile(signature);
      kernel(in.data(), results[0].mutable_data(), results[0].size());
      break;
    }
    case Kind::opaque: {
      std::vector<void*> out;
      for (Tensor& result : results) out.push_back(result.mutable_data());
      Pool pool;
      op->kernel(signature)({in.data(), out.data(), pool});
      break;
    }
  }
  return results;
}

}  // namespace tapir
