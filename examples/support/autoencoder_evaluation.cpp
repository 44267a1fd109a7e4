// How good an autoencoder is: ELBO and log likelihood of the test images.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/autoencoder_evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "support/binarise.hpp"

namespace tapir::examples {
namespace {

constexpr std::size_t elbo_images = 500;  // in memory at once

std::vector<std::uint32_t> each(std::size_t count, std::size_t step) {
  std::vector<std::uint32_t> rows;
  for (std::size_t row = 0; row < count; row += step) rows.push_back(static_cast<std::uint32_t>(row));
  return rows;
}

/// Calls `f` with one piece of `rows` after the other.
template <class F>
void in_chunks(std::span<const std::uint32_t> rows, std::size_t size, const F& f) {
  for (; !rows.empty(); rows = rows.subspan(std::min(size, rows.size())))
    f(rows.first(std::min(size, rows.size())));
}

double log_add_exp(double a, double b) {
  const double larger = std::max(a, b);
  return std::isinf(larger) ? larger : larger + std::log1p(std::exp(std::min(a, b) - larger));
}

}  // namespace

double Evaluation::elbo() {
  const std::size_t count = images_.shape(0);
  double total = 0;
  in_chunks(each(count, 1), std::min(elbo_images, plate_), [&](std::span<const std::uint32_t> rows) {
    const double scale = static_cast<double>(rows.size()) / static_cast<double>(plate_);
    total += svi_.evaluate(inputs_.binarised(images_, rows, test_flips)).elbo * scale;
  });
  return total / static_cast<double>(count);
}

double Evaluation::log_likelihood(const ImportanceOptions& options) {
  const std::vector<std::uint32_t> chosen = each(images_.shape(0), options.every);
  double total = 0;
  in_chunks(chosen, std::min(options.images, plate_),
            [&](std::span<const std::uint32_t> rows) { total += log_likelihood_of(rows, options); });
  return total / static_cast<double>(chosen.size());
}

double Evaluation::log_likelihood_of(std::span<const std::uint32_t> rows, const ImportanceOptions& options) {
  const Tensor& x = inputs_.binarised(images_, rows, test_flips);
  std::vector<double> log_weights(rows.size(), -std::numeric_limits<double>::infinity());
  for (std::size_t done = 0; done < options.samples; done += options.particles) {
    const std::size_t count = std::min(options.particles, options.samples - done);
    const Tensor bound =
        svi_.log_likelihood(static_cast<Index>(count), x);  // a mean over the chunk's samples
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double sum = bound.at(static_cast<Index>(i)) + std::log(static_cast<double>(count));
      log_weights[i] = log_add_exp(log_weights[i], sum);
    }
  }
  const double log_samples = std::log(static_cast<double>(options.samples));
  return std::accumulate(log_weights.begin(), log_weights.end(), 0.0) -
         log_samples * static_cast<double>(rows.size());
}

}  // namespace tapir::examples
