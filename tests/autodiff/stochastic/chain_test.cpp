// Chains of Bernoulli latents, against enumeration of all their values, for every baseline.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/ops.hpp>

#include "expectation.hpp"

// Seeds are fixed: a test passes or fails for ever. A newly chosen seed would fail this file with probability 0.7 %
// (about 110 scores, each outside of +-4 with probability 6.3e-5).
namespace tapir::test {
namespace {

// The estimator of site `site`, given the parameters and the values of earlier sites.
using Choice =
    std::function<Estimator(std::size_t site, std::span<const Var> parameters, std::span<const Var> earlier)>;

Choice everywhere(const Baseline& baseline) {
  return [baseline](std::size_t, std::span<const Var>, std::span<const Var>) -> Estimator {
    return ScoreFunction{baseline};
  };
}

struct NamedChoice {
  std::string name;
  Choice choice;
};

std::vector<NamedChoice> choices() {
  std::vector<NamedChoice> all;
  for (const Baseline& baseline :
       {Baseline::none(), Baseline::constant(4.0), Baseline::running_mean(0.9), Baseline::leave_one_out(2),
        Baseline::leave_one_out(4), Baseline::leave_one_out(3).and_running_mean(0.8)})
    all.push_back({baseline.name, everywhere(baseline)});
  // One site is tried several times, the others once.
  for (std::size_t several : {0U, 1U})
    all.push_back({"leave_one_out at site " + std::to_string(several),
                   [several](std::size_t site, std::span<const Var>, std::span<const Var>) -> Estimator {
                     return ScoreFunction{site == several ? Baseline::leave_one_out(3)
                                                          : Baseline::running_mean()};
                   }});
  return all;
}

// ---- two latents: z2's logits depend on z1, and share a parameter with it ----

Numbers logits_of_two(const Numbers& p, const Numbers& z) { return {p[0], p[1] + p[2] * z[0] + 0.5 * p[0]}; }

Numbers costs_of_two(const Numbers& p, const Numbers& z, const Numbers& logits) {
  const double log_q1 = std::log(bernoulli_probability(z[0], logits[0]));
  const double log_q2 = std::log(bernoulli_probability(z[1], logits[1]));
  return {log_q1 + 0.8 * z[0] * p[1],
          log_q2 + 2 * std::pow(z[1] - 0.3 + 0.5 * z[0], 2) + p[0] * z[0] * z[1] + 3, p[2] * p[2]};
}

double probability(const Numbers& z, const Numbers& logits) {
  double q = 1;
  for (std::size_t i = 0; i < z.size(); ++i) q *= bernoulli_probability(z[i], logits[i]);
  return q;
}

double expected_of_two(const Numbers& p) {
  return over_bits(2, [&](const Numbers& z) {
    const Numbers logits = logits_of_two(p, z);
    const Numbers cost = costs_of_two(p, z, logits);
    return probability(z, logits) * (cost[0] + cost[1] + cost[2]);
  });
}

Drawn draw_two(const Key& key, std::span<const Var> p, const Choice& choose) {
  Drawn drawn;
  const Var z1 = bernoulli(drawn, key, "z1", p[0], choose(0, p, {}));
  const Var z2 = bernoulli(drawn, key, "z2", p[1] + p[2] * z1 + 0.5 * p[0], choose(1, p, {&z1, 1}));
  const Var log_q1 = drawn.sites[0].log_density;
  const Var log_q2 = drawn.sites[1].log_density;
  drawn.costs = {{"first", log_q1 + 0.8 * z1 * p[1], {}, here()},
                 {"second", log_q2 + 2.0 * square(z2 - 0.3 + 0.5 * z1) + p[0] * z1 * z2 + 3.0, {}, here()},
                 {"penalty", square(p[2]), {}, here()}};
  return drawn;
}

Problem two_latents(const Choice& choice) {
  return {.draw = [choice](const Key& key, std::span<const Var> p) { return draw_two(key, p, choice); },
          .at = {0.4, -0.3, 0.9},
          .objective = expected_of_two};
}

// ---- three latents: each depends on all before it ----

Numbers logits_of_three(const Numbers& p, const Numbers& z) {
  return {p[0], p[1] - p[2] * z[0], p[2] + p[0] * z[0] - p[1] * z[1]};
}

double expected_of_three(const Numbers& p) {
  return over_bits(3, [&](const Numbers& z) {
    const Numbers logits = logits_of_three(p, z);
    const double all = std::pow(z[0] + 2 * z[1] - 1.5 * z[2], 2) + p[1] * z[2];
    const double log_q3 = std::log(bernoulli_probability(z[2], logits[2]));
    return probability(z, logits) * (1 - 2 * z[0] * z[1] + all + log_q3);
  });
}

Problem three_latents(const Choice& choose) {
  return {.draw =
              [choose](const Key& key, std::span<const Var> p) {
                Drawn drawn;
                std::vector<Var> z;
                z.push_back(bernoulli(drawn, key, "z1", p[0], choose(0, p, z)));
                z.push_back(bernoulli(drawn, key, "z2", p[1] - p[2] * z[0], choose(1, p, z)));
                z.push_back(bernoulli(drawn, key, "z3", p[2] + p[0] * z[0] - p[1] * z[1], choose(2, p, z)));
                drawn.costs = {{"early", 1.0 - 2.0 * z[0] * z[1], {}, here()},
                               {"all", square(z[0] + 2.0 * z[1] - 1.5 * z[2]) + p[1] * z[2], {}, here()},
                               {"entropy", drawn.sites[2].log_density, {}, here()}};
                return drawn;
              },
          .at = {0.3, -0.6, 0.8},
          .objective = expected_of_three};
}

// ---- learned baselines: two numbers more, w and v; the second site's reads the first site's value ----

// The costs downstream of z1 are the first two; of z2, the second.
double expected_fit(const Numbers& p) {
  return over_bits(2, [&](const Numbers& z) {
    const Numbers logits = logits_of_two(p, z);
    const Numbers cost = costs_of_two(p, z, logits);
    return probability(z, logits) *
           (std::pow(p[3] - cost[0] - cost[1], 2) + std::pow(p[4] * (z[0] + 1) - cost[1], 2));
  });
}

Problem with_learned(const std::function<Baseline(const Baseline&)>& first,
                     const std::function<Baseline(const Baseline&)>& second) {
  return {.draw =
              [=](const Key& key, std::span<const Var> p) {
                return draw_two(
                    key, p, [&](std::size_t site, std::span<const Var>, std::span<const Var> z) -> Estimator {
                      return ScoreFunction{site == 0 ? first(p[3]) : second(p[4] * (z[0] + 1.0))};
                    });
              },
          .at = {0.4, -0.3, 0.9, 2.0, 1.5},
          .objective = expected_of_two,
          .fit = expected_fit,
          .fitted = 2};
}

Baseline itself(const Baseline& learned) { return learned; }
Baseline with_mean(const Baseline& learned) { return learned.and_running_mean(); }

// ---- a categorical latent, i64, above a Bernoulli one ----

const Numbers table{1.0, -0.5, 2.0};

Problem categorical(const Baseline& baseline) {
  return {.draw =
              [baseline](const Key& key, std::span<const Var> p) {
                Drawn drawn;
                const Estimator estimator = ScoreFunction{baseline};
                const Var logits = stack({p[0], p[1], Var(0.0)});
                const Var gumbel = -log(-log(uniform(key / "k", {3})));
                const Var k = place_site("k", argmax(logits + gumbel), estimator);
                drawn.sites.push_back({"k", k, take(log_softmax(logits), k), estimator, {}, here()});
                const Var score = take(Tensor({3}, std::span<const double>(table)), k);
                const Var z = bernoulli(drawn, key, "z", p[2] * score, estimator);
                drawn.costs = {{"all", square(score - z) + p[1] * z, {}, here()}};
                return drawn;
              },
          .at = {0.4, -0.3, 0.9},
          .objective =
              [](const Numbers& p) {
                const double weights[] = {std::exp(p[0]), std::exp(p[1]), 1.0};
                double total = 0;
                for (std::size_t k = 0; k < 3; ++k)
                  total += over_bits(1, [&](const Numbers& z) {
                    const double q = weights[k] / (weights[0] + weights[1] + weights[2]);
                    return q * bernoulli_probability(z[0], p[2] * table[k]) *
                           (std::pow(table[k] - z[0], 2) + p[1] * z[0]);
                  });
                return total;
              }};
}

}  // namespace

TEST_CASE("two Bernoulli latents: the gradient is unbiased with every baseline") {
  for (const auto& [name, choice] : choices()) check_unbiased("two, " + name, two_latents(choice));
}

TEST_CASE("three Bernoulli latents: the gradient is unbiased with every baseline") {
  for (const auto& [name, choice] : choices()) check_unbiased("three, " + name, three_latents(choice));
}

TEST_CASE("a categorical latent above a Bernoulli one") {
  for (const Baseline& baseline : {Baseline::none(), Baseline::running_mean(), Baseline::leave_one_out(4)})
    check_unbiased("categorical, " + baseline.name, categorical(baseline));
}

TEST_CASE("learned baselines: the gradient is unbiased, and so is the gradient of their fit") {
  check_unbiased("learned", with_learned(itself, itself));
  check_unbiased("learned and running mean", with_learned(with_mean, with_mean));
}

TEST_CASE("a learned baseline of an earlier site sees each of that site's copies") {
  const auto problem = [](const Choice& first) -> Problem {
    return {
        .draw =
            [first](const Key& key, std::span<const Var> p) {
              return draw_two(key, p, [&](std::size_t site, std::span<const Var> q, std::span<const Var> z) {
                return site == 0 ? first(0, q, z) : Estimator(ScoreFunction{Baseline(p[3] * (z[0] + 1.0))});
              });
            },
        .at = {0.4, -0.3, 0.9, 1.5},
        .objective = expected_of_two,
        .fit =
            [](const Numbers& p) {
              return over_bits(2, [&](const Numbers& z) {
                const Numbers logits = logits_of_two(p, z);
                const double cost = costs_of_two(p, z, logits)[1];
                return probability(z, logits) * std::pow(p[3] * (z[0] + 1) - cost, 2);
              });
            },
        .fitted = 1};
  };
  check_unbiased("learned below leave_one_out", problem(everywhere(Baseline::leave_one_out(4))));
}

// Each comparison holds by a factor of about 2 or more; at 4000 draws a variance is known to a few percent.
TEST_CASE("baselines lower the variance: constant, running mean, leave-one-out below none") {
  const auto variance = [](const Baseline& baseline) {
    double total = 0;
    for (double v : estimate(two_latents(everywhere(baseline)), 4000).variance) total += v;
    return total;
  };
  const double none = variance(Baseline::none());
  CHECK(variance(Baseline::constant(4.0)) < 0.5 * none);
  CHECK(variance(Baseline::running_mean()) < 0.5 * none);
  CHECK(variance(Baseline::leave_one_out(4)) < 0.25 * none);
}

}  // namespace tapir::test
