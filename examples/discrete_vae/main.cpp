// A variational autoencoder with binary latent variables: images of digits from a few coins.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/nn/nn.hpp>
#include <tapir/vi/vi.hpp>

#include "support/autoencoder.hpp"
#include "support/autoencoder_pictures.hpp"

namespace {

using namespace tapir;
using namespace tapir::vi;
using namespace tapir::examples;

int run(int argc, const char* const* argv) {
  AutoencoderOptions options{.latent = 50};
  Options command("Trains a variational autoencoder with binary latent variables on images of digits.");
  declare(command, options);
  command.parse(argc, argv);
  const Digits digits = load(options);
  const auto images = static_cast<Index>(digits.train.size());

  Params params(options.signed_seed(), f32);
  const nn::Mlp encode(params / "encode", {784, options.hidden, options.latent});
  const nn::Mlp decode(params / "decode", {options.latent, options.hidden, 784});

  const auto guide = [&](Context& c, const Var& x) {
    const auto rows = c.plate("images", images, x.shape()[0]);
    c.sample("z", Bernoulli{.logits = encode(x)}, ScoreFunction{.baseline = Baseline::leave_one_out(4)});
  };
  const auto model = [&](Context& c, const Var& x) {
    const auto rows = c.plate("images", images, x.shape()[0]);
    const Var z = c.sample("z", iid(Bernoulli::probs(0.5), {options.latent}));
    const Var logits = decode(z);
    c.observe("x", Bernoulli{.logits = logits}, x);
    return logits;
  };

  Svi svi(params, model, guide, adam(options.learning_rate),
          {.threads = options.threads, .seed = options.signed_seed()});
  train(svi, digits, options);
  draw_pictures(svi, model, digits, options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return tapir::examples::run_main(argc, argv, run); }
