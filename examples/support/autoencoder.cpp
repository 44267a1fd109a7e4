// Training an autoencoder of binarised images, and reporting on it.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/autoencoder.hpp"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/autoencoder_evaluation.hpp"
#include "support/batches.hpp"
#include "support/metrics.hpp"
#include "support/progress.hpp"

namespace tapir::examples {
namespace {

void introduce(vi::Svi& svi, const Digits& digits, const AutoencoderOptions& options) {
  const auto pixels = static_cast<Index>(digits.train.images.shape(1) * digits.train.images.shape(2));
  const Type input{f32, {static_cast<Index>(options.batch), pixels}};
  (void)svi.program({&input, 1});  // records the step, so that there is something to report
  fmt::print("{} training and {} test images: {}\n", digits.train.size(), digits.test.size(), digits.origin);
  fmt::print("{} parameters; {}", svi.params().size(), svi.report());
}

/// The mean over the epoch of what each step saw before its update, per image.
double train_epoch(vi::Svi& svi, Batches& epoch, Inputs& inputs, std::size_t images, Progress& progress) {
  double total = 0;
  for (const Batch& batch : epoch) {
    const double elbo = svi.step(inputs(batch.pixels)).elbo / static_cast<double>(images);
    total += elbo * static_cast<double>(batch.rows.size());
    progress.advance(batch.rows.size(), elbo);
  }
  return total / static_cast<double>(images);
}

}  // namespace

void train(vi::Svi& svi, const Digits& digits, const AutoencoderOptions& options) {
  const std::size_t images = digits.train.size();
  Metrics metrics(options.metrics);
  introduce(svi, digits, options);

  Evaluation test(svi, digits.test.images, images);
  Progress progress({options.epochs, images});
  Inputs inputs;
  std::optional<double> test_elbo;
  for (std::size_t number = 1; number <= options.epochs; ++number) {
    Batches epoch(digits.train.images, options.batch, {.seed = options.seed, .epoch = number});
    progress.begin_epoch();
    const double train_elbo = train_epoch(svi, epoch, inputs, images, progress);
    progress.evaluating();
    test_elbo = test.elbo();
    const Pace pace = progress.end_epoch({train_elbo, test_elbo});
    metrics.write({{"epoch", number},
                   {"train_elbo", train_elbo},
                   {"test_elbo", *test_elbo},
                   {"seconds", pace.seconds},
                   {"images_per_second", pace.images_per_second}});
  }

  if (!test_elbo) test_elbo = test.elbo();
  const ImportanceOptions importance;
  const double log_likelihood = test.log_likelihood(importance);
  fmt::print("test ELBO {:.2f}, log likelihood at least {:.2f} ({} samples), in nats per image\n", *test_elbo,
             log_likelihood, importance.samples);
  metrics.write({{"test_elbo", *test_elbo},
                 {"test_log_likelihood", log_likelihood},
                 {"importance_samples", importance.samples}});
}

}  // namespace tapir::examples
