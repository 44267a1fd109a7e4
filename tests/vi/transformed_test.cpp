// Transformed: its rows, laws that it makes of others, sites, divergences, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/transformed.hpp>

#include <cmath>
#include <limits>

#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/vi.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"
#include "recording.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "transformed_test.cpp";
constexpr double infinity = std::numeric_limits<double>::infinity();

using Vars = std::vector<Var>;
using Gaussian = boost::math::normal_distribution<long double>;

Gaussian base_of(const Parameters& p) { return {p[0].item(), p[1].item()}; }

// loc + scale * score through a function of numbers.
template <class F>
auto mapped_scores(const F& map, std::vector<double> scores) {
  return [map, scores](const Parameters& p) {
    std::vector<double> y;
    for (double score : scores) y.push_back(map(p[0].item() + p[1].item() * score));
    return y;
  };
}

const auto exponential = [](double x) { return std::exp(x); };
const auto tangent = [](double x) { return std::tanh(x); };

const Listed normal_through_exp{{
    .name = "Normal through Exp",
    .make = [](const Vars& p) { return Transformed(Normal{.loc = p[0], .scale = p[1]}, Exp{}); },
    .cases = {scalars({0.3, 0.4}), scalars({-0.7, 0.25}), scalars({0, 0.5})},
    .extremes = {scalars({0, 1e-6}), scalars({0, 8})},
    .log_prob =
        [](const Parameters& p, long double y) {
          const long double x = std::log(y);
          return std::log(pdf(base_of(p), x)) - x;
        },
    .cdf =
        [](const Parameters& p, long double y) {
          return cdf(boost::math::lognormal_distribution<long double>(p[0].item(), p[1].item()), y);
        },
    .points = mapped_scores(exponential, {-8,  -6.5, -5,  -4, -3, -2, -1, -0.5, -0.1, 0,
                                           0.02, 0.2, 0.6, 1,  2,  3,  5,  8,    20,   39}),
    .outside = {-infinity, -3, -1e-300, 0},
    .length = [](const Parameters& p) { return p[1].item() * std::exp(p[0].item() - 8.0L * p[1].item()); },
    .breaks =
        [](const Parameters& p) {
          return std::vector<double>{0, std::exp(p[0].item()), infinity};
        },
}};

const Listed normal_through_tanh{{
    .name = "Normal through Tanh",
    .make = [](const Vars& p) { return Transformed(Normal{.loc = p[0], .scale = p[1]}, Tanh{}); },
    .cases = {scalars({0.1, 0.4}), scalars({-0.3, 0.25}), scalars({0, 0.3})},
    .extremes = {scalars({0, 1e-30}), scalars({0, 1e-6})},
    .log_prob =
        [](const Parameters& p, long double y) {
          return std::log(pdf(base_of(p), std::atanh(y))) - std::log((1 - y) * (1 + y));
        },
    .cdf = [](const Parameters& p, long double y) { return cdf(base_of(p), std::atanh(y)); },
    .points = mapped_scores(tangent, {-5,   -4,  -3,  -2.5, -2,  -1.5, -1, -0.5, -0.2, 0,
                                       1e-3, 0.1, 0.3, 0.6,  0.9, 1.3,  2,  3,    4,    5}),
    .outside = {-infinity, -1.5, -1, 1, 2, infinity},
    .length = [](const Parameters& p) { return p[1].item() * 0.1L; },
    .breaks =
        [](const Parameters&) {
          return std::vector<double>{-1, 1};
        },
}};

Transformed half_line(const Var& scale) {
  return {Transformed(Normal{0.2, 0.5}, Exp{}), Affine{.loc = 2, .scale = scale}};
}

}  // namespace

