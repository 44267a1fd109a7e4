// The suite: divergences of laws of one kind, against the oracle's expectation.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/kl.hpp>

#include "law_case.hpp"

namespace tapir::vi::test {

TEST_CASE(
    "every law: kl between its cases is the oracle's expectation, within 1e-9, and exactly 0 at p = q") {
  for_each_case([](const Case& p) {
    if (!kl(p.law(), p.law())) return;
    CHECK(kl(p.law(), p.law())->item() == 0);
    for (const Parameters& other : p.row.cases) {
      const Case q{p.row, other};
      const Rule rule = p.is_discrete() ? rule_of(p) : rule_of(p, q.row.breaks(other), 1.0 / 256);
      const long double expected = expectation(
          p, [&](double x, long double log_p) { return log_p - q.log_prob(x); }, rule);
      const auto actual = kl(p.law(), q.law());
      if (!actual) continue;  // of some pairs it may not be known
      CAPTURE(static_cast<double>(expected));
      CAPTURE(actual->item());
      CHECK(near(actual->item(), expected, 1e-9));
    }
  });
}

TEST_CASE("every law: gradients of kl and of the entropy are central differences") {
  for (const LawRow& row : law_rows()) {
    CAPTURE(row.name);
    const std::size_t count = row.cases[0].size();
    Parameters both = row.cases[0];
    both.insert(both.end(), row.cases[1].begin(), row.cases[1].end());
    const auto divergence = [&](std::vector<Var> v) {
      for (std::size_t k = 0; k < v.size(); ++k)
        if (!is_continuous(row, k)) v[k] = both[k];
      const std::vector<Var> p(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(count));
      const std::vector<Var> q(v.begin() + static_cast<std::ptrdiff_t>(count), v.end());
      return kl(row.make(p), row.make(q));
    };
    const auto check = [&](const Parameters& at, const std::function<Var(const std::vector<Var>&)>& f) {
      const auto results = value_and_gradients(at, f);
      for_each_element(at, [&](std::size_t k, Index i) {
        if (!is_continuous(row, k)) return;
        const long double expected = derivative(Case{row, row.cases[0]}, at, k, i, [&](const Parameters& p) {
          return static_cast<long double>(f(vars_of(p)).item());
        });
        CHECK(near(results[k + 1].at(i), expected, 1e-8));
      });
    };
    bool continuous = false;
    for (std::size_t k = 0; k < count; ++k) continuous = continuous || is_continuous(row, k);
    if (continuous && divergence(vars_of(both)))
      check(both, [&](const std::vector<Var>& v) { return *divergence(v); });
    if (row.make(vars_of(row.cases[0])).entropy())
      check(row.cases[0], [&](const std::vector<Var>& v) { return *row.make(v).entropy(); });
  }
}

}  // namespace tapir::vi::test
