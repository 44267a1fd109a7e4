// The log-derivative trick: what it is for, that it is right, and why it does not train an autoencoder.
// SPDX-License-Identifier: BSD-3-Clause
#include "log_derivative/report.hpp"
#include "support/files.hpp"
#include "support/options.hpp"

namespace {

using namespace tapir::examples;

int run(int argc, const char* const* argv) {
  ReportOptions options;
  Options command(
      "Gradients of expectations: the log-derivative trick beside the reparameterized estimator.");
  command.count("--draws", options.draws, "gradients behind each number", 100)
      .seed("--seed", options.seed, "of the problem and of the draws")
      .path("--out", options.out, "DIR", "folder for the plot of the variances");
  command.parse(argc, argv);
  if (options.out) make_output_directory(*options.out);

  report_decoder(options);
  report_encoder(options);
  report_variance(options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return tapir::examples::run_main(argc, argv, run); }
