// ZeroInflated: counts of which some are 0 for another reason.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/zero_inflated.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Whether all values are counts, and 0 is one. What is recorded cannot be read.
bool is_of_counts(const Support& set) {
  if (set == Support::Kind::count || set == Support::Kind::boolean) return true;
  if (set != Support::Kind::whole_interval || set.bounds()->low.is_recorded()) return false;
  const Tensor low = set.bounds()->low.tensor();
  for (Index i = 0; i < low.size(); ++i)
    if (low.at(i) != 0) return false;
  return true;
}

}  // namespace

ZeroInflated::ZeroInflated(Var gate_logits, Distribution base, Where where)
    : ZeroInflated(std::move(gate_logits), std::move(base), Unchecked{}) {
  const std::string law(base_.name());
  if (const int rank = base_.own_rank(); rank > 0)
    throw Error(name,
                "a value of " + law + " has " + std::to_string(rank) + (rank == 1 ? " axis" : " axes") +
                    "; it has to be a number: iid goes around this law",
                where);
  if (!is_of_counts(base_.support()))
    throw Error(name,
                "values of " + law + " are " + base_.support().str() +
                    "; they have to be counts with 0 among them",
                where);
}

ZeroInflated ZeroInflated::gate(Arg g, Distribution base) {
  check_parameter(name, "gate", g, Support::unit_interval, g.where);
  return {composed(g.where, name, {g.var}, [&] { return log(g) - log1p(-g); }), std::move(base), g.where};
}

ZeroInflated ZeroInflated::mapped(const ParameterMap& f) const {
  return {f({"gate_logits", Support::extended_real}, gate_logits_), base_.each(within("base", f)),
          Unchecked{}};
}

Var ZeroInflated::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), recorded()}, [&] {
    const Key own = key_for(*this, key);
    const Var closed = uniform(own / "gate", shape) < sigmoid(gate_logits_);
    return tapir::where(closed, 0, base_.sample(own / "base", shape, where));
  });
}

// log p(0) = log(1 - (1 - g) (1 - p_base(0))) where that is closer to 1: as a sum it would have lost the
// digits.
Var ZeroInflated::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, recorded()}, [&] {
    const Var zero = x == 0;
    const Var of_base = log_sigmoid(-gate_logits_), density = base_.log_prob(x);
    const Var log_none = where(zero, density, -1);
    const Var other = sigmoid(-gate_logits_) * expm1(log_none), likely = other > -0.5;
    const Var none = where(likely, log1p(where(likely, other, 0)),
                           logaddexp(log_sigmoid(gate_logits_), of_base + log_none));
    return where(zero, none, of_base + density);
  });
}

std::optional<Var> ZeroInflated::mean(Where where) const {
  return composed(where, name, {recorded()}, [&]() -> std::optional<Var> {
    const auto of_base = base_.mean(where);
    if (!of_base) return std::nullopt;
    return sigmoid(-gate_logits_) * *of_base;
  });
}

std::optional<Var> ZeroInflated::variance(Where where) const {
  return composed(where, name, {recorded()}, [&]() -> std::optional<Var> {
    const auto mean = base_.mean(where), variance = base_.variance(where);
    if (!mean || !variance) return std::nullopt;
    return sigmoid(-gate_logits_) * (*variance + sigmoid(gate_logits_) * square(*mean));
  });
}

std::optional<Var> ZeroInflated::cdf(Arg x) const {
  return composed(x.where, name, {x.var, recorded()}, [&]() -> std::optional<Var> {
    const auto of_base = base_.cdf(x);
    if (!of_base) return std::nullopt;
    const Var closed = sigmoid(gate_logits_), open = sigmoid(-gate_logits_);
    const Var inside = where(*of_base < 0.5, closed + open * *of_base, 1 - open * (1 - *of_base));
    return where(x < 0, 0, inside);
  });
}

// By the base's level from below where its difference to the closed part has the digits, else from above.
std::optional<Var> ZeroInflated::icdf(Arg p) const {
  if (!has_tails()) return std::nullopt;
  return composed(p.where, name, {p.var, recorded()}, [&] {
    const Var closed = sigmoid(gate_logits_), open = sigmoid(-gate_logits_);
    const Var low = logical_and(p<0.5, p> 2 * closed);
    const Var level = where(low, p - closed, 0.5) / where(low, open, 1);
    const Var above = isf(Arg(1 - p.var, p.where)).value();
    return where(low, base_.icdf(Arg(level, p.where)).value(), above);
  });
}

// By the probability of more, which leaves out what is closed; where that is small, it is what 1 lacks.
std::optional<Var> ZeroInflated::log_cdf(Arg x) const {
  if (!has_tails()) return std::nullopt;
  return composed(x.where, name, {x.var, recorded()}, [&] {
    const Var log_more = log_sf(x).value(), likely = log_more < -0.5;
    const Var less =
        logaddexp(log_sigmoid(gate_logits_), log_sigmoid(-gate_logits_) + base_.log_cdf(x).value());
    return where(x < 0, -infinity, where(likely, log1p(-exp(where(likely, log_more, -1))), less));
  });
}

std::optional<Var> ZeroInflated::log_sf(Arg x) const {
  if (!has_tails()) return std::nullopt;
  return composed(x.where, name, {x.var, recorded()},
                  [&] { return where(x < 0, 0, log_sigmoid(-gate_logits_) + base_.log_sf(x).value()); });
}

std::optional<Var> ZeroInflated::isf(Arg q) const {
  if (!has_tails()) return std::nullopt;
  return composed(q.where, name, {q.var, recorded()}, [&] {
    const Var open = sigmoid(-gate_logits_), zero = q >= open;
    return where(zero, 0, base_.isf(Arg(where(zero, 0.5, q) / where(zero, 1, open), q.where)).value());
  });
}

}  // namespace tapir::vi
