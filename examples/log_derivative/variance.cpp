// The variance of the estimators: as problems grow, and as log p(x | t) does.
// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "log_derivative/estimators.hpp"
#include "log_derivative/report.hpp"
#include "support/plot.hpp"
#include "support/table.hpp"

namespace tapir::examples {
namespace {

/// What was measured at one place: a variance for each estimator, per draw of t and per dimension.
struct Point {
  double at, log_p;
  std::vector<double> variances;
};

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Point measure(const Problem& problem, const ExactGradients& exact,
              const std::vector<NamedEstimator>& compared, DrawOptions drawing) {
  drawing.warm_up = 500;
  Point point{.at = static_cast<double>(problem.size.latents),
              .log_p = mean_of(exact.value) + drawing.offset,
              .variances = {}};
  for (const NamedEstimator& each : compared)
    point.variances.push_back(
        each.draws * draw_gradients(problem, each.estimator, By::encoder, drawing)[0].mean_variance());
  return point;
}

std::vector<std::string> names_of(const std::vector<NamedEstimator>& compared,
                                  std::vector<std::string> first) {
  for (const NamedEstimator& each : compared) first.push_back(each.name);
  return first;
}

std::string short_number(double value) { return fmt::format("{:.3g}", value); }

// Variances of the first estimator; of the others, how many times that.
void add_row(Table& table, std::vector<std::string> row, const Point& point) {
  row.push_back(short_number(point.variances[0]));
  for (std::size_t e = 1; e < point.variances.size(); ++e)
    row.push_back("x " + short_number(point.variances[e] / point.variances[0]));
  table.add(std::move(row));
}

void draw_plot(const std::filesystem::path& directory, const std::vector<Point>& points,
               const std::vector<std::string>& names) {
  Plot plot{.title = "Variance of the encoder's gradient by m, per draw",
            .x = {.label = "latent dimension", .scale = Scale::logarithmic},
            .y = {.label = "variance per dimension", .scale = Scale::logarithmic}};
  for (std::size_t e = 0; e < names.size(); ++e) {
    Series series{.name = names[e], .dashed = names[e] == "running mean"};  // it covers the constant
    for (const Point& point : points) {
      series.x.push_back(point.at);
      series.y.push_back(point.variances[e]);
    }
    plot.series.push_back(std::move(series));
  }
  const auto file = directory / "variance.svg";
  write_svg(file, plot);
  fmt::print("\n   The plot is in {}.\n", file.string());
}

void report_dimensions(const ReportOptions& options) {
  fmt::print(
      "\n3. The variance of the encoder's gradient by m, per dimension, as the latent dimension grows\n\n"
      "   Reparameterized: the variance. Log-derivative: how many times that, per draw of t.\n\n");
  std::vector<Point> points;
  std::vector<std::string> names;
  std::optional<Table> table;
  for (const Index latents : {1, 2, 5, 10, 20, 50, 100}) {
    const Problem problem = make_problem({.latents = latents}, options.seed);
    const ExactGradients exact = exact_gradients(problem);
    const auto compared = estimators(problem, exact, options.seed);
    if (!table) {
      names = names_of(compared, {});
      table.emplace(names_of(compared, {"latents", "log p(x|t)"}));
    }
    points.push_back(measure(problem, exact, compared, {.draws = options.draws, .seed = options.seed}));
    add_row(*table, {fmt::format("{}", latents), fixed(points.back().log_p, 1)}, points.back());
  }
  fmt::print("{}", table->text());
  if (options.out) draw_plot(*options.out, points, names);
}

void report_magnitudes(const ReportOptions& options) {
  const Problem problem = make_problem({}, options.seed);
  const ExactGradients exact = exact_gradients(problem);
  fmt::print(
      "\n4. The same as log p(x|t) grows: \"like -1000000\"\n\n"
      "   {} latent variables, and pixels that do not depend on t: they add a constant to log p(x|t), which\n"
      "   changes no gradient, and the reparameterized estimator never sees it.\n\n",
      problem.size.latents);
  std::optional<Table> table;
  for (const double offset : {0.0, -100.0, -10000.0, -1000000.0}) {
    const auto compared = estimators_of_shifted(exact, offset);
    if (!table) table.emplace(names_of(compared, {"log p(x|t)"}));
    const Point point =
        measure(problem, exact, compared, {.draws = options.draws, .seed = options.seed, .offset = offset});
    add_row(*table, {fixed(point.log_p, 1)}, point);
  }
  fmt::print("{}", table->text());
}

}  // namespace

void report_variance(const ReportOptions& options) {
  report_dimensions(options);
  report_magnitudes(options);
}

}  // namespace tapir::examples
