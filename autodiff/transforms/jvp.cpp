// Forward mode, and the transforms that are made of both.
// SPDX-License-Identifier: BSD-3-Clause
#include <map>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/batch.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/recorded.hpp>

namespace tapir {
namespace {

Var or_zeros(const std::optional<Var>& tangent, const Var& of) {
  return tangent ? *tangent : zeros(of.type());
}

std::vector<Var> again(const Recorded& r, std::span<const Var> inputs) {
  std::vector<Arg> operands(inputs.begin(), inputs.end());
  return apply_all(r.op, operands, r.attrs);
}

Tangents push_linear(const Recorded& r, const Tangents& t) {
  std::vector<Var> inputs;
  for (std::size_t i = 0; i < t.size(); ++i) inputs.push_back(or_zeros(t[i], r.inputs[i]));
  const auto results = again(r, inputs);
  return {results.begin(), results.end()};
}

Tangents push_bilinear(const Recorded& r, const Tangents& t) {
  Tangents result(1);
  for (std::size_t i = 0; i < 2; ++i) {
    if (!t[i]) continue;
    std::vector<Var> inputs = r.inputs;
    inputs[i] = *t[i];
    const Var term = again(r, inputs)[0];
    result[0] = result[0] ? *result[0] + term : term;
  }
  return result;
}

Tangents push(const Recorded& r, const Tangents& t) {
  const Row& row = *r.op;
  if (row.jvp) return row.jvp(r, t);
  if (row.linear) return push_linear(r, t);
  if (row.bilinear) return push_bilinear(r, t);
  throw Error("jvp", "the operation " + r.op.name() + " has no forward rule");
}

}  // namespace

Tangents jvp(std::span<const Var> ys, std::span<const Var> xs, std::span<const Var> ts, Where where) {
  std::map<Ref, Var> tangents;
  std::vector<int> starts;
  std::shared_ptr<Tape> tape;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const auto place = xs[i].place();
    if (!place || xs.size() != ts.size() || ts[i].shape() != xs[i].shape())
      throw Error("jvp", "needs a recorded variable and a tangent of its shape, has " + xs[i].type().str(),
                  where);
    if (tape && place->tape != tape)
      throw Error("jvp", "values lie on two tapes; one of them: " + place->tape->str(place->ref.node), where);
    tape = place->tape;
    tangents.emplace(place->ref, ts[i]);
    starts.push_back(place->ref.node);
  }
  std::vector<Ref> ends;
  for (const Var& y : ys)
    if (const auto place = y.place(); place && place->tape == tape) ends.push_back(place->ref);
  if (!tape) return Tangents(ys.size());
  const auto below = tape->ancestors(ends);
  const auto active = differentiable_descendants(*tape, starts);
  const int size = tape->size();
  for (int i = 0; i < size; ++i) {
    const Node node = tape->node(i);
    if (!active[static_cast<std::size_t>(i)] || !below[static_cast<std::size_t>(i)] ||
        node.op->kind() == Kind::leaf || all_known(tangents, i, node))
      continue;
    Tangents t;
    bool any = false;
    for (Ref ref : node.inputs) {
      const auto known = tangents.find(ref);
      t.push_back(known == tangents.end() ? std::nullopt : std::optional(known->second));
      any = any || t.back();
    }
    if (!any) continue;
    Frame frame(tape, node);
    const Recorded seen = recorded(tape, node, i, std::vector<bool>(node.inputs.size(), true));
    const Tangents out = told_at(node.where, [&] { return push(seen, t); });
    for (std::size_t k = 0; k < out.size(); ++k)
      if (out[k]) tangents.emplace(Ref{i, static_cast<int>(k)}, *out[k]);
  }
  Tangents result;
  for (const Var& y : ys) {
    const auto place = y.place();
    const auto known = place ? tangents.find(place->ref) : tangents.end();
    result.push_back(known == tangents.end() ? std::nullopt : std::optional(known->second));
  }
  return result;
}

Var hvp(const Var& y, const Var& x, const Var& v, Where where) {
  const Var g = grad(y, x, {}, where);
  const Tangents t = jvp({&g, 1}, {&x, 1}, {&v, 1}, where);
  return or_zeros(t[0], x);
}

Var jacobian(const Var& y, const Var& x, Where where) {
  const auto place = y.place();
  if (!place || !x.place()) throw Error("jacobian", "needs recorded values", where);
  const Index n = y.shape().size();
  // The rows of the identity stand for one cotangent: one reverse pass, batched.
  const Var seed = place->tape->placeholder(y.type());
  const Tangents g = vjp({&y, 1}, {&seed, 1}, {&x, 1}, where);
  const Shape shape = y.shape() + x.shape();
  if (!g[0]) return zeros({x.type().dtype, shape});
  const Replacement rows{
      seed, reshape(place->tape->literal(eye(n, y.type().dtype).tensor()), Shape{n} + y.shape())};
  return reshape(batch({&*g[0], 1}, {&rows, 1}, n, where)[0], shape);
}

Var hessian(const Var& y, const Var& x, Where where) {
  const Var g = grad(y, x, {}, where);
  if (!g.place()) return zeros({x.type().dtype, x.shape() + x.shape()});
  return jacobian(g, x, where);
}

}  // namespace tapir
