// The ELBO against closed forms and the exact evidence; when a divergence is taken in closed form.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/vi/vi.hpp>

#include "recording.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "elbo_test.cpp";
const Normal standard{0, 1};

// Normal mean with a Normal prior: w ~ N(0, tau), x_i ~ N(w, sigma).
struct Conjugate {
  double tau = 1.5;
  double sigma = 0.7;
  Tensor x = irregular({6}, 0.4);

  double posterior_scale() const {
    return 1 / std::sqrt(1 / (tau * tau) + static_cast<double>(x.size()) / (sigma * sigma));
  }
  double posterior_loc() const {
    double total = 0;
    for (Index i = 0; i < x.size(); ++i) total += x.at(i);
    return total / (sigma * sigma) * posterior_scale() * posterior_scale();
  }
  // One observation after the other, each predicted from those before it.
  double log_evidence() const {
    double total = 0;
    double loc = 0;
    double variance = tau * tau;
    for (Index i = 0; i < x.size(); ++i) {
      total += log_normal(x.at(i), loc, std::sqrt(variance + sigma * sigma));
      const double gain = variance / (variance + sigma * sigma);
      loc += gain * (x.at(i) - loc);
      variance *= 1 - gain;
    }
    return total;
  }
  // E_q log p(x, w) - log q(w) for q = N(loc, scale).
  double elbo(double loc, double scale) const {
    double total = -kl_normal(loc, scale, 0, tau);
    for (Index i = 0; i < x.size(); ++i)
      total += log_normal(x.at(i), loc, sigma) - 0.5 * scale * scale / (sigma * sigma);
    return total;
  }
  void model(Context& c) const {
    const Var w = c.sample("w", Normal{0, tau});
    const auto rows = c.plate("rows", x.size());
    c.observe("x", Normal{w, sigma}, x);
  }
  Model as_model() const {
    return [*this](Context& c) { model(c); };
  }
};

Model normal_guide(double loc, double scale) {
  return [=](Context& c) {
    (void)c.sample("w", Normal{c.param("loc", loc), c.param("scale", scale, Support::positive)});
  };
}

}  // namespace

TEST_CASE("elbo: at the exact posterior every draw gives the log evidence, and so does every "
          "importance-weighted bound") {
  const Conjugate conjugate;
  const double evidence = conjugate.log_evidence();
  Recording r;
  const Pair pair(r, normal_guide(conjugate.posterior_loc(), conjugate.posterior_scale()),
                  conjugate.as_model());
  const Var one = loss_of(pair, {.analytic_kl = false}).value;
  std::vector<Var> results{one};
  for (const Index particles : {1, 2, 7})
    results.push_back(importance_weighted(pair.guide, pair.model, particles).value);
  Program program = r.program(results);
  for (Index draw = 0; draw < 20; ++draw) {
    const auto values = Recording::run(program, draw);
    CHECK(near(-values[0].item(), evidence, 1e-13));
    for (std::size_t i = 1; i < values.size(); ++i) CHECK(near(values[i].item(), evidence, 1e-13));
  }
  CHECK(near(conjugate.elbo(conjugate.posterior_loc(), conjugate.posterior_scale()), evidence, 1e-13));
}

