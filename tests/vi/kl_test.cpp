// kl: the table, iid on both sides, and sites. The values of closed forms are in the suite.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/kl.hpp>

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>

#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "kl_test.cpp";
const std::vector<PlateAxis> images{{"images", 3}};

}  // namespace

TEST_CASE("kl to a standard normal is the lecture's sum of -log s + (s^2 + m^2 - 1)/2") {
  const std::vector<double> m{0.3, -1.2}, s{0.5, 2};
  double expected = 0;
  for (std::size_t i = 0; i < 2; ++i) expected += -std::log(s[i]) + (s[i] * s[i] + m[i] * m[i] - 1) / 2;
  const Aligned guide = Distribution(Normal{.loc = column(m), .scale = column(s)}).aligned({});
  const Aligned prior = Distribution(iid(Normal{0, 1}, {2})).aligned({});
  CHECK(kl(guide, prior)->item() == doctest::Approx(expected).epsilon(1e-14));
}

TEST_CASE("kl of laws without a closed form is empty") {
  CHECK(!kl(Distribution(Normal{}), Distribution(Bernoulli{})));
  CHECK(!kl(Distribution(Normal{}).aligned(images), Distribution(Bernoulli{}).aligned(images)));
}

TEST_CASE("kl of iid laws is that of the elements, summed over its axes, one per element of the batch") {
  const Normal p{.loc = column({1, 2}), .scale = 0.5};
  const auto closed = kl(Distribution(iid(p, {3, 4})), Distribution(iid(Normal{0, 2}, {3, 4})));
  REQUIRE(closed->shape() == Shape{2});
  CHECK(closed->tensor().at(1) ==
        doctest::Approx(12 * kl(Normal{2, 0.5}, Normal{0, 2}).item()).epsilon(1e-14));
  const auto nested = kl(Distribution(iid(iid(Normal{1, 2}, {2}), {3})), Distribution(iid(Normal{}, {3, 2})));
  CHECK(nested->item() == doctest::Approx(6 * kl(Normal{1, 2}, Normal{}).item()).epsilon(1e-14));
}

TEST_CASE("kl at a site fills the plates, also where all elements share the laws") {
  const auto shared = kl(Distribution(Normal{1, 2}).aligned(images), Distribution(Normal{}).aligned(images));
  CHECK(numbers(*shared) == std::vector<double>(3, kl(Normal{1, 2}, Normal{}).item()));
  const Tensor logits({3, 2}, {0.0, 1.0, 2.0, 0.0, 0.0, 0.0});
  const auto categories = kl(Distribution(Categorical{.logits = logits}).aligned(images),
                             Distribution(Categorical{.logits = column({0, 0})}).aligned(images));
  CHECK(categories->shape() == Shape{3});
  CHECK(categories->tensor().at(2) == 0);
}

TEST_CASE("kl between values of different shape is an error") {
  const Distribution p = iid(Normal{}, {20});
  const Distribution q = iid(Normal{}, {10});
  CHECK(error_of([&] { kl(p, q); }) ==
        "[kl] values of Normal have own axes [20], those of Normal [10]" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { kl(p.aligned(images), q.aligned(images)); }) ==
        "[kl] values of Normal have shape [3,20], those of Normal [3,10]" + line(__LINE__ - 1, file));
  const Distribution two = Normal{column({1, 2}), 1}, three = Normal{column({1, 2, 3}), 1};
  CHECK(error_of([&] { kl(two, three); }) ==
        "[kl] values of Normal have batch shape [2], those of Normal [3]" + line(__LINE__ - 1, file));
}

TEST_CASE("kl: the gradient by the guide of a variational autoencoder is the closed form's") {
  const Tensor loc({2, 2}, {0.5, -1.0, 2.0, 0.1}), scale({2, 2}, {0.5, 1.5, 1.0, 3.0});
  const std::vector<PlateAxis> two{{"images", 2}};
  const auto results = value_and_gradients({loc, scale}, [&](const std::vector<Var>& v) {
    return *kl(Distribution(Normal{.loc = v[0], .scale = v[1]}).aligned(two),
               Distribution(iid(Normal{0, 1}, {2})).aligned(two));
  });
  for (Index i = 0; i < 4; ++i) {
    CHECK(results[1].at(i) == doctest::Approx(loc.at(i)).epsilon(1e-14));
    CHECK(results[2].at(i) == doctest::Approx(scale.at(i) - 1 / scale.at(i)).epsilon(1e-14));
  }
}

