// Figure: a Bayesian net with one hidden layer.
// SPDX-License-Identifier: BSD-3-Clause
#include "density.hpp"

namespace tapir::bench {
namespace {

void run(Report& report) {
  constexpr Index n = 500, in = 10, hidden = 50;
  const Tensor x = numbers({n, in}, "x"), y = numbers({n, 1}, "y");
  const auto log_density = [=](const Var& w1, const Var& b1, const Var& w2, const Var& b2) {
    const Var mean = matmul(tanh(matmul(x, w1) + b1), w2) + b2;
    Var squares = sum(square(y - mean));
    for (const Var& parameter : {w1, b1, w2, b2}) squares = squares + sum(square(parameter));
    return -0.5 * squares;
  };
  measure(report,
          {.name = "mlp",
           .at = {numbers({in, hidden}, "w1", 0.3), numbers({hidden}, "b1", 0.3),
                  numbers({hidden, 1}, "w2", 0.3), numbers({1}, "b2", 0.3)},
           .formulations = {{.name = "", .log_density = recordable(log_density), .over_hand = at_most(1.5)}},
           .by_hand = {{"hand", hand::mlp(n, in, hidden, x.view<double>(), y.view<double>())}}});
}

const Figure figure("mlp", "value + gradient and ADVI, net 10-50-1, N = 500, f64", run);

}  // namespace
}  // namespace tapir::bench
