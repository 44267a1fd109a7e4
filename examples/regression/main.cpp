// Bayesian linear regression by an automatic guide, beside the exact answer.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <tapir/vi/vi.hpp>

#include "regression/data.hpp"
#include "regression/exact.hpp"
#include "support/options.hpp"
#include "support/table.hpp"
#include "support/text.hpp"

namespace {

using namespace tapir;
using namespace tapir::vi;
using namespace tapir::examples;

struct Settings {
  std::optional<std::filesystem::path> data = {};
  std::optional<std::string> target = {};
  Index steps = 4000;
  double learning_rate = 0.05, noise = 0.0, prior = 1.0;
  std::uint64_t seed = 0;
};

Settings read(int argc, const char* const* argv) {
  Settings settings;
  Options command("Bayesian linear regression by an automatic guide, beside the exact answer.");
  command.path("--data", settings.data, "FILE", "CSV file of numbers; without it, data are drawn")
      .text("--target", settings.target, "NAME", "column of --data that is the response; else the last")
      .non_negative("--noise", settings.noise, "sd of the noise in the response's units; 0: least squares")
      .positive("--prior", settings.prior, "sd of each coefficient's prior, in standardised units")
      .count("--steps", settings.steps, "steps of Adam")
      .positive("--learning-rate", settings.learning_rate, "of Adam at the start; it falls to 0")
      .seed("--seed", settings.seed, "of drawn data and of the noise in the gradients");
  command.parse(argc, argv);
  if (settings.target && !settings.data)
    throw UsageError("--target names a column of --data, which is not given");
  return settings;
}

struct Average {
  double mean, error;  // and its standard error
};

Average average(int count, const std::function<double()>& draw) {
  double total = 0, squares = 0;
  for (int i = 1; i <= count; ++i) {  // Welford
    const double value = draw(), before = value - total;
    total += before / i;
    squares += before * (value - total);
  }
  return {total, std::sqrt(squares / (count - 1) / count)};
}

void introduce(const RegressionData& data, const Settings& settings, double noise) {
  fmt::print("{} on {}, {} rows: {}\n", data.response, joined(data.predictors), data.rows(), data.origin);
  fmt::print("All columns have mean 0 and sd 1. In these units the noise has sd {} ({}), each prior sd {}.\n",
             number(noise, 4), settings.noise > 0 ? "given" : "of the least-squares residuals",
             number(settings.prior));
}

void fit(Svi& svi, const RegressionData& data, Index steps) {
  double recent = 0;
  const Index stretch = (steps + 4) / 5;
  fmt::print("\nELBO, mean of the steps before:\n");
  for (Index step = 1, since = 0; step <= steps; ++step) {
    recent += svi.step(data.x, data.y).elbo;
    ++since;
    if (since < stretch && step < steps) continue;
    fmt::print("  step {:>6}  {:>12}\n", step, number(recent / static_cast<double>(since)));
    recent = 0;
    since = 0;
  }
}

void print_coefficients(const RegressionData& data, const MeanFieldNormal& guide,
                        const ExactPosterior& exact) {
  std::vector<std::string> names = {"intercept"};
  names.insert(names.end(), data.predictors.begin(), data.predictors.end());
  std::vector<std::string> header = {"coefficient",         "mean",          "exact mean", "sd",
                                     "exact: others known", "exact: unknown"};
  if (!data.truth.empty()) header.emplace_back("truth");
  Table table(header);
  const auto marginals = guide.marginals();
  for (std::size_t j = 0; j < names.size(); ++j) {
    std::vector<std::string> row = {names[j],
                                    fixed(marginals[j].mean, 4),
                                    fixed(exact.mean[j], 4),
                                    fixed(marginals[j].sd, 4),
                                    fixed(exact.conditional_sd[j], 4),
                                    fixed(exact.marginal_sd[j], 4)};
    if (!data.truth.empty()) row.push_back(fixed(data.truth[j], 4));
    table.add(row);
  }
  fmt::print("\n{}", table.text());
  fmt::print(
      "\nThe guide has no correlations. The closest it can come is each coefficient's spread with all\n"
      "others known, 1/sqrt(A_jj) with A the posterior's precision. Where predictors correlate, that is\n"
      "narrower than the spread with the others unknown, sqrt((A^-1)_jj): the data pin down sums of\n"
      "slopes better than single ones.\n");
}

void print_evidence(Svi& svi, const RegressionData& data, const ExactPosterior& exact) {
  constexpr int repeats = 200;
  constexpr Index most_terms = 4'000'000;  // rows x draws that are in memory at once
  Table table({"nats", "value", "+-"});
  const auto add = [&](const std::string& name, const Average& value) {
    table.add({name, number(value.mean), number(value.error)});
  };
  table.add({"log evidence, exact", number(exact.log_evidence), ""});
  table.add({"ELBO of the closest independent Normals, exact", number(exact.best_elbo), ""});
  add("ELBO of the guide", average(5 * repeats, [&] { return svi.evaluate(data.x, data.y).elbo; }));
  for (const Index draws : {10, 100, 1000})
    if (draws * data.rows() <= most_terms)
      add(fmt::format("importance-weighted bound of {} draws", draws),
          average(repeats, [&] { return svi.log_likelihood(draws, data.x, data.y).item(); }));
  fmt::print("\n{}", table.text());
}

int run(int argc, const char* const* argv) {
  const Settings settings = read(argc, argv);
  const RegressionData data =
      settings.data ? read_regression(*settings.data, settings.target) : draw_regression(settings.seed);
  const double noise = settings.noise > 0 ? settings.noise / data.unit : residual_sd(data.x, data.y);
  introduce(data, settings, noise);
  const ExactPosterior exact = exact_posterior(data.x, data.y, {.noise = noise, .prior = settings.prior});

  const auto model = [&](Context& c, const Var& x, const Var& y) {
    const Var intercept = c.sample("intercept", Normal{0, settings.prior});
    const Var slopes = c.sample("slopes", iid(Normal{0, settings.prior}, {x.shape()[1]}));
    const auto rows = c.plate("rows", x.shape()[0]);
    c.observe("response", Normal{.loc = intercept + sum(x * slopes, 1), .scale = noise}, y);
  };
  const auto seed = static_cast<Index>(settings.seed);
  const auto steps = static_cast<double>(settings.steps);
  Params params(seed, f64);
  const MeanFieldNormal guide(params / "guide", model, {data.x, data.y});
  Svi svi(params, model, guide, adam(cosine(settings.learning_rate, {.steps = steps})),
          {.particles = 10, .seed = seed});

  fit(svi, data, settings.steps);
  print_coefficients(data, guide, exact);
  print_evidence(svi, data, exact);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return tapir::examples::run_main(argc, argv, run); }
