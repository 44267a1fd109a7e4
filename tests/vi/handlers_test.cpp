// Handlers: replay, condition, mask, scale; and predict, which runs a model forward under them.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/handlers.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/vi/vi.hpp>

#include "recording.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "handlers_test.cpp";
const Normal standard{0, 1};
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::string with_line(const std::string& text, int at) { return text + line(at, file); }

}  // namespace

// ---- replay ----

TEST_CASE("replay: latent sites take the values of the run, data stay data") {
  Context guide(Key(1));
  const Var z = guide.sample("z", Normal{3, 0.1});
  Context model(Key(2), {.handlers = {replay(guide)}});
  CHECK(model.sample("z", standard).item() == z.item());
  model.observe("x", Normal{0, 1}, 0.25);
  CHECK(near(model.find("z")->log_prob.item(), log_normal(z.item(), 0, 1), 1e-14));
  CHECK(model.find("x")->value->item() == 0.25);
}

TEST_CASE("replay: a site that the guide lacks is an error that lists what it has") {
  Context guide(Key(1));
  (void)guide.sample("sigma", standard);
  (void)guide.sample("b", standard);
  guide.observe("data", standard, 1.0);
  Context model(Key(2), {.handlers = {replay(guide)}});
  CHECK(error_of([&] { (void)model.sample("w", standard); }) ==
        with_line("[sample] the guide has no site named \"w\"; its sites are: sigma, b", __LINE__ - 1));
  Context empty(Key(1));
  Context other(Key(2), {.handlers = {replay(empty)}});
  CHECK(error_of([&] { (void)other.sample("w", standard); }) ==
        with_line("[sample] the guide has no site named \"w\"; its sites are: none", __LINE__ - 1));
}

TEST_CASE("replay and condition: what is conditioned needs no guide, in either order") {
  Context guide(Key(1));
  (void)guide.sample("z", standard);
  const Handler data = condition({{"w", Tensor(0.75)}});
  for (const Handlers& handlers : {Handlers{replay(guide), data}, Handlers{data, replay(guide)}}) {
    Context model(Key(2), {.handlers = handlers});
    CHECK(model.sample("w", standard).item() == 0.75);
    CHECK(model.find("w")->observed);
    CHECK(model.sample("z", standard).item() == guide.find("z")->value->item());
  }
  // Data beat the guide's value where there are both.
  for (const Handlers& handlers : {Handlers{replay(guide), condition({{"z", Tensor(0.5)}})},
                                   Handlers{condition({{"z", Tensor(0.5)}}), replay(guide)}}) {
    Context model(Key(2), {.handlers = handlers});
    CHECK(model.sample("z", standard).item() == 0.5);
    CHECK(model.find("z")->observed);
  }
}

// ---- condition ----

TEST_CASE("condition: latent sites become data, of exactly their shape") {
  const Tensor z = irregular({4});
  Context c(Key(1), {.handlers = {condition({{"z", z}})}});
  const auto rows = c.plate("rows", 4);
  CHECK(identical(c.sample("z", Normal{0.5, 2}).tensor(), z));
  CHECK(c.find("z")->observed);
  const Tensor terms = c.find("z")->log_prob.tensor();
  for (Index i = 0; i < 4; ++i) CHECK(near(terms.at(i), log_normal(z.at(i), 0.5, 2), 1e-14));

  Context other(Key(1), {.handlers = {condition({{"z", z}, {"x", Tensor(1.0)}})}});
  CHECK(error_of([&] { (void)other.sample("z", iid(standard, {5})); }) ==
        with_line("[condition] site \"z\": the data are f64[4], the site has shape [5]", __LINE__ - 1));
  CHECK(error_of([&] { other.observe("x", standard, 2.0); }) ==
        with_line("[condition] site \"x\" is observed already", __LINE__ - 1));
}

// ---- mask ----

