// Figure: models with a long loop over time, recorded by a plain C++ loop and by scan.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include "density.hpp"

namespace tapir::bench {
namespace {

std::vector<double> series(std::size_t length) {
  const Tensor y = numbers({static_cast<Index>(length)}, "series");
  return {y.view<double>().begin(), y.view<double>().end()};
}
Tensor tensor(const std::vector<double>& y) {
  return Tensor({static_cast<Index>(y.size())}, std::span<const double>(y));
}
Tensor scalar(double value) { return Tensor(value); }
// A plain start of plain xs would make scan a plain loop, whatever its body captures.
Var recorded(const Var& beside, double value) { return beside.place()->tape->literal(scalar(value)); }

// ---- AR(5): alpha, beta 1 .. 5, log sigma ----

constexpr std::size_t lags = 5;

Var innovation(std::span<const Var> q, const Var& now, std::span<const Var> before) {
  Var mean = q[0];
  for (std::size_t k = 0; k < lags; ++k) mean = mean + q[k + 1] * before[k];
  return now - mean;
}

Var ar_density(std::span<const Var> q, const Var& squares, std::size_t length) {
  return -0.5 * squares * exp(-2 * q[6]) - static_cast<double>(length - lags) * q[6];
}

Recordable ar_loop(const std::vector<double>& y) {
  return [y](std::span<const Var> q) {
    Var squares = 0.0;
    for (std::size_t t = lags; t < y.size(); ++t) {
      std::vector<Var> before;
      for (std::size_t k = 1; k <= lags; ++k) before.emplace_back(y[t - k]);
      squares = squares + square(innovation(q, y[t], before));
    }
    return std::vector<Var>{ar_density(q, squares, y.size())};
  };
}

Recordable ar_scan(const std::vector<double>& y) {
  return [y = tensor(y), length = y.size()](std::span<const Var> q) {
    std::vector<Var> slices;
    const auto size = static_cast<Index>(length);
    for (Index k = 0; k <= static_cast<Index>(lags); ++k) slices.push_back(slice(y, 0, lags - k, size - k));
    const auto step = [&](std::span<const Var> carry, std::span<const Var> x, const Var&) -> ScanStep {
      return {{carry[0] + square(innovation(q, x[0], x.subspan(1)))}};
    };
    const Var squares = scan(step, {recorded(q[0], 0.0)}, slices).carry[0];
    return std::vector<Var>{ar_density(q, squares, length)};
  };
}

// The way a statistician who knows vectors writes it.
Recordable ar_vectors(const std::vector<double>& y) {
  return [y = tensor(y), length = y.size()](std::span<const Var> q) {
    const auto size = static_cast<Index>(length);
    std::vector<Var> before;
    for (Index k = 1; k <= static_cast<Index>(lags); ++k) before.push_back(slice(y, 0, lags - k, size - k));
    return std::vector<Var>{
        ar_density(q, sum(square(innovation(q, slice(y, 0, lags, size), before))), length)};
  };
}

// ---- GARCH(1, 1): mu, log a0, logit a1, logit b1 / (1 - a1) ----

struct Garch {
  Var mu, a0, a1, b1;
  explicit Garch(std::span<const Var> q)
      : mu(q[0]), a0(exp(q[1])), a1(sigmoid(q[2])), b1(sigmoid(q[3]) * (1 - sigmoid(q[2]))) {}
  Var next(const Var& variance, const Var& y) const { return a0 + a1 * square(y - mu) + b1 * variance; }
  Var log_density(const Var& variance, const Var& y) const {
    return -0.5 * (log(variance) + square(y - mu) / variance);
  }
};

Recordable garch_loop(const std::vector<double>& y) {
  return [y](std::span<const Var> q) {
    const Garch garch(q);
    Var variance = scalar(1.0), total = 0.0;
    for (std::size_t t = 0; t < y.size(); ++t) {
      if (t > 0) variance = garch.next(variance, y[t - 1]);
      total = total + garch.log_density(variance, y[t]);
    }
    return std::vector<Var>{total};
  };
}

Recordable garch_scan(const std::vector<double>& y) {
  return [y = tensor(y)](std::span<const Var> q) {
    const Garch garch(q);
    const auto step = [&](std::span<const Var> carry, std::span<const Var> x, const Var&) -> ScanStep {
      return {{garch.next(carry[0], x[0]), carry[1] + garch.log_density(carry[0], x[0])}};
    };
    return std::vector<Var>{scan(step, {recorded(q[0], 1.0), recorded(q[0], 0.0)}, {y}).carry[1]};
  };
}

// ---- hidden Markov model with two states: logit of staying in each, loc of each ----

struct Hidden {
  Var stay0, leave0, stay1, leave1, loc0, loc1;
  explicit Hidden(std::span<const Var> q)
      : stay0(log_sigmoid(q[0])),
        leave0(log_sigmoid(-q[0])),
        stay1(log_sigmoid(q[1])),
        leave1(log_sigmoid(-q[1])),
        loc0(q[2]),
        loc1(q[3]) {}
  std::vector<Var> start(const Var& y) const {
    return {-0.5 * square(y - loc0) + std::log(0.5), -0.5 * square(y - loc1) + std::log(0.5)};
  }
  std::vector<Var> next(const Var& a, const Var& b, const Var& y) const {
    return {logaddexp(a + stay0, b + leave1) - 0.5 * square(y - loc0),
            logaddexp(a + leave0, b + stay1) - 0.5 * square(y - loc1)};
  }
};

Recordable hmm_loop(const std::vector<double>& y) {
  return [y](std::span<const Var> q) {
    const Hidden model(q);
    auto state = model.start(y[0]);
    for (std::size_t t = 1; t < y.size(); ++t) state = model.next(state[0], state[1], y[t]);
    return std::vector<Var>{logaddexp(state[0], state[1])};
  };
}

Recordable hmm_scan(const std::vector<double>& y) {
  return [y = tensor(y)](std::span<const Var> q) {
    const Hidden model(q);
    const auto step = [&](std::span<const Var> carry, std::span<const Var> x, const Var&) -> ScanStep {
      return {model.next(carry[0], carry[1], x[0])};
    };
    const auto first = model.start(y.at(0));
    const auto last = scan(step, first, {slice(y, 0, 1, y.size())}).carry;
    return std::vector<Var>{logaddexp(last[0], last[1])};
  };
}

// ---- the figure ----

std::vector<Tensor> scalars(std::initializer_list<double> values) {
  std::vector<Tensor> result;
  for (double value : values) result.push_back(scalar(value));
  return result;
}

// Arena of the plain loop and of scan as the series grows.
void memory(Report& report) {
  for (const std::size_t length : {100, 200, 400}) {
    const auto y = series(length);
    const auto at = scalars({0.1, -1.0, -1.5, 1.0});
    for (const auto& [name, recordable] :
         {std::pair{"loop", garch_loop(y)}, std::pair{"scan", garch_scan(y)}})
      report.add(std::string("GARCH, T = ") + std::to_string(length) + ", " + name + ": arena",
                 static_cast<double>(ProgramOf(with_gradient(recordable), at).program().facts().arena_bytes),
                 "bytes");
  }
}

void run(Report& report) {
  const auto y = series(200), short_y = series(100);
  const auto target = at_most(10);
  measure(report, {.name = "AR(5), T = 200",
                   .at = scalars({0.1, 0.2, -0.1, 0.05, 0.1, -0.2, 0.3}),
                   .formulations = {{"loop", ar_loop(y), target},
                                    {"scan", ar_scan(y), target},
                                    {"vectors", ar_vectors(y)}},
                   .by_hand = {{"hand, step by step", hand::autoregression(y)},
                               {"hand, vectors", hand::autoregression_by_column(y)}},
                   .advi = false});
  measure(report, {.name = "GARCH, T = 200",
                   .at = scalars({0.1, -1.0, -1.5, 1.0}),
                   .formulations = {{"loop", garch_loop(y), target}, {"scan", garch_scan(y), target}},
                   .by_hand = {{"hand", hand::garch(y)}},
                   .advi = false});
  measure(report, {.name = "HMM, K = 2, N = 100",
                   .at = scalars({1.0, 0.5, -1.0, 1.2}),
                   .formulations = {{"loop", hmm_loop(short_y), target}, {"scan", hmm_scan(short_y), target}},
                   .by_hand = {{"hand", hand::hidden_markov(short_y)}},
                   .advi = false});
  memory(report);
}

const Figure figure("time_series", "value + gradient of loops over time, against hand-written C++, f64", run);

}  // namespace
}  // namespace tapir::bench
