// OrderedLogistic: categories in an order, by where a logistic variable falls among cutpoints.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/ordered_logistic.hpp>

#include <limits>
#include <utility>
#include <vector>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_listed(const OrderedLogistic&) { return true; }

const FiniteRow<OrderedLogistic, is_listed> ordered_logistic_values;

const KlRow<OrderedLogistic, OrderedLogistic> ordered_logistic_ordered_logistic;

// With -inf before the first, and inf behind the last: category x lies between elements x and x + 1.
Var with_ends(const Var& cutpoints) {
  std::vector<std::pair<Index, Index>> before(static_cast<std::size_t>(cutpoints.rank())), behind = before;
  before.back().first = behind.back().second = 1;
  return pad(pad(cutpoints, before, -infinity), behind, infinity);
}

Var log_between(const Var& low, const Var& high, const Var& predictor) {
  return log_sigmoid(high - predictor) + log_sigmoid(predictor - low) + log1mexp(high - low);
}

// The ends of all categories, on a last axis.
struct Categories {
  explicit Categories(const OrderedLogistic& law) : predictor(expand_dims(law.predictor, -1)) {
    const Var ends = with_ends(law.cutpoints);
    const Index n = ends.shape().back();
    low = slice(ends, -1, 0, n - 1), high = slice(ends, -1, 1, n);
  }
  Var log_probabilities() const { return log_between(low, high, predictor); }

  Var predictor, low, high;
};

// log of (1 - e^-to) / (1 - e^-from) by their difference.
Var log1mexp_ratio(const Var& to, const Var& from, const Var& step) {
  const Var near = abs(step) < minimum(1, 0.5 * from), width = tapir::where(near, from, 1);
  const Var close = log1p(-expm1(tapir::where(near, -step, 0)) * (exp(-width) / -expm1(-width)));
  const Var apart = logical_not(logical_or(near, to == from));
  return tapir::where(near, close,
                      log1mexp(tapir::where(apart, to, 1)) - log1mexp(tapir::where(apart, from, 1)));
}

// log(q/p) of all categories, by what their ends and the predictor differ.
Var log_ratios(const Categories& p, const Categories& q) {
  const auto step = [](const Var& to, const Var& from) {
    const Var known = isfinite(from);
    return tapir::where(known, to, 0) - tapir::where(known, from, 0);
  };
  const Var moved = q.predictor - p.predictor, low = step(q.low, p.low), high = step(q.high, p.high);
  return log_sigmoid_ratio(q.high - q.predictor, p.high - p.predictor, high - moved) +
         log_sigmoid_ratio(q.predictor - q.low, p.predictor - p.low, moved - low) +
         log1mexp_ratio(q.high - q.low, p.high - p.low, high - low);
}

// Where p is 0 it adds nothing.
Var expected(const Var& log_p, const Var& what) {
  const Var p = exp(log_p);
  return sum(p * where(p > 0, what, 0), -1);
}

}  // namespace

Index OrderedLogistic::count(Where where) const {
  (void)batch_shape(*this, where);
  return cutpoints.shape().back() + 1;
}

Var OrderedLogistic::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), predictor, cutpoints}, [&] {
    (void)count(where);
    const Var latent = predictor + logit(uniform(key_for(*this, key), shape));
    return cast(sum(cutpoints < expand_dims(latent, -1), -1), i64);
  });
}

Var OrderedLogistic::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, predictor, cutpoints}, [&] {
    const Index n = count(x.where);
    const Var ends = with_ends(cutpoints);
    // A NaN among the cutpoints is no law: it reaches all categories.
    const Var middle = predictor + 0 * sum(cutpoints, -1);
    return density_of_category(x, n, [&](const Var& known) {
      return log_between(element_at(ends, known), element_at(ends, known + 1), middle);
    });
  });
}

Var OrderedLogistic::entropy(Where where) const {
  return composed(where, name, {predictor, cutpoints}, [&] {
    (void)count(where);
    const Var log_p = Categories(*this).log_probabilities();
    return -expected(log_p, log_p);
  });
}

Var OrderedLogistic::cdf(Arg x) const {
  return composed(x.where, name, {x.var, predictor, cutpoints}, [&] {
    const Var index = minimum(maximum(x, -1), count(x.where) - 1);
    return sigmoid(element_at(with_ends(cutpoints), index + 1) - predictor);
  });
}

Var OrderedLogistic::enumerate(Where where) const { return iota(count(where)); }

Var kl(const OrderedLogistic& p, const OrderedLogistic& q, Where where) {
  return composed(where, "kl", {p.predictor, p.cutpoints, q.predictor, q.cutpoints}, [&] {
    if (p.count(where) != q.count(where))
      throw Error("kl",
                  "OrderedLogistics over " + std::to_string(p.count(where)) + " and " +
                      std::to_string(q.count(where)) + " categories",
                  where);
    const Categories of_p(p), of_q(q);
    return sum(outcome_divergence(of_p.log_probabilities(), of_q.log_probabilities(), log_ratios(of_p, of_q)),
               -1);
  });
}

}  // namespace tapir::vi