TEST_CASE("elbo: closed form and sampled have one expectation, of value and gradient") {
  // Means of 20000 draws of value and two derivatives, twice, against the closed form: 6 two-sided z tests at
  // 4.5 standard errors, 4e-5 false alarms. The closed form has the smaller variance here.
  const Conjugate conjugate;
  const double loc = 0.4;
  const double scale = 0.6;
  const auto negative = [&](long double l, long double s) {
    return -static_cast<long double>(conjugate.elbo(static_cast<double>(l), static_cast<double>(s)));
  };
  const double expected[] = {
      static_cast<double>(negative(loc, scale)),
      static_cast<double>(central_difference([&](long double l) { return negative(l, scale); }, loc, 1e-3L)),
      scale * static_cast<double>(
                  central_difference([&](long double s) { return negative(loc, s); }, scale, 1e-3L))};
  double variance[2] = {};
  for (const bool analytic : {true, false}) {
    Recording r;
    const Pair pair(r, normal_guide(loc, scale), conjugate.as_model());
    const Loss one = loss_of(pair, {.analytic_kl = analytic});
    const Var by[] = {r.params["loc"], r.params["scale"]};
    const auto gradients = gradient(one, by);
    Program program = r.program({one.value, gradients[0], gradients[1]});
    Moments moments[3];
    for (Index draw = 0; draw < 20000; ++draw) {
      const auto values = Recording::run(program, draw);
      for (std::size_t i = 0; i < 3; ++i) moments[i].add(values[i].item());
    }
    for (std::size_t i = 0; i < 3; ++i) {
      CAPTURE(analytic);
      CAPTURE(i);
      CHECK(std::abs(moments[i].z(expected[i])) < 4.5);
    }
    variance[analytic] = moments[0].variance();
  }
  CHECK(variance[true] != variance[false]);
}

// ---- the condition of the closed form ----

namespace {

// The guide goes z1 -> z2, the model z2 -> z1.
struct Reversed {
  double m = 0.5, s = 0.8;           // q(z1)
  double a = 0.9, b = 0.2, t = 0.6;  // q(z2 | z1) = N(a z1 + b, t)
  double c = 0.7;                    // p(z1 | z2) = N(c z2, 1), p(z2) = N(0, 1)

  // E_q[log q - log p]: all terms are moments of Gaussians.
  double objective() const {
    const double entropy = -(std::log(s) + std::log(t) + 1 + std::log(2 * M_PI));
    const double mean2 = a * m + b;
    const double var2 = a * a * s * s + t * t;
    const double gap_mean = m - c * mean2;
    const double gap_var = (1 - c * a) * (1 - c * a) * s * s + c * c * t * t;
    return entropy + 0.5 * (mean2 * mean2 + var2) + 0.5 * (gap_mean * gap_mean + gap_var) +
           std::log(2 * M_PI);
  }
  // What follows if KL(q(z1) || p(z1 | z2)) is taken in closed form although z2 is made of z1.
  double mistaken() const {
    const double mean2 = a * m + b;
    const double var2 = a * a * s * s + t * t;
    const double kl2 = -std::log(t) + 0.5 * (mean2 * mean2 + var2 - 1);
    const double gap = m - c * mean2;
    return kl2 - std::log(s) + 0.5 * (s * s - 1 + gap * gap + c * c * var2);
  }
  template <class F>
  double by_m(F f) const {
    return static_cast<double>(central_difference(
        [&](long double x) {
          Reversed moved = *this;
          moved.m = static_cast<double>(x);
          return static_cast<long double>(f(moved));
        },
        m, 1e-2L));
  }
  template <class F>
  double by_log_s(F f) const {
    return s * static_cast<double>(central_difference(
                   [&](long double x) {
                     Reversed moved = *this;
                     moved.s = static_cast<double>(x);
                     return static_cast<long double>(f(moved));
                   },
                   s, 1e-2L));
  }
  void guide(Context& context) const {
    const Var z1 =
        context.sample("z1", Normal{context.param("m", m), context.param("s", s, Support::positive)});
    (void)context.sample("z2", Normal{a * z1 + b, t});
  }
  void model(Context& context) const {
    const Var z2 = context.sample("z2", standard);
    (void)context.sample("z1", Normal{c * z2, 1});
  }
};

}  // namespace

