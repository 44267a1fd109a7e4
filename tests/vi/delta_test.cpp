// Delta: a point, its gradient, kl to any law.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/delta.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>
#include <tapir/vi/kl.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

const Shown shown{{.make = [](const std::vector<Var>& p) { return Delta{.value = p[0]}; }, .parameters = {Tensor(0.5)}}};

const std::vector<PlateAxis> images{{"images", 3}};

}  // namespace

TEST_CASE("Delta: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { Distribution(Delta{NAN}).check(at); }) ==
        "[Delta] value is nan, needs to be finite (at model.cpp:7)");
}

TEST_CASE("Delta: draws are its value, and so are their gradients") {
  CHECK(numbers(Delta{column({1, 2})}.sample(Key(1), {2, 2})) == std::vector<double>{1, 2, 1, 2});
  CHECK(Delta{3}.sample(Key(1, f32), {2}).type() == Type{f32, {2}});
  const auto results = value_and_gradients({column({1, 2})}, [](const std::vector<Var>& v) {
    return square(Delta{v[0]}.sample(Key(1), {5, 2}));
  });
  CHECK(numbers(results[1]) == std::vector<double>{10, 20});
}

TEST_CASE("Delta: its probability is 1 there and 0 elsewhere, and has no gradient") {
  CHECK(numbers(Delta{2}.log_prob(column({2, 1, INFINITY}))) == std::vector<double>{0, -INFINITY, -INFINITY});
  CHECK(std::isnan(Delta{2}.log_prob(NAN).item()));
  const auto results = value_and_gradients({column({1, 2}), column({1, 2.5})}, [](const std::vector<Var>& v) {
    return Delta{v[0]}.log_prob(v[1]);
  });
  CHECK(numbers(results[1]) == std::vector<double>{0, 0});
  CHECK(numbers(results[2]) == std::vector<double>{0, 0});
  CHECK(Delta{2}.mean().item() == 2);
  CHECK(Delta{2}.variance().item() == 0);
  CHECK(numbers(Delta{2}.cdf(column({1, 2, 3}))) == std::vector<double>{0, 1, 1});
}

TEST_CASE("kl of a Delta to any law is minus the law's log density at its value") {
  const Tensor at({3, 2}, {0.5, 1.0, -2.0, 0.1, 0.7, 3.0});
  const Distribution point = Delta{at};
  const Distribution prior = iid(Laplace{0.1, 2}, {2});
  const auto divergence = kl(point.aligned(images), prior.aligned(images));
  const auto expected = numbers(prior.log_prob(at));
  for (Index i = 0; i < 3; ++i)
    CHECK(divergence->tensor().at(i) ==
          doctest::Approx(-expected[static_cast<std::size_t>(i)]).epsilon(1e-14));
  CHECK(kl(Distribution(Delta{2}), Distribution(Delta{2}))->item() == 0);
  CHECK(kl(Distribution(Delta{2}), Distribution(Delta{2.5}))->item() == INFINITY);
  CHECK(kl(Distribution(Delta{-1}), Distribution(Exponential{2}))->item() == INFINITY);
}

TEST_CASE("kl of a Delta: its gradient is that of the law's log density") {
  const auto results = value_and_gradients({Tensor(0.5), Tensor(1.5)}, [](const std::vector<Var>& v) {
    return *kl(Distribution(Delta{v[0]}), Distribution(Normal{0.2, v[1]}));
  });
  CHECK(results[1].item() == doctest::Approx(0.3 / 2.25).epsilon(1e-14));
  CHECK(results[2].item() == doctest::Approx(1 / 1.5 - 0.09 / 3.375).epsilon(1e-14));
}

}  // namespace tapir::vi::test