TEST_CASE(
    "mask: terms count where the mask is not 0; NaN and -inf elsewhere leak into no value and no gradient") {
  const Tensor mask_of[] = {Tensor({5}, {1.0, 0.0, 1.0, 0.0, 0.0}),
                            Tensor({5}, {Index{1}, Index{0}, Index{3}, Index{0}, Index{0}}),
                            Tensor({5}, {1.0F, 0.0F, 1.0F, 0.0F, 0.0F})};
  const Tensor x({5}, {0.3, nan, -0.8, infinity, 1e300});
  for (const Tensor& m : mask_of) {
    CAPTURE(m.str());
    Recording r;
    Context c(r.key(), r.options({mask(m)}));
    const Var loc = c.param("loc", Tensor({5}, {0.1, 0.2, 0.3, 0.4, 0.5}));
    const Var scale = c.param("scale", 0.7, Support::positive);
    const auto rows = c.plate("rows", 5);
    c.observe("x", Normal{loc, scale}, x);
    const Message& site = *c.find("x");
    const Var terms = site.weighed(site.log_prob);
    const Var by_loc = grad(sum(terms), r.params["loc"]);
    const Var by_log_scale = grad(sum(terms), r.params["scale"]);
    const auto values = r.run({terms, by_loc, by_log_scale});
    const double z0 = (0.3 - 0.1) / 0.7;
    const double z2 = (-0.8 - 0.3) / 0.7;
    CHECK(near(values[0].at(0), log_normal(0.3, 0.1, 0.7), 1e-14));
    CHECK(near(values[0].at(2), log_normal(-0.8, 0.3, 0.7), 1e-14));
    CHECK(near(values[1].at(0), z0 / 0.7, 1e-14));
    CHECK(near(values[1].at(2), z2 / 0.7, 1e-14));
    CHECK(near(values[2].item(), z0 * z0 + z2 * z2 - 2, 1e-14));
    for (Index i : {1, 3, 4}) {
      CHECK(values[0].at(i) == 0);
      CHECK(values[1].at(i) == 0);
    }
  }
}

TEST_CASE("mask: what stands in for data that do not count lies in the support of every kind of law") {
  const Tensor m({3}, {1.0, 0.0, 0.0});
  Recording r;
  Context c(r.key(), r.options({mask(m)}));
  const Var logits = c.param("logits", Tensor({3}, {0.2, 0.4, -0.3}));
  const Var table = c.param("table", irregular({3, 4}));
  const auto rows = c.plate("rows", 3);
  c.observe("b", Bernoulli{logits}, Tensor({3}, {1.0, 0.5, nan}));
  c.observe("k", Categorical{table}, Tensor({3}, {Index{2}, Index{-1}, Index{9}}));
  c.observe("v", Normal{expand_dims(logits, -1), Tensor({2}, {1.0, 2.0})},
            Tensor({3, 2}, {0.1, 0.2, nan, 0.3, nan, nan}));
  Var total = 0.0;
  for (const Message& site : c.messages()) total = total + sum(site.weighed(site.log_prob));
  const auto values = r.run({total, grad(total, r.params["logits"]), grad(total, r.params["table"])});
  double norm = 0;
  const Tensor t = irregular({3, 4});
  for (Index k = 0; k < 4; ++k) norm += std::exp(t.at(k));
  CHECK(near(values[0].item(),
             std::log(sigma(0.2)) + t.at(2) - std::log(norm) + log_normal(0.1, 0.2, 1) +
                 log_normal(0.2, 0.2, 2),
             1e-14));
  for (const Tensor& v : values)
    for (double x : v.view<double>()) CHECK(std::isfinite(x));
  CHECK(values[1].at(1) == 0);
  CHECK(values[2].at(4) == 0);
}

TEST_CASE("mask: the mask of outer plates is shared by the inner ones; another shape is an error") {
  Context c(Key(1), {.handlers = {mask(Tensor({3}, {1.0, 0.0, 1.0}))}});
  const auto a = c.plate("a", 3);
  {
    const auto b = c.plate("b", 2);
    (void)c.sample("z", standard);
    const Message& z = *c.find("z");
    const auto terms = numbers(z.weighed(z.log_prob));
    CHECK(terms[0] != 0);
    CHECK(terms[1] != 0);
    CHECK(terms[2] == 0);
    CHECK(terms[3] == 0);
    CHECK(terms[4] != 0);
  }
  Context wrong(Key(1), {.handlers = {mask(Tensor({3}, {1.0, 0.0, 1.0}))}});
  const auto rows = wrong.plate("rows", 4);
  CHECK(error_of([&] { (void)wrong.sample("x", standard); }) ==
        with_line("[mask] site \"x\" has one term per element of [4], not of [3]", __LINE__ - 1));
  Context scaled(Key(1), {.handlers = {scale(Tensor({3}, {1.0, 0.0, 1.0}))}});
  const auto other = scaled.plate("rows", 4);
  CHECK(error_of([&] { (void)scaled.sample("x", standard); }) ==
        with_line("[scale] site \"x\" has one term per element of [4], not of [3]", __LINE__ - 1));
}

