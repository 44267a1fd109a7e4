// Figure: logistic regression.
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "density.hpp"

namespace tapir::bench {
namespace {

void one(Report& report, Index n, Index d) {
  const Tensor x = numbers({n, d}, "x");
  const Tensor coins = (uniform(Key(2), {n}) < 0.4).tensor();
  const auto y = coins.view<double>();
  const auto log_density = [=](const Var& beta) {
    const Var eta = squeeze(matmul(x, expand_dims(beta, 1)), 1);
    return sum(coins * eta - softplus(eta)) - 0.5 * sum(square(beta));
  };
  DensityCase density{
      .name = fmt::format("logistic {}x{}", n, d),
      .at = {numbers({d}, "beta", 0.2)},
      .formulations = {{.name = "", .log_density = recordable(log_density), .over_hand = at_most(1.2)}},
      .by_hand = {{"hand", hand::logistic(n, d, x.view<double>(), y)}}};
  if (auto by_column = hand::logistic_by_column(n, d, x.view<double>(), y))
    density.by_hand.emplace_back("hand, X kept by column", std::move(by_column));
  measure(report, density);
}

void run(Report& report) {
  one(report, 1000, 10);
  one(report, 10000, 100);
}

const Figure figure("logistic", "value + gradient and ADVI, logistic regression, f64", run);

}  // namespace
}  // namespace tapir::bench