TEST_CASE("elbo: no closed form where the model's law depends on the site's own value through a later site") {
  // 40000 draws of value and two derivatives: 3 two-sided z tests at 4.5 standard errors, 2e-5 false alarms.
  // What the closed form would give is more than 30 standard errors away.
  const Reversed reversed;
  Recording r;
  const Pair pair(
      r, [&](Context& c) { reversed.guide(c); }, [&](Context& c) { reversed.model(c); });
  const Objective objective = elbo(pair.guide, pair.model);
  CHECK(objective.report ==
        "z1: pathwise, sampled divergence: the model's loc there depends on the site's own value\n"
        "z2: pathwise, closed-form divergence\n");
  const Loss one = loss(objective.sites, objective.costs);
  const Var by[] = {r.params["m"], r.params["s"]};
  const auto gradients = gradient(one, by);
  Program program = r.program({one.value, gradients[0], gradients[1]});
  Moments moments[3];
  for (Index draw = 0; draw < 40000; ++draw) {
    const auto values = Recording::run(program, draw);
    for (std::size_t i = 0; i < 3; ++i) moments[i].add(values[i].item());
  }
  const auto right = [](const Reversed& x) { return x.objective(); };
  const auto wrong = [](const Reversed& x) { return x.mistaken(); };
  CHECK(std::abs(moments[0].z(reversed.objective())) < 4.5);
  CHECK(std::abs(moments[1].z(reversed.by_m(right))) < 4.5);
  CHECK(std::abs(moments[2].z(reversed.by_log_s(right))) < 4.5);
  CHECK(std::abs(moments[0].z(reversed.mistaken())) > 30);
  CHECK(std::abs(moments[2].z(reversed.by_log_s(wrong))) > 30);
}

TEST_CASE("elbo: no closed form either where the path goes through a value that is cut") {
  Recording r;
  const auto guide = [](Context& c) {
    const Var z = c.sample("z", Normal{c.param("loc", 0.1), 1});
    (void)c.sample("k", Bernoulli{z}, ScoreFunction{Baseline::none()});
  };
  const auto model = [](Context& c) {
    const Var k = c.sample("k", Bernoulli{0.0});
    (void)c.sample("z", Normal{0, 1 + k});
  };
  const Pair pair(r, guide, model);
  CHECK(elbo(pair.guide, pair.model).report ==
        "z: pathwise, sampled divergence: the model's scale there depends on the site's own value\n"
        "k: score_function(none), closed-form divergence\n");
}

TEST_CASE("elbo: the closed form is taken where the model's law depends on other sites only") {
  Recording r;
  const auto guide = [](Context& c) {
    const Var z1 = c.sample("z1", Normal{c.param("loc", 0.1), 1});
    (void)c.sample("z2", Normal{0.5 * z1, 1});
    (void)c.sample("k", Categorical{irregular({3})}, ScoreFunction{Baseline::none()});
  };
  const auto model = [](Context& c) {
    const Var z1 = c.sample("z1", standard);
    (void)c.sample("z2", Normal{z1, 1});
    (void)c.sample("k", Categorical{irregular({3}, 0.9)});
  };
  const Pair pair(r, guide, model);
  const std::string closed = "z1: pathwise, closed-form divergence\nz2: pathwise, closed-form divergence\n";
  CHECK(elbo(pair.guide, pair.model).report == closed + "k: score_function(none), closed-form divergence\n");
  CHECK(elbo(pair.guide, pair.model, {.analytic_kl = false}).report ==
        "z1: pathwise, sampled divergence: closed forms are switched off\n"
        "z2: pathwise, sampled divergence: closed forms are switched off\n"
        "k: score_function(none), sampled divergence: closed forms are switched off\n");
}

TEST_CASE("elbo: no closed form where a mask or a scale depends on the site's own value") {
  Recording r;
  const auto guide = [](Context& c) { (void)c.sample("z", Normal{c.param("loc", 0.1), 1}); };
  const auto model = [](Context& c) {
    Handler own{.name = "own", .after = [](Message& m) {
                  m.weights.push_back({Weight::Kind::mask, *m.value > 0});
                }};
    const auto handled = c.with({own});
    (void)c.sample("z", standard);
  };
  const Pair pair(r, guide, model);
  CHECK(elbo(pair.guide, pair.model).report ==
        "z: pathwise, sampled divergence: the model's mask there depends on the site's own value\n");
}

