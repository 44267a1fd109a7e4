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

namespace {

// Two laws of the list as one of all their parameters.
LawRow paired(const LawRow& p, const LawRow& q) {
  LawRow pair;
  pair.name = p.name + " and " + q.name;
  pair.make = p.make;
  pair.length = [&p, &q](const Parameters& all) {
    const auto count = static_cast<std::ptrdiff_t>(p.cases[0].size());
    return std::min(p.length({all.begin(), all.begin() + count}), q.length({all.begin() + count, all.end()}));
  };
  return pair;
}

// Densities of the oracle are those inside of the support.
bool leaves(const Case& p, const Case& q) {
  const auto of_p = p.row.breaks(p.parameters), of_q = q.row.breaks(q.parameters);
  return of_p.front() < of_q.front() || of_p.back() > of_q.back();
}

// 1/x has no expectation: the density does not vanish at 0. Quadrature does not see it.
bool is_dense_at_0(const Case& c) {
  if (c.row.breaks(c.parameters).front() != 0) return false;
  return c.log_prob(0x1p-40) - c.log_prob(0x1p-60) < 1e-9L;
}

bool is_infinite(const Case& p, const Case& q) {
  return leaves(p, q) || (q.row.name == "InverseGamma" && is_dense_at_0(p));
}

bool is_wide(const Case& c) { return c.row.moments(c.parameters) <= 2; }

}  // namespace

// Laws without a variance are left out: their divergences may be infinite, which quadrature does not see.
TEST_CASE("every pair of continuous laws with a closed kl: it is the oracle's expectation, within 1e-9, and "
          "its gradient is "
          "the central difference") {
  int pairs = 0;
  for (const LawRow& p_row : law_rows())
    for (const LawRow& q_row : law_rows()) {
      const bool discrete = Case{p_row, p_row.cases[0]}.is_discrete();
      if (p_row.name == q_row.name || discrete ||
          !kl(Case{p_row, p_row.cases[0]}.law(), Case{q_row, q_row.cases[0]}.law()))
        continue;
      ++pairs;
      CAPTURE(p_row.name);
      CAPTURE(q_row.name);
      for (std::size_t which = 0; which < 4; ++which) {
        const Case p{p_row, p_row.cases[which / 2]}, q{q_row, q_row.cases[which % 2]};
        if (is_wide(p)) continue;
        const long double expected =
            is_infinite(p, q) ? std::numeric_limits<long double>::infinity()
                              : expectation(
                                    p, [&](double x, long double log_p) { return log_p - q.log_prob(x); },
                                    rule_of(p, q_row.breaks(q.parameters), 1.0 / 64));
        CAPTURE(which);
        CAPTURE(static_cast<double>(expected));
        CAPTURE(kl(p.law(), q.law())->item());
        CHECK(near(kl(p.law(), q.law())->item(), expected, 1e-9));
      }
      const auto count = static_cast<std::ptrdiff_t>(p_row.cases[0].size());
      Parameters both = p_row.cases[0];
      both.insert(both.end(), q_row.cases[0].begin(), q_row.cases[0].end());
      const auto divergence = [&](const std::vector<Var>& v) {
        return *kl(p_row.make({v.begin(), v.begin() + count}), q_row.make({v.begin() + count, v.end()}));
      };
      if (std::isinf(divergence(vars_of(both)).item())) continue;
      const LawRow pair = paired(p_row, q_row);
      const auto results = value_and_gradients(both, divergence);
      for_each_element(both, [&](std::size_t k, Index i) {
        const long double length =
            std::min<long double>(pair.length(both), std::max(std::abs(both[k].at(i)), 0x1p-4)) * 0x1p-10L;
        const long double expected = central_difference(
            [&](long double to) {
              return static_cast<long double>(divergence(vars_of(moved(both, k, i, to))).item());
            },
            both[k].at(i), std::exp2(std::floor(std::log2(length))));
        CAPTURE(k);
        CAPTURE(static_cast<double>(expected));
        CHECK(near(results[k + 1].at(i), expected, 1e-7, 0x1p-10L / length));
      });
    }
  CHECK(pairs >= 150);
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
        const long double length = length_of(Case{row, row.cases[k / count]}, k % count);
        const long double expected = central_difference(
            [&](long double to) { return static_cast<long double>(f(vars_of(moved(at, k, i, to))).item()); },
            at[k].at(i), length * 0x1p-10L);
        CAPTURE(k);
        CAPTURE(results[k + 1].at(i));
        CAPTURE(static_cast<double>(expected));
        CHECK(near(results[k + 1].at(i), expected, 1e-8, 1 / length));
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
