// The gradients that Svi follows, read from one step of sgd, against exact enumeration.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/svi.hpp>

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/vi/particles.hpp>
#include <tapir/vi/vi.hpp>

#include "recording.hpp"

namespace tapir::vi::test {
namespace {

using Numbers = std::map<std::string, double>;
using Exact = std::function<double(const Numbers&)>;  // -E[ELBO], by enumeration

double log_coin(double k, double logit) { return std::log(sigma(k == 1 ? logit : -logit)); }

// The mean step of sgd(1) over `draws` steps, from the same parameters each time, against the derivatives of
// `exact`: two-sided z tests at 4.5 standard errors, 7e-6 false alarms each.
void check_steps(Svi& svi, const Numbers& at, const Exact& exact, const std::vector<Tensor>& inputs,
                 int draws, double elements = 1) {
  Params params = svi.params();
  std::map<std::string, Moments> moments;
  Moments value;
  (void)svi.program([&] {
    std::vector<Type> types;
    for (const Tensor& x : inputs) types.push_back(x.type());
    return types;
  }());
  for (int draw = 0; draw < draws; ++draw) {
    for (const auto& [name, number] : at) params.assign(name, Tensor(number));
    value.add(svi.step(std::span<const Tensor>(inputs)).elbo);
    for (const auto& [name, number] : at) moments[name].add(number - params.value(name).item());
  }
  CHECK(std::abs(value.z(-exact(at))) < 4.5);
  for (const auto& [name, number] : at) {
    const auto derivative = static_cast<double>(central_difference(
        [&, which = name](long double x) {
          Numbers moved = at;
          moved[which] = static_cast<double>(x);
          return static_cast<long double>(exact(moved));
        },
        static_cast<long double>(number), 1e-3L));
    CAPTURE(name);
    CAPTURE(moments[name].mean());
    CAPTURE(derivative / elements);
    CHECK(std::abs(moments[name].z(derivative / elements)) < 4.5);
  }
}

// Two coins, the second after the first; x ~ N(a k1 + 2 k2, 1), with a parameter of the model too.
struct TwoCoins {
  double x = 0.8;