TEST_CASE("mask and scale: only the named sites, and both in turn") {
  Context c(Key(1), {.handlers = {scale(3.0, {"x"}), mask(0.0, {"y"}), scale(2.0)}});
  c.observe("x", standard, 0.5);
  c.observe("y", standard, 0.5);
  c.observe("v", standard, 0.5);
  const auto term = [&](const char* name) { return c.find(name)->weighed(c.find(name)->log_prob).item(); };
  CHECK(near(term("x"), 6 * log_normal(0.5, 0, 1), 1e-14));
  CHECK(term("y") == 0);
  CHECK(near(term("v"), 2 * log_normal(0.5, 0, 1), 1e-14));
}

namespace {

// A coin and a number per row, some of which are masked in the model.
struct Masked {
  Tensor m{Shape{4}, {1.0, 0.0, 1.0, 0.0}};
  Handlers in_guide = {};

  void guide(Context& c) const {
    const auto handled = c.with(in_guide);
    const auto rows = c.plate("rows", 4);
    (void)c.sample("z", Normal{c.param("loc", irregular({4})), c.param("scale", 0.6, Support::positive)});
    (void)c.sample("k", Bernoulli{c.param("logits", irregular({4}, 0.8))}, ScoreFunction{Baseline::none()});
  }
  void model(Context& c, const Tensor& data) const {
    const auto valid = c.with({mask(m)});
    const auto rows = c.plate("rows", 4);
    const Var z = c.sample("z", standard);
    const Var k = c.sample("k", Bernoulli{0.0});
    c.observe("x", Normal{z + k, 1}, data);
  }
};

}  // namespace

TEST_CASE("mask: divergences are masked too, in closed form and sampled, and masked rows get no gradient") {
  const Tensor x({4}, {0.3, nan, -0.2, infinity});
  for (const bool analytic : {true, false})
    for (const bool in_both : {true, false}) {
      Recording r;
      Masked masked;
      if (in_both) masked.in_guide = {mask(masked.m)};
      const Pair pair(
          r, [&](Context& c) { masked.guide(c); }, [&](Context& c) { masked.model(c, x); });
      const Loss one = loss_of(pair, {.analytic_kl = analytic});
      const Var by[] = {r.params["loc"], r.params["logits"]};
      const auto gradients = gradient(one, by);
      const auto values = r.run(
          {one.value, gradients[0], gradients[1], *pair.guide.find("z")->value, *pair.guide.find("k")->value},
          3);
      double expected = 0;
      for (const Index i : {0, 2}) {
        const double loc = irregular({4}).at(i);
        const double p = sigma(irregular({4}, 0.8).at(i));
        const double z = values[3].at(i);
        const double k = values[4].at(i);
        expected -= log_normal(x.at(i), z + k, 1);
        expected += analytic
                        ? kl_normal(loc, 0.6, 0, 1) + p * std::log(2 * p) + (1 - p) * std::log(2 * (1 - p))
                        : log_normal(z, loc, 0.6) - log_normal(z, 0, 1) + std::log(2 * (k == 1 ? p : 1 - p));
      }
      CHECK(near(values[0].item(), expected, 1e-13));
      for (const Index i : {1, 3}) {
        CHECK(values[1].at(i) == 0);
        CHECK(values[2].at(i) == 0);
      }
      CHECK(values[1].at(0) != 0);
      CHECK(values[2].at(0) != 0);
    }
}

TEST_CASE("mask: a guide that is masked otherwise than the model is an error") {
  Recording r;
  Masked masked;
  masked.in_guide = {mask(Tensor({4}, {1.0, 1.0, 1.0, 0.0}))};
  int at = 0;
  const auto guide = [&](Context& c) {
    const auto handled = c.with(masked.in_guide);
    const auto rows = c.plate("rows", 4);
    at = __LINE__ + 1;
    (void)c.sample("z", Normal{0.5, 1});
    (void)c.sample("k", Bernoulli{0.0});
  };
  const Pair pair(r, guide, [&](Context& c) { masked.model(c, irregular({4})); });
  CHECK(error_of([&] { (void)elbo(pair.guide, pair.model); }) ==
        with_line("[elbo] site \"z\" is masked or scaled otherwise in the guide than in the model; say it in "
                  "the model, or "
                  "the same in both",
                  at));
}

