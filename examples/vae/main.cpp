// A variational autoencoder: images of digits from Gaussian latent variables.
// SPDX-License-Identifier: BSD-3-Clause
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

Estimator estimator(const std::string& name) {
  if (name == "score") return ScoreFunction{.baseline = Baseline::leave_one_out(4)};
  return Pathwise{};
}

int run(int argc, const char* const* argv) {
  AutoencoderOptions options;
  std::string gradient = "pathwise";
  Options command("Trains a variational autoencoder with Gaussian latent variables on images of digits.");
  declare(command, options);
  command.choice("--estimator", gradient, {"pathwise", "score"}, "of the encoder's gradient");
  command.parse(argc, argv);
  const Digits digits = load(options);
  const auto images = static_cast<Index>(digits.train.size());

  Params params(options.signed_seed(), f32);
  const Encoder encode(params / "encode", 784, options.hidden, options.latent);
  const nn::Mlp decode(params / "decode", {options.latent, options.hidden, 784});

  const auto guide = [&](Context& c, const Var& x) {
    const auto rows = c.plate("images", images, x.shape()[0]);
    c.sample("z", encode(x), estimator(gradient));
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