  Model guide(const std::function<Estimator(Context&)>& estimator) const {
    return [=](Context& c) {
      const auto named = [&]() -> std::optional<Estimator> {
        if (!estimator) return std::nullopt;
        return estimator(c);
      };
      const Var k1 = c.sample("k1", Bernoulli{c.param("l1", 0.0)}, named());
      (void)c.sample("k2", Bernoulli{c.param("l2", 0.0) + c.param("l12", 0.0) * k1}, named());
    };
  }
  Model model() const {
    return [*this](Context& c) {
      const Var k1 = c.sample("k1", Bernoulli{0.2});
      const Var k2 = c.sample("k2", Bernoulli{0.5 * k1});
      c.observe("x", Normal{c.param("a", 0.0) * k1 + 2 * k2, 1}, x);
    };
  }
  double exact(const Numbers& p) const {
    double total = 0;
    for (const double k1 : {0.0, 1.0})
      for (const double k2 : {0.0, 1.0}) {
        const double log_q = log_coin(k1, p.at("l1")) + log_coin(k2, p.at("l2") + p.at("l12") * k1);
        const double log_p =
            log_coin(k1, 0.2) + log_coin(k2, 0.5 * k1) + log_normal(x, p.at("a") * k1 + 2 * k2, 1);
        total += std::exp(log_q) * (log_q - log_p);
      }
    return total;
  }
};

}  // namespace

TEST_CASE("svi: coins by the score function follow the exact gradient, for the default and every baseline") {
  const TwoCoins coins;
  const Numbers at{{"l1", 0.3}, {"l2", -0.5}, {"l12", 0.7}, {"a", 0.9}};
  struct Case {
    std::string name;
    std::function<Estimator(Context&)> estimator;
    Index particles = 1;
    bool analytic = true;
  };
  const Case cases[] = {
      {"default", nullptr},
      {"default, sampled divergence", nullptr, 1, false},
      {"none", [](Context&) -> Estimator { return ScoreFunction{Baseline::none()}; }},
      {"constant", [](Context&) -> Estimator { return ScoreFunction{Baseline::constant(2.0)}; }},
      {"leave one out", [](Context&) -> Estimator { return ScoreFunction{Baseline::leave_one_out(3)}; }},
      {"leave one out, particles",
       [](Context&) -> Estimator { return ScoreFunction{Baseline::leave_one_out(2)}; }, 3},
      {"default, particles", nullptr, 4},
      {"learned", [](Context& c) -> Estimator { return ScoreFunction{c.param("fit", 1.0)}; }},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Params params(0, f64);
    Svi svi(params, coins.model(), coins.guide(one.estimator), sgd(1.0),
            {.particles = one.particles, .analytic_kl = one.analytic, .seed = 11});
    if (one.name == "learned") {
      (void)svi.program({});
      params.learning_rate("fit", 0.01);
    }
    check_steps(
        svi, at, [&](const Numbers& p) { return coins.exact(p); }, {}, 10000);
    if (one.name == "learned") CHECK(std::abs(params.value("fit").item()) < 20);
  }
}

TEST_CASE("svi: a coin upstream of a pathwise value follows the exact gradient in both") {
  // k ~ coin, z | k ~ N(m + d k, s), x ~ N(z + k, 1): the sum over k of Gaussian moments.
  const double x = 0.4;
  const auto guide = [](Context& c) {
    const Var k = c.sample("k", Bernoulli{c.param("l", 0.0)});
    const Var loc = c.param("m", 0.0) + c.param("d", 0.0) * k;
    (void)c.sample("z", Normal{loc, c.param("s", 1.0, Support::positive)});
  };
  const auto model = [=](Context& c) {
    const Var k = c.sample("k", Bernoulli{0.3});
    const Var z = c.sample("z", Normal{0.5 * k, 1.5});
    c.observe("x", Normal{z + k, 1}, x);
  };
  const auto exact = [=](const Numbers& p) {
    double total = 0;
    const double s = std::exp(p.at("s"));
    for (const double k : {0.0, 1.0}) {
      const double loc = p.at("m") + p.at("d") * k;
      const double log_q = log_coin(k, p.at("l"));
      const double likelihood = log_normal(x, loc + k, 1) - 0.5 * s * s;
      total += std::exp(log_q) * (log_q - log_coin(k, 0.3) + kl_normal(loc, s, 0.5 * k, 1.5) - likelihood);
    }
    return total;
  };
  for (const bool analytic : {true, false}) {
    CAPTURE(analytic);
    Svi svi(Params(0, f64), model, guide, sgd(1.0), {.analytic_kl = analytic, .seed = 3});
    check_steps(svi, {{"l", 0.4}, {"m", -0.2}, {"d", 0.6}, {"s", -0.3}}, exact, {}, 20000);
  }
}

TEST_CASE("svi: coins in a subsampled plate follow the gradient per element of the minibatch's objective") {
  // 60 rows of which 3 are present; the logit of a row is w x, the plate's terms count 20 times, the step is
  // per row.
  const Tensor x({3}, {0.5, -1.0, 0.8});
  const auto guide = [](Context& c, const Var& rows) {
    const Var w = c.param("w", 0.0);
    const auto plate = c.plate("rows", 60, 3);
    (void)c.sample("k", Bernoulli{w * rows});
  };
  const auto exact = [&](bool mixed) {
    return [&x, mixed](const Numbers& p) {
      double total = 0;
      for (int bits = 0; bits < 8; ++bits) {
        double log_q = 0;
        double terms = 0;
        double mean = 0;
        for (int i = 0; i < 3; ++i) mean += ((bits >> i) & 1) / 3.0;
        for (int i = 0; i < 3; ++i) {
          const double k = (bits >> i) & 1;
          const double q = log_coin(k, p.at("w") * x.at(i));
          log_q += q;
          terms += q - log_coin(k, 0.1) - log_normal(x.at(i), p.at("a") * (mixed ? k - mean : k), 1);
        }
        total += std::exp(log_q) * 20 * terms;
      }
      return total;
    };
  };
  for (const bool mixed : {false, true}) {  // a mean over the batch mixes the plate: costs then count whole
    CAPTURE(mixed);
    const auto model = [mixed](Context& c, const Var& rows) {
      const auto plate = c.plate("rows", 60, 3);
      const Var k = c.sample("k", Bernoulli{0.1});
      c.observe("x", Normal{c.param("a", 0.0) * (mixed ? k - mean(k, 0) : k), 1}, rows);
    };
    Svi svi(Params(0, f64), model, guide, sgd(1.0), {.seed = 5});
    check_steps(svi, {{"w", 0.7}, {"a", 1.2}}, exact(mixed), {x}, 10000, 60);
  }
}

TEST_CASE("svi: particles average: the same mean, and K times less variance, with leave-one-out copies too") {
  // 4000 estimates each. Means: two-sided z tests of their difference at 4.5 standard errors. Variances:
  // their ratio has a relative standard error below 8 %, the band is 40 %.
  const TwoCoins coins;
  const auto loo = [](Context&) -> Estimator { return ScoreFunction{Baseline::leave_one_out(2)}; };
  const auto steps = [&](Index particles, const std::function<Estimator(Context&)>& estimator) {
    Params params(0, f64);
    Svi svi(params, coins.model(), coins.guide(estimator), sgd(1.0), {.particles = particles, .seed = 21});
    Moments value;
    Moments step;
    for (int draw = 0; draw < 4000; ++draw) {
      value.add(svi.step().elbo);
      step.add(params.contains("l1") ? params.value("l1").item() : 0.0);
      for (const std::string& path : params.paths()) params.assign(path, Tensor(0.0));
    }
    return std::pair(value, step);
  };
  for (const auto& estimator :
       {std::function<Estimator(Context&)>(), std::function<Estimator(Context&)>(loo)}) {
    const auto [one, one_step] = steps(1, estimator);
    const auto [many, many_step] = steps(5, estimator);
    CHECK(std::abs(one.mean() - many.mean()) / std::hypot(one.error(), many.error()) < 4.5);
    CHECK(std::abs(one_step.mean() - many_step.mean()) / std::hypot(one_step.error(), many_step.error()) <
          4.5);
    CHECK(one.variance() / many.variance() == doctest::Approx(5).epsilon(0.4));
    CHECK(one_step.variance() / many_step.variance() == doctest::Approx(5).epsilon(0.4));
  }
}

TEST_CASE("svi: one particle or many, a loss of particles is the mean of the losses of its draws") {
  // The same program by hand: the loss of one draw, batched over the noise of its sites, against single runs
  // at the same noise is what the suite of batch checks; here the mean over the new axis, and that nothing
  // else is in it.
  Recording r;
  const auto guide = [](Context& c) { (void)c.sample("z", Normal{c.param("m", 0.3), 0.5}); };
  const auto model = [](Context& c) {
    const Var z = c.sample("z", Normal{0, 1});
    c.observe("x", Normal{z, 1}, 0.7);
  };
  const Pair pair(r, guide, model);
  const Var value = loss_of(pair).value;
  const Var z = *pair.guide.find("z")->value;
  const auto wide = over_draws(std::vector<Var>{value, z}, 6, {});
  const auto values = r.run({wide[0], wide[1]});
  for (Index k = 0; k < 6; ++k)
    CHECK(near(values[0].at(k), kl_normal(0.3, 0.5, 0, 1) - log_normal(0.7, values[1].at(k), 1), 1e-14));
}

TEST_CASE("svi: without a subsampled plate the step is that of the total, with one that of an element") {
  // The model's own parameter, no latent value: the gradient is exact.
  const Tensor x({4}, {0.5, -1.0, 0.8, 0.1});
  double by_loc = 0;
  for (Index i = 0; i < 4; ++i) by_loc += 0.2 - x.at(i);
  for (const Index size : {4, 40}) {
    const auto guide = [](Context&, const Var&) {};
    const auto model = [size](Context& c, const Var& rows) {
      const auto plate = c.plate("rows", size, 4);
      c.observe("x", Normal{c.param("loc", 0.2), 1}, rows);
    };
    Params params(0, f64);
    Svi svi(params, model, guide, sgd(0.1));
    const Estimate estimate = svi.step(x);
    CHECK(near(params.value("loc").item(), 0.2 - 0.1 * (size == 4 ? by_loc : by_loc / 4), 1e-15));
    CHECK(near(estimate.per_element, size == 4 ? estimate.elbo : estimate.elbo / 40, 1e-15));
  }
}

}  // namespace tapir::vi::test