TEST_CASE(
    "Transformed: Normal through Affine is Normal, ascending and descending, its distribution function too") {
  for (double scale : {0.7, -0.7}) {
    const Distribution law = Transformed(Normal{0.3, 1.2}, Affine{.loc = -1, .scale = scale});
    const Distribution same_law = Normal{-1 + scale * 0.3, 1.2 * 0.7};
    const Tensor y = column({-3, -1.2, 0, 0.4, 2});
    for (Index i = 0; i < y.size(); ++i) {
      CHECK(near(law.log_prob(y).tensor().at(i), same_law.log_prob(y).tensor().at(i), 1e-14));
      CHECK(near(law.cdf(y)->tensor().at(i), same_law.cdf(y)->tensor().at(i), 1e-15));
    }
    const auto by_scale = value_and_gradients({Tensor(scale)}, [&](const Vars& v) {
      return Transformed(Normal{0.3, 1.2}, Affine{.loc = -1, .scale = v[0]}).log_prob(y);
    });
    const auto by_loc_and_scale =
        value_and_gradients({Tensor(-1 + scale * 0.3), Tensor(1.2 * 0.7)}, [&](const Vars& v) {
          return Normal{v[0], v[1]}.log_prob(y);
        });
    CHECK(near(by_scale[1].item(),
               0.3 * by_loc_and_scale[1].item() + 1.2 * (scale > 0 ? 1 : -1) * by_loc_and_scale[2].item(),
               1e-13));
  }
}

TEST_CASE(
    "Transformed: the image of a half-line ends where it ends, whatever the direction, also if recorded") {
  const Tensor y = column({1, 1.999, 2, 2.001, 5});
  for (double scale : {0.5, -0.5}) {
    const Distribution law = half_line(scale);
    CHECK(law.support().str() == "numbers in " + std::string(scale > 0 ? "(2, inf)" : "(-inf, 2)"));
    const auto plain = numbers(law.log_prob(y));
    const auto levels = numbers(*law.cdf(y));
    const auto recorded = value_and_gradients({Tensor(scale)}, [&](const Vars& v) {
      const Var log_prob = half_line(v[0]).log_prob(y);
      return where(log_prob == -infinity, 0, log_prob);
    });
    double total = 0;
    for (std::size_t i = 0; i < plain.size(); ++i) {
      const double x = (y.at(static_cast<Index>(i)) - 2) / scale;
      CHECK((plain[i] == -infinity) == !(x > 0));
      if (x > 0) {
        CHECK(near(plain[i], test::log_normal(std::log(x), 0.2, 0.5) - std::log(x) - std::log(0.5), 1e-13));
        const auto p = static_cast<double>(cdf(Gaussian(0.2L, 0.5L), std::log(static_cast<long double>(x))));
        CHECK(near(levels[i], scale > 0 ? p : 1 - p, 1e-14));
        total += plain[i];
      } else {
        CHECK(levels[i] == (scale > 0 ? 0 : 1));
      }
    }
    CHECK(near(recorded[0].item(), total, 1e-13));
    CHECK(std::isfinite(recorded[1].item()));
  }
}

TEST_CASE(
    "Transformed: a logistic normal on simplices is its closed form, -inf off them, with clean gradients") {
  const Tensor loc = column({0.3, -0.5});
  const auto law = [&](const Var& l, const Bijector& onto) {
    return Transformed(iid(Normal{0, 1}, {2}), Chain{{Affine{.loc = l, .scale = 0.8}, onto}});
  };
  const Tensor y({4, 3}, {0.2, 0.5, 0.3, 1e-30, 0.4, 0.6, 0.5, 0.6, 0.3, 0.4, 0.6, 0.0});
  const Distribution centred = law(loc, SoftmaxCentred{});
  CHECK(centred.own_shape() == Shape{3});
  CHECK(centred.batch_shape() == Shape{});
  CHECK(centred.support() == Support::Kind::simplex);
  const auto log_prob = numbers(centred.log_prob(y));
  for (std::size_t i = 0; i < 2; ++i) {
    const auto at = [&](Index k) { return std::log(y.at(static_cast<Index>(3 * i) + k)); };
    double expected = -(at(0) + at(1) + at(2)) - 2 * (std::log(0.8) + 0.91893853320467274178);
    for (Index k = 0; k < 2; ++k) {
      const double z = (at(k) - at(2) - loc.at(k)) / 0.8;
      expected -= 0.5 * z * z;
    }
    CHECK(near(log_prob[i], expected, 1e-13));
  }
  CHECK(log_prob[2] == -infinity);
  CHECK(log_prob[3] == -infinity);
  for (const Bijector& onto : {Bijector(SoftmaxCentred{}), Bijector(StickBreaking{})}) {
    const auto results =
        value_and_gradients({loc, y}, [&](const Vars& v) { return law(v[0], onto).log_prob(v[1]); });
    for (std::size_t k = 1; k < 3; ++k)
      for (double g : numbers(results[k])) CHECK(std::isfinite(g));
  }
  const Tensor draws = Distribution(law(loc, StickBreaking{})).sample(Key(1), {50}).tensor();
  CHECK(draws.shape() == Shape{50, 3});
  CHECK(!Support::simplex.violation(draws));
}

