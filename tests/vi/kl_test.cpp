// kl: the table, iid on both sides, and sites. The values of closed forms are in the suite.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/kl.hpp>

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
  CHECK(closed->tensor().at(1) == doctest::Approx(12 * kl(Normal{2, 0.5}, Normal{0, 2}).item()).epsilon(1e-14));
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
  CHECK(error_of([&] { kl(Distribution(Normal{column({1, 2}), 1}), Distribution(Normal{column({1, 2, 3}), 1})); }) ==
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

}  // namespace tapir::vi::test
