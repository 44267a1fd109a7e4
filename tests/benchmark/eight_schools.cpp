// Figure: eight schools, non-centred.
// SPDX-License-Identifier: BSD-3-Clause
#include "density.hpp"

namespace tapir::bench {
namespace {

Var log_density(const Var& mu, const Var& log_tau, const Var& eta) {
  const Tensor effect({8}, std::span<const double>(hand::school_effect));
  const Tensor error({8}, std::span<const double>(hand::school_error));
  const Var tau = exp(log_tau);
  const Var theta = mu + tau * eta;
  return -square(mu) / 50 - log1p(square(tau) / 25) + log_tau - 0.5 * sum(square(eta)) -
         0.5 * sum(square((effect - theta) / error));
}

void run(Report& report) {
  measure(
      report,
      {.name = "eight schools",
       .at = {Tensor(1.3), Tensor(0.7), numbers({8}, "eta")},
       .formulations = {{.name = "", .log_density = recordable(log_density), .microseconds = at_most(0.15)}},
       .by_hand = {{"hand", hand::eight_schools}},
       .advi_microseconds = at_most(0.5)});
}

const Figure figure("eight_schools", "value + gradient and ADVI, non-centred, d = 10, f64", run);

}  // namespace
}  // namespace tapir::bench
