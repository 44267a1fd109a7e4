// renyi and jeffreys: against the oracle's expectation, where they diverge, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/renyi.hpp>

#include <tapir/vi/distributions/distributions.hpp>
#include <tapir/vi/kl.hpp>

#include "law_case.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_closed(const LawRow& row) {
  const Distribution law = row.make(vars_of(row.cases[0]));
  return error_of([&] { renyi(law, law, 0.5); }) == "no error";
}

}  // namespace

TEST_CASE("renyi of every law that has it is the oracle's, within 1e-9, KL for alpha = 1, and 0 at p = q") {
  int laws = 0;
  for (const LawRow& row : law_rows()) {
    if (!is_closed(row)) continue;
    ++laws;
    CAPTURE(row.name);
    const Case p{row, row.cases[0]}, q{row, row.cases[1]};
    CHECK(renyi(p.law(), q.law(), 1).item() == kl(p.law(), q.law())->item());
    for (double alpha : {0.25, 0.5, 1.25}) {
      CAPTURE(alpha);
      CHECK(near(renyi(p.law(), p.law(), alpha).item(), 0, 1e-14));
      for (const auto& [one, other] : {std::pair{p, q}, std::pair{q, p}}) {
        const double actual = renyi(one.law(), other.law(), alpha).item();
        if (actual == infinity) continue;
        const Rule rule =
            one.is_discrete() ? rule_of(one) : rule_of(one, row.breaks(other.parameters), 1.0 / 256);
        const long double expected = std::log(expectation(
                                         one,
                                         [&](double x, long double log_p) {
                                           return std::exp((alpha - 1) * (log_p - other.log_prob(x)));
                                         },
                                         rule)) /
                                     (alpha - 1);
        CAPTURE(static_cast<double>(expected));
        CHECK(near(actual, expected, 1e-9));
      }
    }
  }
  CHECK(laws >= 8);
}

TEST_CASE("renyi is continuous at alpha = 1 and its gradient there is that of KL") {
  const std::vector<Tensor> at{Tensor(0.3), Tensor(1.5), Tensor(-1.0), Tensor(2.0)};
  const auto of = [&](double alpha) {
    return value_and_gradients(at, [&](const std::vector<Var>& v) {
      return renyi(Normal{v[0], v[1]}, Normal{v[2], v[3]}, alpha);
    });
  };
  const auto there = of(1), close_by = of(1 + 1e-9);
  for (std::size_t i = 0; i < there.size(); ++i) CHECK(near(close_by[i].item(), there[i].item(), 1e-8));
}

// p^2/q is 72 x^2 (1 - x)^3 for Beta, 1/(k! 2^k) for Poisson, 2 e^(-3x/2) for Exponential and e times the
// density of Normal{2, 1} for Normal.
TEST_CASE("renyi of order 2 is the logarithm of an integral by hand") {
  CHECK(near(renyi(Beta{2, 3}, Beta{1, 2}, 2).item(), std::log(1.2), 1e-14));
  CHECK(near(renyi(Poisson{1}, Poisson{2}, 2).item(), 0.5, 1e-14));
  CHECK(near(renyi(Exponential{1}, Exponential{0.5}, 2).item(), std::log(4.0 / 3), 1e-14));
  CHECK(near(renyi(Normal{1, 1}, Normal{0, 1}, 2).item(), 1, 1e-14));
}

TEST_CASE("renyi is infinite where its expectation diverges") {
  CHECK(renyi(Normal{0, 2}, Normal{0, 1}, 2).item() == infinity);
  CHECK(renyi(Exponential{1}, Exponential{3}, 2).item() == infinity);
  CHECK(renyi(Laplace{0, 3}, Laplace{0, 1}, 2).item() == infinity);
  CHECK(renyi(Gamma{1, 1}, Gamma{3, 1}, 2).item() == infinity);
  CHECK(renyi(Beta{1, 1}, Beta{3, 1}, 2).item() == infinity);
  CHECK(renyi(Bernoulli::probs(0.5), Bernoulli::probs(0), 2).item() == infinity);
  CHECK(renyi(Bernoulli::probs(1), Bernoulli::probs(0), 0.5).item() == infinity);
  CHECK(renyi(Dirichlet{column({1, 1})}, Dirichlet{column({3, 1})}, 2).item() == infinity);
}

TEST_CASE("renyi of vectors: Categorical is the sum, Dirichlet over two is Beta, iid laws add up") {
  const Categorical p = Categorical::probs(column({0.2, 0.8, 0})),
                    q = Categorical::probs(column({0.5, 0.3, 0.2}));
  CHECK(near(renyi(p, q, 3).item(), std::log(0.008 / 0.25 + 0.512 / 0.09) / 2, 1e-14));
  CHECK(near(renyi(Dirichlet{column({2, 3})}, Dirichlet{column({0.5, 4})}, 0.5).item(),
             renyi(Beta{2, 3}, Beta{0.5, 4}, 0.5).item(), 1e-13));
  CHECK(near(renyi(iid(Normal{1, 2}, {3}), iid(Normal{}, {3}), 0.5).item(),
             3 * renyi(Normal{1, 2}, Normal{}, 0.5).item(), 1e-15));
}

TEST_CASE("jeffreys is the sum of both KL") {
  const Distribution p = Gamma{2, 3}, q = Exponential{0.5};
  CHECK(jeffreys(p, q).item() == kl(p, q)->item() + kl(q, p)->item());
}

TEST_CASE("renyi and jeffreys without a closed form name both laws") {
  const Where at{"model.cpp", 7};
  CHECK(error_of([&] { renyi(StudentT{3}, StudentT{4}, 2, at); }) ==
        "[renyi] of StudentT and StudentT has no closed form (at model.cpp:7)");
  CHECK(error_of([&] { renyi(Normal{}, Laplace{}, 2, at); }) ==
        "[renyi] of Normal and Laplace has no closed form (at model.cpp:7)");
  CHECK(error_of([&] { jeffreys(Normal{}, StudentT{3}, at); }) ==
        "[jeffreys] of Normal and StudentT has no closed form (at model.cpp:7)");
  CHECK(error_of([&] { renyi(Normal{}, Normal{}, 0, at); }) ==
        "[renyi] alpha is 0, needs to be positive and finite (at model.cpp:7)");
}

}  // namespace tapir::vi::test
