// Flat: what it adds to a model, and that it cannot be drawn from.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/flat.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <tapir/vi/vi.hpp>

#include "recorded_run.hpp"
#include "recording.hpp"
#include "shown_law.hpp"

namespace tapir::vi::test {
namespace {

const Shown shown{{.make = [](const std::vector<Var>&) { return Flat(); }, .parameters = {}}};

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("Flat: adds 0 on its support, -inf outside, and no gradient") {
  CHECK(numbers(Flat().log_prob(column({-1e300, 0, 3}))) == std::vector<double>{0, 0, 0});
  CHECK(numbers(Flat(Support::positive).log_prob(column({-1, 0, 3, infinity}))) ==
        std::vector<double>{-infinity, -infinity, 0, -infinity});
  CHECK(std::isnan(Flat().log_prob(NAN).item()));
  CHECK(Flat().log_prob(column({1, 2}).cast(f32)).type() == Type{f32, {2}});
  const auto results = value_and_gradients(
      {column({-1, 2})}, [](const std::vector<Var>& v) { return Flat(Support::positive).log_prob(v[0]); });
  CHECK(numbers(results[1]) == std::vector<double>{0, 0});
}

TEST_CASE("Flat: of vectors, points are inside or not as a whole") {
  const Flat law(Support::simplex, {3});
  CHECK(numbers(law.log_prob(Tensor({2, 3}, {0.2, 0.3, 0.5, 0.2, 0.3, 0.6}))) ==
        std::vector<double>{0, -infinity});
  CHECK(numbers(Flat(Support::positive, {2}).log_prob(Tensor({2, 2}, {1., 2., 1., -1.}))) ==
        std::vector<double>{0, -infinity});
}

TEST_CASE("Flat: as a prior, the evidence lower bound is that of the likelihood and the guide's entropy") {
  Recording r;
  const Pair pair(
      r,
      [](Context& c, std::span<const Var>) -> std::vector<Var> {
        return {c.sample("mu", Normal{0.5, 0.2})};
      },
      [](Context& c, std::span<const Var>) -> std::vector<Var> {
        const Var mu = c.sample("mu", Flat());
        c.observe("x", Normal{mu, 1}, Tensor(0.3));
        return {mu};
      });
  const Var mu = *pair.guide.messages()[0].value;
  const Objective objective = elbo(pair.guide, pair.model);
  Var total = 0;
  for (const Cost& cost : objective.costs) total = total + sum(cost.value);
  const auto values = r.run({total, mu});
  const double z = values[1].item();
  const double entropy = 1.4189385332046727 + std::log(0.2);
  CHECK(near(values[0].item(), -entropy - log_normal(0.3, z, 1), 1e-12));
}

TEST_CASE("Flat: errors") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { Flat(Support::simplex, {}, at); }) ==
        "[Flat] a point of simplices has 1 axis, own axes [] have 0 (at model.cpp:7)");
  CHECK(error_of([&] { Flat().sample(Key(1), {}, at); }) ==
        "[Flat] an improper law has no draws; observe the site, condition it, or let a guide give its value "
        "(at "
        "model.cpp:7)");
  CHECK(error_of([&] {
          Flat(Support::real, {2}).log_prob({column({1, 2, 3}), at});
        }) == "[Flat] x is f64[3]; its last axes have to be [2] (at model.cpp:7)");
}

}  // namespace tapir::vi::test