TEST_CASE("scale: a discrete site's score is that of its law, whatever the weight of its terms") {
  // E over k of 3 (log q - log p) - log p(x | k), by enumeration, against the mean of 20000 single draws.
  // Two-sided z test of the mean at 4.5 standard errors: 7e-6 false alarms.
  const double logit = 0.4;
  const double x = 0.3;
  const auto objective = [&](double l) {
    double total = 0;
    for (const double k : {0.0, 1.0}) {
      const double q = k == 1 ? sigma(l) : sigma(-l);
      total += q * (3 * (std::log(q) - std::log(0.5)) - log_normal(x, 2 * k, 1));
    }
    return total;
  };
  Recording r;
  const auto guide = [&](Context& c) {
    const auto weighed = c.with({scale(3.0)});
    (void)c.sample("k", Bernoulli{c.param("logit", logit)}, ScoreFunction{Baseline::constant(1.0)});
  };
  const auto model = [&](Context& c) {
    const Var k = [&] {
      const auto weighed = c.with({scale(3.0)});
      return c.sample("k", Bernoulli{0.0});
    }();
    c.observe("x", Normal{2 * k, 1}, x);
  };
  for (const bool analytic : {true, false}) {
    const Pair pair(r, guide, model);
    const Var by[] = {r.params["logit"]};
    Program program = r.program({gradient(loss_of(pair, {.analytic_kl = analytic}), by)[0]});
    Moments moments;
    for (Index draw = 0; draw < 20000; ++draw) moments.add(Recording::run(program, draw)[0].item());
    const auto expected = static_cast<double>(central_difference(
        [&](long double l) { return static_cast<long double>(objective(static_cast<double>(l))); }, logit,
        1e-3L));
    CAPTURE(moments.mean());
    CAPTURE(expected);
    CHECK(std::abs(moments.z(expected)) < 4.5);
  }
}

// ---- predict ----

TEST_CASE("predict: a model runs forward, returns what it returns, and its sites are there") {
  const auto model = [](Context& c, const Var& x) {
    const auto rows = c.plate("rows", x.shape()[0]);
    const Var z = c.sample("z", standard);
    c.observe("x", Normal{z, 1}, x);
    return std::vector<Var>{2 * z, x};
  };
  const Tensor x = irregular({3});
  const Prediction prior = predict(model, Key(5), {&x, 1});
  REQUIRE(prior.returned.size() == 2);
  CHECK(prior.sites.size() == 2);
  for (Index i = 0; i < 3; ++i) CHECK(prior.returned[0].at(i) == 2 * prior.sites.at("z").at(i));
  CHECK(identical(predict(model, Key(5), {&x, 1}).returned[0], prior.returned[0]));

  const Tensor z = irregular({3}, 0.9);
  const Prediction given = predict(model, Key(5), {&x, 1}, {.handlers = {condition({{"z", z}})}});
  for (Index i = 0; i < 3; ++i) CHECK(given.returned[0].at(i) == 2 * z.at(i));
}

TEST_CASE("predict: models take any number of inputs, or a span, and return nothing, one or several values") {
  const Tensor two[] = {Tensor(2.0), Tensor(3.0)};
  const Model none([](Context& c) { (void)c.sample("z", standard); });
  const Model sum([](Context&, const Var& a, const Var& b) { return a + b; });
  const Model any(
      [](Context&, std::span<const Var> all) { return std::vector<Var>(all.begin(), all.end()); });
  const Model generic([](Context&, auto a, auto b) { return a * b; });
  CHECK(predict(none, Key(1)).returned.empty());
  CHECK(predict(sum, Key(1), two).returned.at(0).item() == 5);
  CHECK(predict(any, Key(1), two).returned.size() == 2);
  CHECK(predict(generic, Key(1), two).returned.at(0).item() == 6);
  CHECK(error_of([&] {
          (void)predict(sum, Key(1), {two, 1});
        }) == with_line("[model] takes 2 inputs, it was given 1", __LINE__ - 2));
  CHECK(error_of([&] { (void)predict(none, Key(1), two); }) ==
        with_line("[model] takes 0 inputs, it was given 2", __LINE__ - 1));
}

TEST_CASE("predict: a handler that names no site of the model is an error") {
  const auto model = [](Context& c) { (void)c.sample("z", standard); };
  CHECK(error_of([&] {
          (void)predict(model, Key(1), {}, {.handlers = {condition({{"w", Tensor(1.0)}})}});
        }) ==
        with_line("[predict] condition names a site \"w\", which the model does not have; its sites are: z",
                  __LINE__ - 4));
  CHECK(error_of([&] { (void)predict(model, Key(1), {}, {.handlers = {mask(1.0, {"y"})}}); }) ==
        with_line("[predict] mask names a site \"y\", which the model does not have; its sites are: z",
                  __LINE__ - 2));
}

}  // namespace tapir::vi::test