TEST_CASE("elbo: no closed form for a pair of laws that has none, nor on plain values, which show no paths") {
  Recording r;
  const auto count = [](Context& c) {
    (void)c.sample("z", Poisson{exp(c.param("p", 0.1))}, ScoreFunction{Baseline::none()});
  };
  const auto failures = [](Context& c) { (void)c.sample("z", Geometric{0.3}); };
  const Pair pair(r, count, failures);
  CHECK(elbo(pair.guide, pair.model).report ==
        "z: score_function(none), sampled divergence: no closed form for Poisson and Geometric\n");

  Context guide(Key(1));
  (void)guide.sample("z", Normal{0.3, 1});
  Context model(Key(2), {.handlers = {replay(guide)}});
  (void)model.sample("z", standard);
  const Objective plain = elbo(guide, model);
  CHECK(plain.report ==
        "z: pathwise, sampled divergence: nothing is recorded from which to see what depends on what\n");
  const double z = guide.find("z")->value->item();
  CHECK(near(plain.costs.at(0).value.item(), log_normal(z, 0.3, 1) - log_normal(z, 0, 1), 1e-14));
}

// ---- terms ----

TEST_CASE("elbo: beta weighs the divergence, not the likelihood") {
  const Conjugate conjugate;
  Recording r;
  const Var beta = r.tape->input({f64, {}}, "beta");
  const Pair pair(r, normal_guide(0.4, 0.6), conjugate.as_model());
  Program program = r.program({loss_of(pair, {.beta = beta}).value});
  const auto at = [&](double b) { return Recording::run(program, 5, {Tensor(b)})[0].item(); };
  CHECK(near(at(1) - at(0), kl_normal(0.4, 0.6, 0, conjugate.tau), 1e-13));
  CHECK(near(at(0.25) - at(0), 0.25 * kl_normal(0.4, 0.6, 0, conjugate.tau), 1e-13));
}

TEST_CASE("elbo: a scale weighs a term, a divergence as a whole") {
  const Conjugate conjugate;
  const auto value = [&](const Handlers& handlers, bool analytic) {
    Recording r;
    const auto model = [&](Context& c) {
      const auto handled = c.with(handlers);
      conjugate.model(c);
    };
    const Pair pair(r, normal_guide(0.4, 0.6), model);
    return r.run({loss_of(pair, {.analytic_kl = analytic}).value, *pair.guide.find("w")->value}, 4);
  };
  for (const bool analytic : {true, false}) {
    const auto plain = value({}, analytic);
    const double w = plain[1].item();
    const double divergence =
        analytic ? kl_normal(0.4, 0.6, 0, 1.5) : log_normal(w, 0.4, 0.6) - log_normal(w, 0, 1.5);
    CHECK(near(value({scale(3.0, {"w"})}, analytic)[0].item() - plain[0].item(), 2 * divergence, 1e-13));
    CHECK(near(value({scale(3.0, {"x"})}, analytic)[0].item(), 3 * plain[0].item() - 2 * divergence, 1e-13));
  }
}

TEST_CASE("elbo: errors of sites that do not meet name the site and its line") {
  const auto error_of_pair = [](const Model& guide, const Model& model) {
    return error_of([&] {
      Recording r;
      const Pair pair(r, guide, model);
      (void)elbo(pair.guide, pair.model, {}, Where{"run.cpp", 1});
    });
  };
  const auto site = [](Context& c, const char* name, int at) {
    (void)c.sample(name, standard, {}, Where{"run.cpp", at});
  };
  const auto none = [](Context&) {};
  const auto z = [&](Context& c) { site(c, "z", 2); };
  const auto z_and_w = [&](Context& c) {
    site(c, "z", 3);
    site(c, "w", 4);
  };
  const auto data = [](Context& c) { c.observe("z", standard, Arg(0.5, Where{"run.cpp", 5})); };
  const auto conditioned = [&](Context& c) {
    const auto handled = c.with({condition({{"z", Tensor(0.5)}})});
    z_and_w(c);
  };
  CHECK(error_of_pair(z_and_w, z) ==
        "[elbo] the guide's site \"w\" is not in the model; its latent sites are: z (at run.cpp:4)");
  CHECK(error_of_pair(z, none) ==
        "[elbo] the guide's site \"z\" is not in the model; its latent sites are: none (at run.cpp:2)");
  CHECK(error_of_pair(z, z_and_w) ==
        "[sample] the guide has no site named \"w\"; its sites are: z (at run.cpp:4)");
  CHECK(error_of_pair(data, none) == "[elbo] the guide observes site \"z\" (at run.cpp:5)");
  CHECK(error_of_pair(z_and_w, conditioned) ==
        "[elbo] the guide's site \"z\" is not latent in the model; its latent sites are: w (at run.cpp:3)");
  CHECK(error_of_pair(none, none) == "[elbo] neither the model nor the guide has a site (at run.cpp:1)");
}

