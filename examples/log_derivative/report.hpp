// What the program shows: the lecture's claims, each with its numbers.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace tapir::examples {

struct ReportOptions {
  std::uint32_t draws = 5000;
  std::uint64_t seed = 0;
  std::optional<std::filesystem::path> out = {};
};

/// The gradient by the decoder's weights: one draw per image is unbiased, so is a minibatch with N/n.
void report_decoder(const ReportOptions& options);
/// The gradient by the encoder's outputs: inside the expectation it is zero; two estimators that are right.
void report_encoder(const ReportOptions& options);
/// The variance of the log-derivative estimator as the latent dimension and the magnitude of log p(x | t) grow; a plot.
void report_variance(const ReportOptions& options);

}  // namespace tapir::examples