TEST_CASE("Transformed: slices have sets of their own, outside of which the density is -inf") {
  const Distribution law = Transformed(
      iid(Normal{0, 1}, {3}), PerSlice{{{Exp{}, 1}, {Affine{.loc = 1, .scale = 2}, 1}, {Tanh{}, 1}}});
  const auto log_prob =
      numbers(law.log_prob(Tensor({3, 3}, {0.5, -3.0, 0.2, -0.5, 3.0, 0.2, 0.5, 3.0, 1.0})));
  CHECK(near(log_prob[0],
             test::log_normal(std::log(0.5), 0, 1) - std::log(0.5) + test::log_normal(-2, 0, 1) -
                 std::log(2.0) + test::log_normal(std::atanh(0.2), 0, 1) - std::log(1 - 0.04),
             1e-14));
  CHECK(log_prob[1] == -infinity);
  CHECK(log_prob[2] == -infinity);
}

TEST_CASE("Transformed: what a part in the middle of a chain excludes has density 0, not NaN, and clean "
          "gradients") {
  const Chain chain{{Affine{.loc = 0.5}, Ordered{}, Permutation{{1, 2, 0}}, Exp{}}};
  CHECK(!Bijector(Exp{}).knows_image(Support::ordered));
  const Tensor y({4, 3}, {2.0, 3.0, 1.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0, -1.0, 3.0, 1.0});
  const auto law = [&](const Var& scale) { return Transformed(iid(Normal{0, scale}, {3}), chain); };
  const auto log_prob = numbers(law(1).log_prob(y));
  const double steps[] = {std::log(std::log(2.0)), std::log(std::log(1.5))};
  double expected = -std::log(6.0) - steps[0] - steps[1] + test::log_normal(-0.5, 0, 1);
  for (double step : steps) expected += test::log_normal(step - 0.5, 0, 1);
  CHECK(near(log_prob[0], expected, 1e-14));
  for (std::size_t i = 1; i < 4; ++i) CHECK(log_prob[i] == -infinity);
  const auto results = value_and_gradients({Tensor(1.0), y}, [&](const Vars& v) {
    const Var terms = law(v[0]).log_prob(v[1]);
    return where(terms == -infinity, 0, terms);
  });
  CHECK(near(results[0].item(), expected, 1e-14));
  for (std::size_t k = 1; k < 3; ++k)
    for (double g : numbers(results[k])) CHECK(std::isfinite(g));
}

TEST_CASE("Transformed: at a site, axes of parameters that a value has are own, those before are plates") {
  const Var loc = irregular({2, 3});
  const Distribution law =
      Transformed(iid(Normal{0, 1}, {3}), Chain{{Affine{.loc = loc, .scale = 0.5}, StickBreaking{}}});
  const auto list = law.parameters();
  REQUIRE(list.size() == 4);
  CHECK(list[0].name == "base.loc");
  CHECK(list[2].name == "bijector.parts[0].loc");
  CHECK(list[2].own == 1);
  CHECK(list[3].own == 0);
  Context c(Key(3));
  const auto plate = c.plate("rows", 2);
  const Var z = c.sample("z", law);
  CHECK(z.shape() == Shape{2, 4});
  CHECK(c.find("z")->log_prob.shape() == Shape{2});
  const auto inner = c.plate("columns", 5);
  CHECK(c.sample("w", law).shape() == Shape{2, 5, 4});
  CHECK(c.find("w")->log_prob.shape() == Shape{2, 5});
}

