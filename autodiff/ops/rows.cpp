// Rows of elementwise operations.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/rows.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/kernels/table.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir::ops {
namespace {

Row elementwise_row(std::string name, std::size_t count, std::vector<Domain> domains) {
  domains.resize(count, domains.empty() ? Domain{} : domains.back());
  std::vector<Sample> samples;
  for (const Shape& shape : {Shape{3, 5}, Shape{}, Shape{2, 1, 3, 2}}) {
    Sample& sample = samples.emplace_back();
    for (const Domain& domain : domains) sample.operands.push_back({shape, domain.low, domain.high});
  }
  const std::string kernel = name;
  return {.name = std::move(name),
          .kind = Kind::elementwise,
          .shape = [count](const Signature& s) -> std::vector<Type> {
            require(s.size() == count,
                    "needs " + std::to_string(count) + " operands, has " + std::to_string(s.size()));
            const DType dtype = common_dtype(s);
            for (const Type& type : s.inputs)
              require(type.shape == s[0].shape, "shapes differ: " + s[0].str() + " and " + type.str());
            return {{dtype, s[0].shape}};
          },
          .tile = [kernel](const Signature& s) { return kernels::find_tile(kernel, s[0].dtype); },
          .links = [kernel](const Signature& s) { return kernels::find_links(kernel, s[0].dtype); },
          .samples = std::move(samples)};
}

}  // namespace

Row elementwise(std::string name, std::vector<Scaled> rules, std::vector<Domain> domains) {
  Row row = elementwise_row(std::move(name), rules.size(), std::move(domains));
  row.vjp = [rules](const Recorded& r, const Tangents& g) {
    Tangents result(r.inputs.size());
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (r.needs[i] && rules[i]) result[i] = rules[i](r, *g[0]);
    return result;
  };
  row.jvp = [rules](const Recorded& r, const Tangents& t) {
    Tangents result(1);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (!t[i] || !rules[i]) continue;
      Var term = rules[i](r, *t[i]);
      result[0] = result[0] ? *result[0] + term : term;
    }
    return result;
  };
  return row;
}

Row unary(std::string name, std::function<Var(Var, Var)> partial, Domain domain) {
  return elementwise(std::move(name), {[partial](const Recorded& r, const Var& g) {
                       return g * partial(r.inputs[0], r.outputs[0]);
                     }},
                     {domain});
}

Row step(std::string name, int operands, std::vector<Domain> domains) {
  Row row = elementwise_row(std::move(name), static_cast<std::size_t>(operands), std::move(domains));
  row.flow = Flow::zero;
  return row;
}

Var broadcasting(const Op& op, std::initializer_list<Arg> operands) {
  std::vector<Arg> met = meet(op, {operands.begin(), operands.size()});
  Shape shape;
  for (const Arg& operand : met) {
    const Shape so_far = shape;
    if (!broadcast_shapes(so_far, operand.shape(), shape))
      throw Error(op.name(),
                  "shapes do not broadcast: " + met[0].type().str() + " and " + operand.type().str(),
                  operand.where);
  }
  for (Arg& operand : met)
    if (operand.shape() != shape) operand.var = broadcast_to(operand, shape);
  return apply_all(op, met)[0];
}

DType common_dtype(const Signature& signature) {
  for (const Type& type : signature.inputs)
    require(type.dtype == signature[0].dtype,
            "dtypes differ: " + signature[0].str() + " and " + type.str() + "; cast one of them");
  return signature[0].dtype;
}

void require(bool condition, const std::string& message) {
  if (!condition) reject(message);
}

VjpRule pull(std::function<Var(const Recorded&, const Var&)> rule) { return pull_each({std::move(rule)}); }

VjpRule pull_each(std::vector<std::function<Var(const Recorded&, const Var&)>> rules) {
  return [rules](const Recorded& r, const Tangents& g) {
    Tangents result(r.inputs.size());
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (r.needs[i] && rules[i]) result[i] = rules[i](r, *g[0]);
    return result;
  };
}

}  // namespace tapir::ops
