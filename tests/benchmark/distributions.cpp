// Figure: log densities with their gradients, and draws, of the laws, in nanoseconds per element; Boost's densities beside.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <functional>
#include <utility>

#include <boost/math/distributions.hpp>
#include <fmt/format.h>

#include <tapir/vi/distributions/distributions.hpp>

#include "contest.hpp"
#include "program_of.hpp"
#include "report.hpp"

namespace tapir::bench {
namespace {

constexpr Index n = 100000;

using namespace vi;

struct Entry {
  std::string name;
  std::function<Distribution(std::span<const Var>)> make;
  std::vector<double> parameters;
  std::function<double(double)> boost = {};  // log density
};

/// Law L with these values of its parameters.
template <class L, std::size_t N>
Entry entry(const double (&parameters)[N], std::function<double(double)> boost = {}) {
  const auto make = [](std::span<const Var> p) -> Distribution {
    return [&]<std::size_t... i>(std::index_sequence<i...>) { return L{p[i]...}; }
    (std::make_index_sequence<N>());
  };
  return {std::string(L::name), make, {parameters, parameters + N}, std::move(boost)};
}

template <class B>
std::function<double(double)> of(B law) {
  return [law](double x) { return std::log(pdf(law, x)); };
}

using Vars = std::span<const Var>;

std::vector<Entry> entries() {
  using namespace boost::math;
  return {entry<Normal>({0.3, 1.2}, of(normal_distribution<>(0.3, 1.2))),
          entry<Laplace>({0.3, 1.2}, of(laplace_distribution<>(0.3, 1.2))),
          entry<Logistic>({0.3, 1.2}, of(logistic_distribution<>(0.3, 1.2))),
          entry<Gumbel>({0.3, 1.2}, of(extreme_value_distribution<>(0.3, 1.2))),
          entry<Cauchy>({0.3, 1.2}, of(cauchy_distribution<>(0.3, 1.2))),
          entry<StudentT>({3.5, 0, 1}, of(students_t_distribution<>(3.5))),
          entry<HalfNormal>({1.2}),
          entry<HalfCauchy>({1.2}),
          entry<Exponential>({1.2}, of(exponential_distribution<>(1.2))),
          entry<Gamma>({2.5, 1.2}, of(gamma_distribution<>(2.5, 1 / 1.2))),
          entry<LogNormal>({0.3, 0.8}, of(lognormal_distribution<>(0.3, 0.8))),
          entry<Weibull>({1.2, 1.7}, of(weibull_distribution<>(1.7, 1.2))),
          entry<Pareto>({1.2, 1.7}, of(pareto_distribution<>(1.2, 1.7))),
          entry<Beta>({2.5, 1.2}, of(beta_distribution<>(2.5, 1.2))),
          entry<Kumaraswamy>({1.2, 1.7}),
          entry<LogitNormal>({0.3, 1.2}),
          entry<Bernoulli>({0.3}),
          entry<Geometric>({-0.5})};
}

double ns(double seconds) { return 1e9 * seconds / static_cast<double>(n); }

void one(Report& report, const Entry& e) {
  std::vector<Tensor> parameters;
  for (double p : e.parameters) parameters.emplace_back(p);
  std::vector<Var> values(parameters.begin(), parameters.end());
  const Tensor x = e.make(values).sample(Key(5, f64) / e.name, {n}).tensor();
  ProgramOf density(with_gradient([&](Vars p) { return std::vector<Var>{sum(e.make(p).log_prob(x))}; }),
                    parameters);
  // The counter is an input, so that each run draws afresh.
  std::vector<Tensor> with_counter = parameters;
  with_counter.push_back(Tensor({2}, {Index{5}, Index{0}}));
  ProgramOf draw(
      [&](Vars p) {
        return std::vector<Var>{e.make(p.first(p.size() - 1)).sample(Key(p.back(), f64) / e.name, {n})};
      },
      with_counter);
  Contest contest({.seconds = 0.3 * Contest::default_seconds});
  contest.add("density", [&] { density.run(); });
  contest.add("draw", [&] { draw.run(); });
  if (e.boost)
    contest.add("boost", [&] {
      double total = 0;
      for (double element : x.view<double>()) total += e.boost(element);
      benchmark::DoNotOptimize(total);
    });
  contest.run();
  report.add(e.name + ": log_prob + gradient", ns(contest.seconds("density")), "ns");
  report.add(e.name + ": draw", ns(contest.seconds("draw")), "ns");
  if (!e.boost) return;
  report.add(e.name + ": Boost's log density", ns(contest.seconds("boost")), "ns");
  report.add(e.name + ": log_prob + gradient over Boost's density", contest.ratio("density", "boost"),
             "ratio");
}

void run(Report& report) {
  for (const Entry& e : entries()) one(report, e);
}

const Figure figure("distributions",
                    "log_prob + gradient by the parameters, and draws, per element, n = 1e5, f64", run);

}  // namespace
}  // namespace tapir::bench