TEST_CASE("Transformed: divergence of two is that of the bases if they go through one bijector") {
  const Normal p{0.3, 0.5};
  const Normal q{-0.2, 1.5};
  const double expected = kl_normal(0.3, 0.5, -0.2, 1.5);
  CHECK(near(kl(Transformed(p, Exp{}), Transformed(q, Exp{}))->item(), expected, 1e-15));
  CHECK(!kl(Transformed(p, Exp{}), Transformed(q, Softplus{})));
  CHECK(!kl(Transformed(p, Affine{.loc = 1}), Transformed(q, Affine{.loc = 2})));
  CHECK(
      near(kl(Transformed(p, Affine{.loc = 1}), Transformed(q, Affine{.loc = 1}))->item(), expected, 1e-15));
  const Distribution vectors = Transformed(iid(p, {3}), StickBreaking{});
  CHECK(near(kl(vectors, Transformed(iid(q, {3}), StickBreaking{}))->item(), 3 * expected, 1e-14));

  // Own axes on one side, iid on the other.
  Context guide(Key(1));
  const Var z = guide.sample("z", Transformed(Normal{.loc = irregular({3}), .scale = 0.5}, Exp{}));
  CHECK(z.shape() == Shape{3});
  const auto model_law = Distribution(Transformed(iid(Normal{0, 1}, {3}), Exp{})).aligned({});
  const auto divergence = kl(guide.find("z")->law, model_law);
  REQUIRE(divergence);
  double total = 0;
  for (double loc : numbers(irregular({3}))) total += kl_normal(loc, 0.5, 0, 1);
  CHECK(near(divergence->item(), total, 1e-14));
}

TEST_CASE("Transformed: data that a mask leaves out are replaced by a point of the set") {
  Recording r;
  Context c(r.key(), r.options({mask(Tensor({2}, {1.0, 0.0}))}));
  const Var loc = c.param("loc", 0.3);
  const auto rows = c.plate("rows", 2);
  c.observe("x", Transformed(iid(Normal{0, 1}, {2}), Chain{{Affine{.loc = loc}, StickBreaking{}}}),
            Tensor({2, 3}, {0.2, 0.3, 0.5, double{NAN}, 7.0, -2.0}));
  const Var total = sum(c.find("x")->weighed(c.find("x")->log_prob));
  const auto results = r.run({total, grad(total, loc)});
  const Distribution alone =
      Transformed(iid(Normal{0, 1}, {2}), Chain{{Affine{.loc = 0.3}, StickBreaking{}}});
  CHECK(near(results[0].item(), alone.log_prob(column({0.2, 0.3, 0.5})).item(), 1e-14));
  CHECK(std::isfinite(results[1].item()));
}

TEST_CASE(
    "Transformed: draws that round to an edge have a density all the same, and their gradients are clean") {
  const Distribution wide[] = {
      Transformed(Normal{0, 1e3}, Exp{}),
      Transformed(Normal{0, 100}, Sigmoid{.low = 0.1, .high = 0.7}),
      Transformed(Normal{0, 100}, Tanh{}),
      Transformed(Normal{0, 1e3}, Chain{{Exp{}, Affine{.loc = -3, .scale = -2}}}),
      Transformed(iid(Normal{0, 300}, {3}), StickBreaking{}),
  };
  for (const Distribution& law : wide) {
    for (DType dtype : {f64, f32}) {
      CAPTURE(law.parameters().size());
      const Var y = law.sample(Key(1, dtype), {1000});
      const auto finite = isfinite(y);  // of exp, some draws are beyond the largest number
      const auto all = numbers(law.own_rank() == 0 ? finite : min(finite, -1));
      const auto log_prob = numbers(law.log_prob(y));
      for (std::size_t i = 0; i < log_prob.size(); ++i)
        if (all[i] == 1) CHECK(std::isfinite(log_prob[i]));
    }
  }
}

TEST_CASE("Transformed: iid of it and it of iid are one law") {
  const Normal normal{.loc = irregular({2}), .scale = 0.5};
  const Distribution outside = iid(Transformed(normal, Softplus{}), {3});
  const Distribution inside = Transformed(iid(normal, {3}), Softplus{});
  const Var y = softplus(irregular({2, 3}, 0.2));
  CHECK(outside.own_shape() == Shape{3});
  CHECK(outside.is_pathwise());
  CHECK(near(outside.log_prob(y).tensor().at(1), inside.log_prob(y).tensor().at(1), 1e-14));
  CHECK(outside.log_prob(y).shape() == Shape{2});
  CHECK(identical(outside.sample(Key(1), {2}).tensor(), inside.sample(Key(1), {2}).tensor()));
  CHECK(numbers(*kl(outside, inside)) == std::vector<double>{0, 0});
}

