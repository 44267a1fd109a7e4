// Figure: log densities with their gradients, and draws, of the laws, per element, beside PyTorch's and Boost's.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <boost/math/distributions.hpp>
#include <fmt/format.h>

#include <tapir/vi/bijectors/bijectors.hpp>
#include <tapir/vi/distributions/distributions.hpp>

#include "contest.hpp"
#include "program_of.hpp"
#include "report.hpp"
#include "served.hpp"

namespace tapir::bench {
namespace {

constexpr Index n = 100000;  // elements; a law of vectors has as many values as fill them

using namespace vi;

using Vars = std::span<const Var>;

struct Entry {
  std::string name;
  std::function<Distribution(Vars)> make;
  std::vector<Tensor> parameters;
  /// The law in PyTorch, of parameters p; empty if it is not there.
  std::string torch = {};
  std::function<double(double)> boost = {};  // log density

  /// Values in n elements.
  Index count() const {
    const std::vector<Var> p(parameters.begin(), parameters.end());
    return n / make(p).own_shape().size();
  }
};

/// Law L with these values of its parameters.
template <class L, std::size_t N>
Entry entry(const double (&parameters)[N], std::string torch = {}, std::function<double(double)> boost = {}) {
  const auto make = [](Vars p) -> Distribution {
    return [&]<std::size_t... i>(std::index_sequence<i...>) { return L{p[i]...}; }
    (std::make_index_sequence<N>());
  };
  return {std::string(L::name), make, {parameters, parameters + N}, std::move(torch), std::move(boost)};
}

template <class B>
std::function<double(double)> of(B law) {
  return [law](double x) { return std::log(pdf(law, x)); };
}

double chance(double logit) { return 1 / (1 + std::exp(-logit)); }

std::vector<Entry> laws_of_numbers() {
  using namespace boost::math;
  return {
      entry<Normal>({0.3, 1.2}, "Normal(p[0], p[1])", of(normal_distribution<>(0.3, 1.2))),
      entry<Laplace>({0.3, 1.2}, "Laplace(p[0], p[1])", of(laplace_distribution<>(0.3, 1.2))),
      entry<AsymmetricLaplace>({0.3, 1.2, 0.7}),
      entry<Logistic>({0.3, 1.2}, {}, of(logistic_distribution<>(0.3, 1.2))),
      entry<Gumbel>({0.3, 1.2}, "Gumbel(p[0], p[1])", of(extreme_value_distribution<>(0.3, 1.2))),
      entry<Cauchy>({0.3, 1.2}, "Cauchy(p[0], p[1])", of(cauchy_distribution<>(0.3, 1.2))),
      entry<StudentT>({3.5, 0, 1}, "StudentT(p[0], p[1], p[2])", of(students_t_distribution<>(3.5))),
      entry<HalfStudentT>({3.5, 1.2}),
      entry<SkewNormal>({0.3, 1.2, 0.8}, {}, of(skew_normal_distribution<>(0.3, 1.2, 0.8))),
      entry<TruncatedNormal>({0.3, 1.2, -1, 2}),
      entry<VonMises>({0.3, 1.2}, "VonMises(p[0], p[1])"),
      entry<Triangular>({-0.3, 0.5, 1.2}, {}, of(triangular_distribution<>(-0.3, 0.5, 1.2))),
      entry<Uniform>({-0.3, 1.2}, "Uniform(p[0], p[1])", of(uniform_distribution<>(-0.3, 1.2))),
      entry<HalfNormal>({1.2}, "HalfNormal(p[0])"),
      entry<HalfCauchy>({1.2}, "HalfCauchy(p[0])"),
      entry<Exponential>({1.2}, "Exponential(p[0])", of(exponential_distribution<>(1.2))),
      entry<Gamma>({2.5, 1.2}, "Gamma(p[0], p[1])", of(gamma_distribution<>(2.5, 1 / 1.2))),
      entry<InverseGamma>({2.5, 1.2}, "InverseGamma(p[0], p[1])", of(inverse_gamma_distribution<>(2.5, 1.2))),
      entry<Chi2>({2.5}, "Chi2(p[0])", of(chi_squared_distribution<>(2.5))),
      entry<InverseGaussian>({1.5, 1.2}, {}, of(inverse_gaussian_distribution<>(1.5, 1.2))),
      entry<LogNormal>({0.3, 0.8}, "LogNormal(p[0], p[1])", of(lognormal_distribution<>(0.3, 0.8))),
      entry<Weibull>({1.2, 1.7}, "Weibull(p[0], p[1])", of(weibull_distribution<>(1.7, 1.2))),
      entry<Pareto>({1.2, 1.7}, "Pareto(p[0], p[1])", of(pareto_distribution<>(1.2, 1.7))),
      entry<GeneralizedPareto>({0.3, 1.2, 0.4}, "GeneralizedPareto(p[0], p[1], p[2])"),
      entry<Beta>({2.5, 1.2}, "Beta(p[0], p[1])", of(beta_distribution<>(2.5, 1.2))),
      entry<Kumaraswamy>({1.2, 1.7}, "Kumaraswamy(p[0], p[1])"),
      entry<LogitNormal>({0.3, 1.2}),
      entry<ContinuousBernoulli>({0.3}, "ContinuousBernoulli(logits=p[0])"),
      entry<RelaxedBernoulli>({0.7, 0.3}, "RelaxedBernoulli(p[0], logits=p[1])"),
      entry<Bernoulli>({0.3}, "Bernoulli(logits=p[0])", of(bernoulli_distribution<>(chance(0.3)))),
      entry<Geometric>({-0.5}, "Geometric(logits=p[0])", of(geometric_distribution<>(chance(-0.5)))),
      entry<DiscreteUniform>({0, 9}),
      entry<Poisson>({4.5}, "Poisson(p[0])", of(poisson_distribution<>(4.5))),
      entry<NegativeBinomial>({3.5, 0.4}, "NegativeBinomial(p[0], logits=p[1])",
                              of(negative_binomial_distribution<>(3.5, chance(-0.4)))),
      entry<GammaPoisson>({3.5, 0.7}),
      {"Binomial of 12",
       [](Vars p) {
         return Binomial{12, p[0]};
       },
       {Tensor(0.3)},
       "Binomial(12, logits=p[0])",
       of(binomial_distribution<>(12, chance(0.3)))},
      {"Binomial of 1000",
       [](Vars p) {
         return Binomial{1000, p[0]};
       },
       {Tensor(0.3)},
       "Binomial(1000, logits=p[0])",
       of(binomial_distribution<>(1000, chance(0.3)))},
      {"BetaBinomial of 12",
       [](Vars p) {
         return BetaBinomial{p[0], p[1], 12};
       },
       {Tensor(2.5), Tensor(1.2)}},
      {"ZeroInflated Poisson",
       [](Vars p) { return ZeroInflated(p[0], Poisson{p[1]}); },
       {Tensor(0.3), Tensor(4.5)}},
      {"Truncated Normal",
       [](Vars p) { return Truncated(Normal{.loc = p[0], .scale = p[1]}, -1, 2); },
       {Tensor(0.3), Tensor(1.2)}},
      {"Transformed Normal by Exp",
       [](Vars p) { return Transformed(Normal{.loc = p[0], .scale = p[1]}, Exp{}); },
       {Tensor(0.3), Tensor(0.8)},
       "TransformedDistribution(Normal(p[0], p[1]), ExpTransform())"},
      {"Censored Normal",
       [](Vars p) { return Censored(Normal{.loc = p[0], .scale = p[1]}, -1, 2); },
       {Tensor(0.3), Tensor(1.2)}},
  };
}

Tensor vector(const std::vector<double>& values) {
  return {Shape{static_cast<Index>(values.size())}, std::span<const double>(values)};
}

std::vector<Entry> laws_of_vectors() {
  const Tensor five = vector({0.5, 1.2, 2.0, 0.7, 1.5}), logits = vector({0.1, -0.7, 1.1, 0.3, -0.2});
  const Tensor three = vector({0.1, 0.2, -0.3});
  Tensor factor(Type{f64, {20, 3}});
  for (Index i = 0; double& x : factor.mutable_view<double>()) x = 0.1 * static_cast<double>(i++ % 7 - 3);
  const Tensor tril({3, 3}, {1.2, 0.0, 0.0, 0.3, 0.8, 0.0, -0.5, 0.2, 1.1});
  return {
      {"Categorical", [](Vars p) { return Categorical{p[0]}; }, {logits}, "Categorical(logits=p[0])"},
      {"OneHotCategorical",
       [](Vars p) { return OneHotCategorical{p[0]}; },
       {logits},
       "OneHotCategorical(logits=p[0])"},
      {"RelaxedOneHotCategorical",
       [](Vars p) {
         return RelaxedOneHotCategorical{p[0], p[1]};
       },
       {Tensor(0.7), logits},
       "RelaxedOneHotCategorical(p[0], logits=p[1])"},
      {"Dirichlet", [](Vars p) { return Dirichlet{p[0]}; }, {five}, "Dirichlet(p[0])"},
      {"MultivariateNormal",
       [](Vars p) { return MultivariateNormal{.loc = p[0], .scale_tril = p[1]}; },
       {three, tril},
       "MultivariateNormal(p[0], scale_tril=p[1])"},
      {"LowRankMultivariateNormal",
       [](Vars p) { return LowRankMultivariateNormal{.loc = p[0], .cov_factor = p[1], .cov_diag = p[2]}; },
       {Tensor(Type{f64, {20}}), factor, vector(std::vector<double>(20, 0.5))},
       "LowRankMultivariateNormal(p[0], p[1], p[2])"},
      {"MultivariateStudentT",
       [](Vars p) { return MultivariateStudentT{.df = p[0], .loc = p[1], .scale_tril = p[2]}; },
       {Tensor(4.5), three, tril}},
      {"LKJCholesky",
       [](Vars p) { return LKJCholesky{.dimension = 5, .concentration = p[0]}; },
       {Tensor(1.5)},
       "LKJCholesky(5, p[0])"},
      {"Wishart",
       [](Vars p) { return Wishart{.df = p[0], .scale_tril = p[1]}; },
       {Tensor(5.0), tril},
       "Wishart(p[0], scale_tril=p[1])"},
      {"Multinomial of 20",
       [](Vars p) {
         return Multinomial{20, p[0]};
       },
       {logits},
       "Multinomial(20, logits=p[0])"},
      {"DirichletMultinomial of 20",
       [](Vars p) {
         return DirichletMultinomial{p[0], 20};
       },
       {five}},
      {"OrderedLogistic",
       [](Vars p) {
         return OrderedLogistic{p[0], p[1]};
       },
       {Tensor(0.3), vector({-1, 0.2, 1.5})}},
      {"GaussianRandomWalk of 100",
       [](Vars p) { return GaussianRandomWalk{.scale = p[0], .num_steps = 100}; },
       {Tensor(1.2)}},
      {"ZeroSumNormal of 10",
       [](Vars p) { return ZeroSumNormal{.scale = p[0], .shape = {10}}; },
       {Tensor(1.2)}},
      {"HiddenMarkov of 100",
       [](Vars p) {
         return HiddenMarkov(Categorical{p[0]}, Categorical{p[1]}, Normal{.loc = p[2], .scale = 0.7}, 100);
       },
       {three, tril, three}},
      {"Mixture of 5 Normals",
       [](Vars p) { return Mixture(Categorical{p[0]}, Normal{.loc = p[1], .scale = p[2]}); },
       {logits, vector({-2, -1, 0, 1, 2}), five},
       "MixtureSameFamily(Categorical(logits=p[0]), Normal(p[1], p[2]))"},
  };
}

double ns(double seconds) { return 1e9 * seconds / static_cast<double>(n); }

// As Python writes lists.
std::string listed(const Tensor& t) {
  std::string text;
  const Index rows = t.type().shape.rank() == 0 ? 1 : t.type().shape[0];
  if (t.type().shape.rank() == 0) return fmt::format("{}", t.item());
  for (Index i = 0; i < rows; ++i) {
    const Shape row = t.type().shape.drop_front(1);
    text += (i ? "," : "[") + listed(t.rows(i, i + 1).reshaped(row));
  }
  return text + "]";
}

std::string as_json(const std::vector<Entry>& entries) {
  std::string all;
  for (const Entry& e : entries) {
    if (e.torch.empty()) continue;
    std::string parameters;
    for (const Tensor& p : e.parameters) parameters += (parameters.empty() ? "" : ",") + listed(p);
    all += fmt::format("{}[\"{}\",[{}],{}]", all.empty() ? "" : ",", e.torch, parameters, e.count());
  }
  return "[" + all + "]";
}

// Values are an input, as minibatches are: nothing of them is known beforehand.
void one(Report& report, const Entry& e, Served* torch, std::size_t step) {
  std::vector<Var> values(e.parameters.begin(), e.parameters.end());
  const Tensor x = e.make(values).sample(Key(5, f64) / e.name, {e.count()}).tensor();
  const std::size_t count = e.parameters.size();
  std::vector<Tensor> with_values = e.parameters, with_counter = e.parameters;
  with_values.push_back(x);
  with_counter.push_back(Tensor({2}, {Index{5}, Index{0}}));  // so that each run draws afresh
  ProgramOf density(
      [&](Vars p) {
        std::vector<Var> all{sum(e.make(p.first(count)).log_prob(p[count]))};
        for (Var& by : grad(all[0], p.first(count))) all.push_back(std::move(by));
        return all;
      },
      with_values);
  ProgramOf draw(
      [&](Vars p) {
        return std::vector<Var>{e.make(p.first(count)).sample(Key(p.back(), f64) / e.name, {e.count()})};
      },
      with_counter);
  Contest contest({.wall = torch != nullptr, .seconds = 0.3 * Contest::default_seconds});
  contest.add("density", [&] { density.run(); });
  contest.add("draw", [&] { draw.run(); });
  if (torch)
    for (const std::size_t which : {0, 1})
      contest.add_timed(which ? "torch's draw" : "torch's density", [=](std::size_t repeats) {
        torch->choose(step + which);
        return torch->seconds(repeats);
      });
  if (e.boost)
    contest.add("boost", [&] {
      double total = 0;
      for (double element : x.view<double>()) total += e.boost(element);
      benchmark::DoNotOptimize(total);
    });
  contest.run();
  report.add(e.name + ": log_prob + gradient", ns(contest.seconds("density")), "ns");
  report.add(e.name + ": draw", ns(contest.seconds("draw")), "ns");
  if (e.boost)
    report.add(e.name + ": Boost's log density over log_prob + gradient", contest.ratio("boost", "density"),
               "ratio");
  if (!torch) return;
  report.add(e.name + ": PyTorch's log_prob + gradient over tapir's",
             contest.ratio("torch's density", "density"), "ratio", at_least(2));
  report.add(e.name + ": PyTorch's draw over tapir's", contest.ratio("torch's draw", "draw"), "ratio",
             at_least(1));
}

std::unique_ptr<Served> torch_of(const Report& report, const std::vector<Entry>& entries) {
  const char* python = std::getenv("TAPIR_BENCHMARK_PYTHON");
  if (!report.compare || !python) return nullptr;
  auto torch = Served::start({python, TAPIR_BENCHMARK_COMPARE "/pytorch_laws.py", as_json(entries)});
  if (!torch) report.say("PyTorch: not there, left out");
  return torch;
}

void run(Report& report) {
  std::vector<Entry> entries = laws_of_numbers();
  for (Entry& e : laws_of_vectors()) entries.push_back(std::move(e));
  const auto torch = torch_of(report, entries);
  std::size_t step = 0;
  for (const Entry& e : entries) {
    one(report, e, e.torch.empty() ? nullptr : torch.get(), step);
    if (!e.torch.empty()) step += 2;
  }
}

const Figure figure("distributions",
                    "log_prob + gradient by the parameters, and draws, per element, n = 1e5, f64", run);

}  // namespace
}  // namespace tapir::bench
