// Eight schools, non-centred: one vector of schools.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include "hand/densities.hpp"
#include "hand/simd.hpp"

namespace tapir::bench::hand {
namespace {

using B = Batch<double>;
constexpr long W = width<double>;

}  // namespace

double eight_schools(const double* q, double* g) {
  const double mu = q[0], tau = std::exp(q[1]), ratio = tau * tau / 25;
  B squares(0.0), pull(0.0), along(0.0);
  for (long i = 0; i < 8; i += W) {
    const B eta = load(q + 2 + i), weight = B(1.0) / load(school_error + i);
    const B r = (load(school_effect + i) - B(mu) - B(tau) * eta) * weight;
    const B scaled = r * weight;
    squares += eta * eta + r * r;
    pull += scaled;
    along += scaled * eta;
    store(g + 2 + i, B(tau) * scaled - eta);
  }
  g[0] = sum(pull) - mu / 25;
  g[1] = tau * sum(along) + 1 - 2 * ratio / (1 + ratio);
  return -0.5 * sum(squares) - mu * mu / 50 - std::log1p(ratio) + q[1];
}

}  // namespace tapir::bench::hand
