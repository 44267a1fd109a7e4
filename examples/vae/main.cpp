// A variational autoencoder: images of digits from Gaussian latent variables.
// SPDX-License-Identifier: BSD-3-Clause
#include <optional>
#include <string>

#include <tapir/nn/nn.hpp>
#include <tapir/vi/vi.hpp>

#include "support/autoencoder.hpp"
#include "support/autoencoder_pictures.hpp"

namespace {

using namespace tapir;
using namespace tapir::vi;
using namespace tapir::examples;

struct Encoder {
  nn::Linear hidden, loc, log_scale;
  Encoder(const Scope& s, Index in, Index mid, Index out)
      : hidden(s / "hidden", in, mid), loc(s / "loc", mid, out), log_scale(s / "log_scale", mid, out) {}
  Normal operator()(const Var& x) const {
    const Var h = relu(hidden(x));
    return {.loc = loc(h), .scale = exp(log_scale(h))};
  }
};

int run(int argc, const char* const* argv) {
  AutoencoderOptions options;
  std::string estimator = "pathwise";
  Options command("Trains a variational autoencoder with Gaussian latent variables on images of digits.");
  declare(command, options);
  command.choice("--estimator", estimator, {"pathwise", "score"}, "of the encoder's gradient");
  command.parse(argc, argv);
  const Digits digits = load(options);
  const auto images = static_cast<Index>(digits.train.size());

  Params params(options.signed_seed(), f32);
  const Encoder encode(params / "encode", 784, options.hidden, options.latent);
  const nn::Mlp decode(params / "decode", {options.latent, options.hidden, 784});
  std::optional<nn::Mlp> baseline;
  if (estimator == "score") baseline.emplace(params / "baseline", std::vector<Index>{784, 100, 1});

  const auto gradient = [&](const Var& x) -> Estimator {
    if (!baseline) return Pathwise{};
    return ScoreFunction{.baseline = Baseline::learned(squeeze((*baseline)(x), -1)).and_running_mean()};
  };
  const auto guide = [&](Context& c, const Var& x) {
    const auto rows = c.plate("images", images, x.shape()[0]);
    c.sample("z", encode(x), gradient(x));
  };
  const auto model = [&](Context& c, const Var& x) {
    const auto rows = c.plate("images", images, x.shape()[0]);
    const Var z = c.sample("z", iid(Normal{0, 1}, {options.latent}));
    const Var logits = decode(z);
    c.observe("x", Bernoulli{.logits = logits}, x);
    return logits;
  };

  Svi svi(params, model, guide, adam(options.learning_rate),
          {.threads = options.threads, .seed = options.signed_seed()});
  train(svi, digits, options);
  draw_pictures(svi, model, digits, options);
  draw_manifold(model, digits, options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return tapir::examples::run_main(argc, argv, run); }
