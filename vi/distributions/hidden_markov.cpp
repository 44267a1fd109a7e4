// HiddenMarkov: what is seen of a chain of states, the states summed out.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/hidden_markov.hpp>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

namespace tapir::vi {
namespace {

// Axis `from` where axis `to` was; the others keep their order.
Var axis_moved(const Var& x, int from, int to) {
  std::vector<int> order;
  for (int axis = 0; axis < x.rank(); ++axis)
    if (axis != from) order.push_back(axis);
  order.insert(order.begin() + to, from);
  return transpose(x, std::move(order));
}

// [.., length, n] as [length, .., n], and back.
Var time_first(const Var& x) { return axis_moved(x, x.rank() - 2, 0); }
Var time_last(const Var& x, int behind = 1) { return axis_moved(x, 0, x.rank() - 1 - behind); }

// The first piece of a sequence, before what a scan gave.
Var with_first(const Var& first, const ScanResult& rest) {
  const Var head = expand_dims(first, 0);
  return rest.outputs.empty() ? head : concat({head, rest.outputs[0]}, 0);
}

Var after_first(const Var& x) { return slice(x, 0, 1, x.shape()[0]); }

// One step of the chain in log space: weights [.., n] by states, transitions [.., n, n].
Var stepped(const Var& log_weights, const Var& log_transition) {
  return logsumexp(expand_dims(log_weights, -1) + log_transition, {-2});
}
Var stepped_back(const Var& log_weights, const Var& log_transition) {
  return logsumexp(expand_dims(log_weights, -2) + log_transition, {-1});
}

}  // namespace

HiddenMarkov::HiddenMarkov(Categorical initial, Categorical transition, Distribution family, Index length,
                           Where where)
    : HiddenMarkov(std::move(initial), std::move(transition), Components(std::move(family), where), length) {
  check(where);
}

HiddenMarkov::HiddenMarkov(Categorical initial, Categorical transition, std::vector<Distribution> emissions,
                           Index length, Where where)
    : HiddenMarkov(std::move(initial), std::move(transition), Components(std::move(emissions)), length) {
  check(where);
}

void HiddenMarkov::check(Where where) const {
  const Index states = initial_.count(where);
  const Var& logits = transition_.logits;
  const bool square = logits.rank() >= 2 && logits.shape()[-1] == states && logits.shape()[-2] == states;
  if (!square)
    throw Error(name,
                "transitions are " + logits.type().str() + "; over " + std::to_string(states) +
                    " states they have to be [..," + std::to_string(states) + "," + std::to_string(states) +
                    "]",
                where);
  if (length_ < 1)
    throw Error(name, "the length is " + std::to_string(length_) + ", needs to be at least 1", where);
  emissions_.check(name, "states", states, where);
}

HiddenMarkov HiddenMarkov::mapped(const ParameterMap& f) const {
  return {initial_.each(within("initial", f)), transition_.each(within("transition", f, 1)),
          emissions_.each("emissions", f), length_};
}

// log p(x_t | s_t), [.., length, n]
Var HiddenMarkov::log_terms(const Arg& x) const {
  const Shape own = own_shape();
  const int outer = x.rank() - own.rank();
  if (outer < 0 || x.shape().drop_front(outer) != own)
    throw Error(name, "x is " + x.type().str() + "; its last axes have to be " + own.str(), x.where);
  return emissions_.with_inner_axes(1, x.where).log_prob(x, x.where);
}

// The axes before the states', of all that meets in the recursion.
Shape HiddenMarkov::outer_shape(const Var& terms, Where where) const {
  Shape outer = terms.shape().take_front(terms.rank() - 2);
  for (const Shape& batch : {vi::batch_shape(initial_, where),
                             transition_.logits.shape().take_front(transition_.logits.rank() - 2)}) {
    const Shape before = outer;
    if (!broadcast_shapes(before, batch, outer))
      throw Error(name, "batch shapes " + before.str() + " and " + batch.str() + " do not broadcast", where);
  }
  return outer;
}

HiddenMarkov::Recursion HiddenMarkov::recursion(const Arg& x) const {
  const Var terms = log_terms(x);
  const Shape weights = outer_shape(terms, x.where) + Shape{initial_.count(x.where)};
  const Var by_time = time_first(terms);
  const Var first = log_softmax(initial_.logits) + take(by_time, 0, 0);
  return {by_time, stretched(first, weights, x.where), log_softmax(transition_.logits)};
}

Var HiddenMarkov::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Recursion r = recursion(x);
    if (length_ == 1) return logsumexp(r.first, {-1});
    const ScanResult steps =
        scan([&](std::span<const Var> carry, std::span<const Var> term,
                 const Var&) -> ScanStep { return {{stepped(carry[0], r.log_transition) + term[0]}}; },
             {r.first}, {after_first(r.by_time)}, {}, x.where);
    return logsumexp(steps.carry[0], {-1});
  });
}

