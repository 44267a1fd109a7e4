// Replaying estimators, and scoring them.
// SPDX-License-Identifier: BSD-3-Clause
#include "expectation.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/ops/ops.hpp>

namespace tapir::test {
namespace {

struct Moments {
  double count = 0, mean = 0, squares = 0;

  void add(double x) {
    count += 1;
    const double off = x - mean;
    mean += off / count;
    squares += off * (x - mean);
  }
  double variance() const { return squares / (count - 1); }
  double error() const { return std::sqrt(variance() / count); }
};

// The value, then the gradient, of one recorded draw.
std::vector<Var> record(const Problem& problem, std::span<const Var> in,
                        std::map<std::string, std::shared_ptr<Cell>>& cells) {
  const auto parameters = in.subspan(1);
  const Drawn drawn = problem.draw(Key(in[0], f64), parameters);
  const auto source = [&](const std::string& path, const Tensor& init) {
    auto& cell = cells[path];
    if (!cell) cell = std::make_shared<Cell>(Cell{path, init});
    return cell;
  };
  const Loss made = loss(drawn.sites, drawn.costs, {.cells = source});
  std::vector<Var> results = gradient(made, parameters, /*allow_unused=*/true);
  results.insert(results.begin(), made.value);
  const auto tape = in[0].place()->tape;
  for (const StateUpdate& update : made.updates) tape->store(tape->cell(update.cell), update.value);
  return results;
}

double largest(const Numbers& z) {
  double most = 0;
  for (double x : z) most = std::max(most, std::abs(x));
  return most;
}

std::string listed(const Numbers& z) {
  std::string text;
  for (double x : z) text += (text.empty() ? "" : " ") + std::to_string(x).substr(0, x < 0 ? 5 : 4);
  return text;
}

}  // namespace

Var bernoulli_log_prob(const Var& z, const Var& logits) { return z * logits - softplus(logits); }

Var bernoulli(Drawn& drawn, const Key& key, const std::string& name, const Var& logits,
              const Estimator& estimator, const Plates& plates) {
  const Var draw = uniform(key / name, logits.shape()) < sigmoid(logits);
  const Var z = place_site(name, draw, estimator);
  drawn.sites.push_back({name, z, bernoulli_log_prob(z, logits), estimator, plates, here()});
  return z;
}

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double bernoulli_probability(double z, double logits) {
  return z != 0 ? sigmoid_of(logits) : sigmoid_of(-logits);
}

Numbers gradient_of(const Expectation& f, const Numbers& at) {
  constexpr double h = 1e-3;
  Numbers result;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto shifted = [&](double by) {
      Numbers x = at;
      x[i] += by;
      return f(x);
    };
    result.push_back((8 * (shifted(h) - shifted(-h)) - (shifted(2 * h) - shifted(-2 * h))) / (12 * h));
  }
  return result;
}

Estimates estimate(const Problem& problem, Index draws, Index seed) {
  std::map<std::string, std::shared_ptr<Cell>> cells;
  Compiled compiled([&](std::span<const Var> in) { return record(problem, in, cells); });
  std::vector<Tensor> inputs{Tensor({2}, {seed, Index{0}})};
  for (double x : problem.at) inputs.emplace_back(x);
  std::vector<Moments> moments(inputs.size());
  for (Index step = 0; step < draws; ++step) {
    inputs[0].mutable_view<Index>()[1] = step;
    const auto results = compiled(inputs);
    for (std::size_t i = 0; i < moments.size(); ++i) moments[i].add(results[i].view<double>()[0]);
  }
  Estimates found;
  found.value = moments[0].mean;
  found.value_error = moments[0].error();
  for (std::size_t i = 1; i < moments.size(); ++i) {
    found.mean.push_back(moments[i].mean);
    found.error.push_back(moments[i].error());
    found.variance.push_back(moments[i].variance());
  }
  return found;
}

Numbers scores(const Problem& problem, Index draws, Index seed) {
  const Estimates found = estimate(problem, draws, seed);
  Numbers exact = gradient_of(problem.objective, problem.at);
  if (problem.fit) {
    const Numbers fit = gradient_of(problem.fit, problem.at);
    std::copy(fit.end() - static_cast<std::ptrdiff_t>(problem.fitted), fit.end(),
              exact.end() - static_cast<std::ptrdiff_t>(problem.fitted));
  }
  // Differences and sums are exact to about 1e-9: what does not vary at all may deviate by that.
  constexpr double rounding = 1e-9;
  Numbers z{(found.value - problem.objective(problem.at)) / (found.value_error + rounding)};
  for (std::size_t i = 0; i < exact.size(); ++i)
    z.push_back((found.mean[i] - exact[i]) / (found.error[i] + rounding));
  return z;
}

void check_unbiased(const std::string& name, const Problem& problem, Index draws) {
  const Numbers z = scores(problem, draws);
  MESSAGE(name, ": z = ", listed(z), " at ", draws, " draws");
  for (double x : z) CHECK_MESSAGE(std::abs(x) < 4, name);
}

void check_biased(const std::string& name, const Problem& problem, Index draws) {
  const Numbers z = scores(problem, draws);
  MESSAGE(name, ": z = ", listed(z), " at ", draws, " draws");
  CHECK_MESSAGE(largest(z) > 6, name);
}

}  // namespace tapir::test