TEST_CASE("elbo: a guide whose values the model cannot have is an error that names the site and both laws") {
  const Where at{"guide.cpp", 7};
  const auto error = [&](const Distribution& q, const Distribution& p) {
    Recording r;
    const Pair pair(
        r, [&](Context& c) { (void)c.sample("z", q, {}, at); }, [&](Context& c) { (void)c.sample("z", p); });
    return error_of([&] { (void)elbo(pair.guide, pair.model); });
  };
  CHECK(
      error(Normal{}, Gamma{}) ==
      "[elbo] site \"z\": values of Normal are real numbers, those of the model's Gamma positive numbers (at "
      "guide.cpp:7)");
  CHECK(error(iid(Normal{}, {3}), Dirichlet{column({1, 1, 1})}) ==
        "[elbo] site \"z\": values of Normal are real numbers, those of the model's Dirichlet simplices (at "
        "guide.cpp:7)");
  CHECK(error(Uniform{0, 2}, Beta{1, 1}) == "[elbo] site \"z\": values of Uniform are numbers in [0, 2], "
                                            "those of the model's Beta numbers in [0, 1] (at "
                                            "guide.cpp:7)");
  CHECK(error(HalfNormal{}, Gamma{}) == "no error");
  CHECK(error(Beta{1, 1}, Uniform{0, 1}) == "no error");
  CHECK(error(Delta{0.5}, Normal{}) == "no error");
  CHECK(error(Transformed(iid(Normal{}, {3}), Ordered{}), iid(Normal{}, {3})) == "no error");
}

TEST_CASE(
    "elbo: the path of an angle beside a law that is none of angles is an error, unless it is constant") {
  const auto error = [&](const Distribution& p, std::optional<Estimator> estimator = {}) {
    Recording r;
    const Pair pair(
        r,
        [&](Context& c) {
          (void)c.sample("z", VonMises{c.param("loc", 0.5), 2}, estimator, {"guide.cpp", 7});
        },
        [&](Context& c) { (void)c.sample("z", p); });
    return error_of([&] { (void)elbo(pair.guide, pair.model, {.analytic_kl = false}); });
  };
  CHECK(error(Normal{}) == "[elbo] site \"z\": the path of VonMises is that of functions of the angle, and "
                           "the model's Normal is none; "
                           "name the ScoreFunction (at guide.cpp:7)");
  CHECK(error(Normal{}, ScoreFunction{}) == "no error");
  CHECK(error(VonMises{0, 1}) == "no error");
  CHECK(error(Uniform{-4, 4}) == "no error");
}

TEST_CASE("elbo: a model that did not replay the guide is an error") {
  Context guide(Key(1));
  (void)guide.sample("z", standard);
  Context model(Key(2));
  const int at = __LINE__ + 1;
  (void)model.sample("z", standard);
  CHECK(error_of([&] { (void)elbo(guide, model); }) ==
        "[elbo] site \"z\": the model did not take the guide's value; run it with replay(guide)" +
            line(at, file));
  Context empty(Key(1));
  CHECK(error_of([&] { (void)elbo(empty, model); }) ==
        "[elbo] site \"z\": the model did not take the guide's value; run it with replay(guide)" +
            line(at, file));
}

}  // namespace tapir::vi::test