Var HiddenMarkov::state_log_probs(Arg x) const {
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))}, [&] {
    const Recursion r = recursion(x);
    if (length_ == 1) return time_last(expand_dims(log_softmax(r.first), 0));
    const ScanResult forwards = scan(
        [&](std::span<const Var> carry, std::span<const Var> term, const Var&) -> ScanStep {
          const Var next = stepped(carry[0], r.log_transition) + term[0];
          return {{next}, {next}};
        },
        {r.first}, {after_first(r.by_time)}, {}, x.where);
    const Var last = 0 * r.first;  // of its type
    const ScanResult backwards = scan(
        [&](std::span<const Var> carry, std::span<const Var> term, const Var&) -> ScanStep {
          const Var next = stepped_back(carry[0] + term[0], r.log_transition);
          return {{next}, {next}};
        },
        {last}, {after_first(r.by_time)}, {.reverse = true}, x.where);
    const Var behind = concat({backwards.outputs[0], expand_dims(last, 0)}, 0);
    return time_last(log_softmax(with_first(r.first, forwards) + behind));
  });
}

// The states, i64 shape ++ [length].
Var HiddenMarkov::states(const Key& key, const Shape& shape, Where where) const {
  const Var first = initial_.sample(key / "first", shape, where);
  if (length_ == 1) return expand_dims(first, -1);
  const Key steps = key / "step";
  const ScanResult rest = scan(
      [&](std::span<const Var> carry, std::span<const Var>, const Var& t) -> ScanStep {
        const Categorical from{taken(transition_.logits, 1, carry[0], shape, where)};
        const Var next = from.sample(steps.at(Arg(t, where)), shape, where);
        return {{next}, {next}};
      },
      {first}, {}, {.length = length_ - 1}, where);
  return time_last(with_first(first, rest), 0);
}

Var HiddenMarkov::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), recorded_one(parameters(*this))}, [&] {
    const Key own = key_for(*this, key);
    const Var index = states(own / "state", shape, where);
    return stop_gradient(
        emissions_.with_inner_axes(1, where).draw(own / "value", index, shape + Shape{length_}, where));
  });
}

// P(s_t), [.., length, n].
Var HiddenMarkov::marginals(Where where) const {
  const Shape outer = vi::batch_shape(*this, where);
  const Var first = stretched(softmax(initial_.logits), outer + Shape{initial_.count(where)}, where);
  if (length_ == 1) return expand_dims(first, -2);
  const Var transition = softmax(transition_.logits);
  const ScanResult rest = scan(
      [&](std::span<const Var> carry, std::span<const Var>, const Var&) -> ScanStep {
        const Var next = sum(expand_dims(carry[0], -1) * transition, {-2});
        return {{next}, {next}};
      },
      {first}, {}, {.length = length_ - 1}, where);
  return time_last(with_first(first, rest));
}

std::optional<Var> HiddenMarkov::mean(Where where) const {
  return composed(where, name, {recorded_one(parameters(*this))}, [&]() -> std::optional<Var> {
    const auto means = emissions_.with_inner_axes(1, where).mean(where);
    if (!means) return std::nullopt;
    return weighted(marginals(where), *means, emissions_.own_rank(), where);
  });
}

std::optional<Var> HiddenMarkov::variance(Where where) const {
  return composed(where, name, {recorded_one(parameters(*this))}, [&]() -> std::optional<Var> {
    const Components at_times = emissions_.with_inner_axes(1, where);
    const auto means = at_times.mean(where);
    const auto variances = at_times.variance(where);
    if (!means || !variances) return std::nullopt;
    return weighted_variance(marginals(where), *means, *variances, emissions_.own_rank(), where);
  });
}

}  // namespace tapir::vi