// Closed forms in p, and sums of Boost's probabilities by hand.
TEST_CASE("kl of laws with few values is the sum over them, for any discrete law on the other side") {
  const long double p = 1 / (1 + std::exp(-0.4L)), s = 1 / (1 + std::exp(0.7L));
  const long double entropy = -(p * std::log(p) + (1 - p) * std::log(1 - p));
  const auto value = [](const Distribution& one, const Distribution& other) {
    return kl(one, other)->item();
  };
  CHECK(near(value(Bernoulli{0.4}, Poisson{1.5}), 1.5L - p * std::log(1.5L) - entropy, 1e-14));
  CHECK(near(value(Bernoulli{0.4}, Geometric{-0.7}), -std::log(s) - p * std::log(1 - s) - entropy, 1e-14));
  CHECK(near(value(Bernoulli{0.4}, Binomial{1, -1}), kl(Bernoulli{0.4}, Bernoulli{-1}).item(), 1e-14));
  CHECK(near(value(DiscreteUniform{0, 3}, Poisson{2}),
             2 - 1.5L * std::log(2.0L) + std::log(12.0L) / 4 - std::log(4.0L), 1e-14));
  CHECK(value(Binomial{5, 0.3}, Bernoulli{0}) == std::numeric_limits<double>::infinity());
  CHECK(value(Bernoulli::probs(0), DiscreteUniform{-1, 0}) == doctest::Approx(std::log(2)).epsilon(1e-14));
  CHECK(near(value(Categorical{column({0, 0, 0})}, OrderedLogistic{0.5, column({-1, 1})}),
             -std::log(3.0L) - (std::log(1 / (1 + std::exp(1.5L))) + std::log(1 / (1 + std::exp(0.5L))) +
                                std::log(1 / (1 + std::exp(-0.5L)) - 1 / (1 + std::exp(1.5L)))) /
                                   3,
             1e-14));
}

TEST_CASE("kl over few values: binomial counts against Poisson's and beta binomial ones") {
  const boost::math::binomial_distribution<long double> one(7, 1 / (1 + std::exp(-0.3L)));
  const boost::math::poisson_distribution<long double> other(2.5L);
  long double expected = 0, spread = 0;
  for (int x = 0; x <= 7; ++x) {
    const long double p = boost::math::pdf(one, x);
    expected += p * (std::log(p) - std::log(boost::math::pdf(other, x)));
    spread += p * (std::log(p) + std::log(8.0L));
  }
  CHECK(near(kl(Distribution(Binomial{7, 0.3}), Distribution(Poisson{2.5}))->item(), expected, 1e-13));
  CHECK(near(kl(Distribution(Binomial{7, 0.3}), Distribution(BetaBinomial{1, 1, 7}))->item(), spread, 1e-13));
}

TEST_CASE("kl over few values broadcasts, has gradients, and is not there for totals that are not known") {
  const Distribution p = Bernoulli{.logits = Tensor({2, 1}, {0.4, -1.0})}, q = Poisson{column({1, 2, 3})};
  const auto all = kl(p, q);
  REQUIRE(all->shape() == Shape{2, 3});
  CHECK(near(all->tensor().at(5), kl(Distribution(Bernoulli{-1}), Distribution(Poisson{3}))->item(), 1e-15));
  const auto results = value_and_gradients({Tensor(0.4), Tensor(1.5)}, [](const std::vector<Var>& v) {
    return *kl(Distribution(Bernoulli{v[0]}), Distribution(Poisson{v[1]}));
  });
  const double chance = 1 / (1 + std::exp(-0.4));
  CHECK(near(results[1].item(), chance * (1 - chance) * (0.4 - std::log(1.5)), 1e-13));
  CHECK(near(results[2].item(), 1 - chance / 1.5, 1e-13));
  (void)run_recorded({Tensor(5.0)}, [](const std::vector<Var>& v) -> std::vector<Var> {
    CHECK(!kl(Distribution(Binomial{v[0], 0.3}), Distribution(Poisson{2})));
    return {v[0]};
  });
  CHECK(!kl(Distribution(Binomial{5000, 0.3}), Distribution(Poisson{2})));
}

TEST_CASE("kl to Flat is minus the entropy, and infinite from what leaves its set") {
  const Distribution p = Gamma{2, 3};
  CHECK(kl(p, Flat())->item() == -p.entropy()->item());
  CHECK(kl(p, Flat(Support::positive))->item() == -p.entropy()->item());
  CHECK(kl(Distribution(Normal{}), Flat(Support::positive))->item() ==
        std::numeric_limits<double>::infinity());
  CHECK(!kl(Distribution(Bernoulli{}), Flat()));
}

}  // namespace tapir::vi::test