TEST_CASE("Transformed: a guide through Exp finds a model through Exp, by the closed form") {
  const auto model = [](Context& c) { (void)c.sample("z", Transformed(Normal{0.3, 0.5}, Exp{})); };
  const auto guide = [](Context& c) {
    const Normal base{.loc = c.param("loc", -0.5), .scale = c.param("scale", 1.5, Support::positive)};
    (void)c.sample("z", Transformed(base, Exp{}));
  };
  Params params(0, f64);
  Svi svi(params, model, guide, adam(0.05));
  for (int i = 0; i < 1500; ++i) (void)svi.step();
  CHECK(svi.report() == "z: pathwise, closed-form divergence\n");
  CHECK(near(params.value("loc").item(), 0.3, 1e-3));
  CHECK(near(std::exp(params.value("scale").item()), 0.5, 1e-3));
}

TEST_CASE("Transformed: errors") {
  const auto error = [](const auto& make) { return error_of([&] { (void)make(); }); };
  const auto at = [](int row) { return line(row, file); };
  CHECK(error([] { return Transformed(Bernoulli{0.3}, Affine{}); }) ==
        "[Transformed] values of Bernoulli are discrete; a change of variables has no density there" +
            at(__LINE__ - 2));
  CHECK(error([] { return Transformed(Normal{}, StickBreaking{}); }) ==
        "[Transformed] a point of StickBreaking has 1 axis, a value of Normal has 0; give it own axes with "
        "iid" +
            at(__LINE__ - 3));
  CHECK(error([] { return Transformed(iid(Normal{}, {3}), UnitVector{}); }) ==
        "[Transformed] UnitVector is no bijection; its result has no density" + at(__LINE__ - 1));
  CHECK(error([] { return Transformed(Normal{}, Power{2}); }) ==
        "[Transformed] values of Normal are real numbers, Power takes positive numbers" + at(__LINE__ - 1));
  const Dirichlet shares{Tensor({3}, {1.0, 2.0, 3.0})};
  CHECK(error([&] { return Transformed(shares, Exp{}); }) ==
        "[Transformed] values of Dirichlet are simplices, whose elements depend on one another; Exp has no "
        "density there" +
            at(__LINE__ - 3));
  CHECK(error([&] { return Transformed(shares, Permutation{{2, 0, 1}}); }) == "no error");
  CHECK(error([&] { return Transformed(shares, Inverse{StickBreaking{}}); }) == "no error");
  CHECK(error([] { return Transformed(iid(Normal{}, {4}), LowerCholesky{}); }) ==
        "[LowerCholesky] x has 4 elements; a triangle has 1, 3, 6, 10, .." + at(__LINE__ - 1));
  const Distribution flat = Transformed(Normal{}, Affine{.scale = 0});
  CHECK(error([&] { return flat.log_prob(1.0); }) ==
        "[Transformed] bijector.scale is 0, needs to be finite and not 0" + at(__LINE__ - 1));
  const Distribution negative = Transformed(Normal{0, -1}, Exp{});
  CHECK(error([&] { return negative.sample(Key(1), {}); }) ==
        "[Transformed] base.scale is -1, needs to be positive" + at(__LINE__ - 1));
}

TEST_CASE("Transformed: a score function where the parameter of a bijector moves the support is an error") {
  Recording r;
  Context c(r.key(), r.options());
  const Var low = c.param("low", 0.3);
  const auto moving = [&](const Var& loc) {
    return Transformed(Transformed(Normal{}, Exp{}), Affine{.loc = loc});
  };
  CHECK(error_of([&] { (void)c.sample("z", moving(low), ScoreFunction{}); }) ==
        "[sample] site \"z\": ends of Transformed move with parameters; a score function has no gradient "
        "there" +
            line(__LINE__ - 3, file));
  (void)c.sample("z", moving(low));  // pathwise
  (void)c.sample("w", Transformed(Normal{}, Affine{.loc = low}), ScoreFunction{});
}

}  // namespace tapir::vi::test
