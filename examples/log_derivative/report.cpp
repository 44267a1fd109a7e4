// The decoder's gradient and the encoder's: tables of means beside exact integrals.
// SPDX-License-Identifier: BSD-3-Clause
#include "log_derivative/report.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "log_derivative/estimators.hpp"
#include "support/table.hpp"

namespace tapir::examples {
namespace {

constexpr std::size_t draws_of_means = 10;  // times --draws: means need more of them than variances

double z_score(const Moments& moments, std::size_t i, double exact) {
  return (moments.mean(i) - exact) / moments.error(i);
}

/// z-scores of many means at once.
struct Agreement {
  double root_mean_square = 0.0, largest = 0.0;
  std::size_t count = 0;

  void add(const Moments& moments, const std::vector<double>& exact) {
    double squares = root_mean_square * root_mean_square * static_cast<double>(count);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const double z = z_score(moments, i, exact[i]);
      squares += z * z;
      largest = std::max(largest, std::abs(z));
    }
    count += exact.size();
    root_mean_square = std::sqrt(squares / static_cast<double>(count));
  }
};

DrawOptions many_draws(const ReportOptions& options) {
  return {.draws = draws_of_means * options.draws, .seed = options.seed, .warm_up = 500};
}

}  // namespace

void report_decoder(const ReportOptions& options) {
  constexpr Index batch = 2;
  const Problem problem = make_problem({}, options.seed);
  const ExactGradients exact = exact_gradients(problem);
  DrawOptions drawing = many_draws(options);
  const Moments all = draw_gradients(problem, always(Pathwise{}), By::decoder, drawing)[0];
  drawing.batch = batch;
  const Moments some = draw_gradients(problem, always(Pathwise{}), By::decoder, drawing)[0];

  fmt::print(
      "1. The decoder's gradient: one draw of t per image is enough\n\n"
      "   grad_w f = sum_i E grad_w log p(x_i|t_i,w)   by the mean of {} draws of\n"
      "     all images   sum_i grad_w log p(x_i|t^_i,w),               t^_i ~ q(t_i|x_i)\n"
      "     minibatch    N/n sum_s grad_w log p(x_is|t^_is,w),         N = {}, n = {}, i_s uniform\n\n",
      drawing.draws, problem.size.images, batch);
  Table table({"derivative by", "exact", "all images", "sd", "z", "minibatch", "sd", "z"});
  for (std::size_t p = 0; p < exact.weights.size(); ++p) {
    const double truth = exact.weights[p];
    table.add({fmt::format("w_{}", p + 1), fixed(truth), fixed(all.mean(p)),
               fixed(std::sqrt(all.variance(p)), 2), fixed(z_score(all, p, truth), 1), fixed(some.mean(p)),
               fixed(std::sqrt(some.variance(p)), 2), fixed(z_score(some, p, truth), 1)});
  }
  fmt::print("{}\n   z: how many standard errors the mean is away from the exact value (quadrature).\n",
             table.text());
}

void report_encoder(const ReportOptions& options) {
  const Problem problem = make_problem({}, options.seed);
  const ExactGradients exact = exact_gradients(problem);
  const DrawOptions drawing = many_draws(options);
  const auto draw = [&](const EstimatorOf& estimator) {
    return draw_gradients(problem, estimator, By::encoder, drawing);
  };
  const auto wrong = draw(always(fixed_sample()));
  const auto reparameterized = draw(always(Pathwise{}));
  const auto log_derivative = draw(always(ScoreFunction{Baseline::none()}));

  fmt::print("\n2. The encoder's gradient: the draws themselves depend on what is differentiated\n\n"
             "   wrong            grad_phi log p(x|t^), with t^ a fixed sample: zero, as no phi is in it\n"
             "   reparameterized  grad_phi log p(x|m + s e), e ~ Normal(0, 1)\n"
             "   log-derivative   log p(x|t^) grad_phi log q(t^|x,phi)\n\n");
  Table table(
      {"derivative by", "exact", "wrong", "reparameterized", "z", "log-derivative", "z", "z between"});
  const auto latents = static_cast<std::size_t>(problem.size.latents);
  for (const std::size_t image : {0U, 3U, 6U})
    for (const bool scale : {false, true}) {
      const std::size_t i = image * latents;  // its first latent variable
      const double truth = (scale ? exact.log_scale : exact.loc)[i];
      const Moments &r = reparameterized[scale], &l = log_derivative[scale];
      table.add({fmt::format("{} of image {}", scale ? "log s" : "m", image + 1), fixed(truth),
                 fixed(wrong[scale].mean(i)), fixed(r.mean(i)), fixed(z_score(r, i, truth), 1),
                 fixed(l.mean(i)), fixed(z_score(l, i, truth), 1),
                 fixed((l.mean(i) - r.mean(i)) / std::hypot(l.error(i), r.error(i)), 1)});
    }
  fmt::print("{}\n", table.text());

  Table summary({"all derivatives", "number", "root mean square of z", "largest |z|"});
  for (const NamedEstimator& each : estimators(problem, exact, options.seed)) {
    const auto moments = draw(each.estimator);
    Agreement agreement;
    agreement.add(moments[0], exact.loc);
    agreement.add(moments[1], exact.log_scale);
    summary.add({each.name, fmt::format("{}", agreement.count), fixed(agreement.root_mean_square, 2),
                 fixed(agreement.largest, 1)});
  }
  fmt::print(
      "{}\n   No baseline changes the mean: a root mean square near 1 is what unbiased estimators give.\n",
      summary.text());
}

}  // namespace tapir::examples
