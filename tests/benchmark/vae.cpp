// Both sides of the autoencoder, and how their parameters correspond.
// SPDX-License-Identifier: BSD-3-Clause
#include "vae.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <cblas.h>
#include <fmt/format.h>

namespace tapir::bench {
namespace {

constexpr Index images = 60000;

// Both heads are one product, as in the step by hand.
struct Encoder {
  Index latent;
  nn::Linear hidden, heads;
  Encoder(const Scope& s, Index in, Index mid, Index out, nn::LinearOptions options)
      : latent(out), hidden(s / "hidden", in, mid, options), heads(s / "heads", mid, 2 * out, options) {}
  vi::Normal operator()(const Var& x) const {
    const Var both = heads(relu(hidden(x)));
    return {.loc = slice(both, -1, 0, latent), .scale = exp(slice(both, -1, latent, 2 * latent))};
  }
};

vi::Svi make_svi(Params& params, const VaeSetting& setting, Optimizer optimizer) {
  const nn::LinearOptions linear{.precision = setting.precision};
  const Encoder encode(params / "encode", 784, setting.hidden, setting.latent, linear);
  const nn::Mlp decode(params / "decode", {setting.latent, setting.hidden, 784}, {.linear = linear});
  const auto guide = [=](vi::Context& c, const Var& x) {
    const auto rows = c.plate("images", images, x.shape()[0]);
    c.sample("z", encode(x));
  };
  const auto model = [=, latent = setting.latent](vi::Context& c, const Var& x) {
    const auto rows = c.plate("images", images, x.shape()[0]);
    const Var z = c.sample("z", vi::iid(vi::Normal{0, 1}, {latent}));
    c.observe("x", vi::Bernoulli{.logits = decode(z)}, x);
  };
  return {params, model, guide, std::move(optimizer), {.threads = setting.threads}};
}

// Where each of tapir's parameters lies among those written by hand.
struct Piece {
  std::string path;
  long first, size;
};

std::vector<Piece> pieces(const VaeSetting& s) {
  const long h = s.hidden, k = s.latent, heads = 784 * h + h, decode = heads + 2 * k * h + 2 * k;
  return {{"encode/hidden/weight", 0, 784 * h},
          {"encode/hidden/bias", 784 * h, h},
          {"encode/heads/weight", heads, 2 * k * h},
          {"encode/heads/bias", heads + 2 * k * h, 2 * k},
          {"decode/0/weight", decode, k * h},
          {"decode/0/bias", decode + k * h, h},
          {"decode/1/weight", decode + k * h + h, h * 784},
          {"decode/1/bias", decode + k * h + h + h * 784, 784}};
}

}  // namespace

std::string VaeSetting::str() const {
  return fmt::format("{}/{}, {} thread{}", batch, hidden, threads, threads == 1 ? "" : "s");
}

TapirVae::TapirVae(const VaeSetting& setting, Optimizer optimizer)
    : params(0, DType::f32), svi(make_svi(params, setting, std::move(optimizer))) {}

Tensor digits(const VaeSetting& setting) {
  Tensor x(Type{DType::f32, {setting.batch, 784}});
  std::uint32_t state = 1;
  for (float& pixel : x.mutable_view<float>()) {
    state = state * 1664525U + 1013904223U;
    pixel = state >> 24 < 48 ? 1.0F : 0.0F;
  }
  return x;
}

hand::VaeSizes sizes(const VaeSetting& s) {
  return {.batch = s.batch, .hidden = s.hidden, .latent = s.latent};
}

hand::Share share(int threads) {
  auto pool = std::make_shared<Pool>(threads);
  return [pool](int n, const std::function<void(int)>& f) {
    pool->run(n, [&](Index piece, int) { f(static_cast<int>(piece)); });
  };
}

void copy_parameters(const Params& from, hand::Vae& onto) {
  const long all = static_cast<long>(onto.parameters().size());
  const long hidden = (all - 784 - 40) / (2 * 784 + 2 + 60);
  for (const Piece& piece : pieces({.hidden = hidden})) {
    const Tensor value = from.value(piece.path);
    std::ranges::copy(value.view<float>(), onto.parameters().begin() + piece.first);
  }
}

std::vector<double> in_order_of(const Params& params, std::span<const float> by_hand,
                                const VaeSetting& setting) {
  const auto all = pieces(setting);
  std::vector<double> result;
  for (const std::string& path : params.paths()) {
    const auto piece = std::find_if(all.begin(), all.end(), [&](const Piece& p) { return p.path == path; });
    if (piece == all.end()) throw std::runtime_error("no hand-written counterpart of " + path);
    const auto first = by_hand.begin() + piece->first;
    result.insert(result.end(), first, first + piece->size);
  }
  return result;
}

std::function<void()> vae_contestant(const std::vector<std::string>& words) {
  if (words.size() != 4) throw std::runtime_error("--serve WHICH BATCH HIDDEN THREADS");
  const VaeSetting setting{
      .batch = std::stol(words[1]), .hidden = std::stol(words[2]), .threads = std::stoi(words[3])};
  const Tensor x = digits(setting);
  if (words[0] == "tapir") {
    auto vae = std::make_shared<TapirVae>(setting, adam(1e-3));
    return [vae, x] { vae->svi.step(x); };
  }
  openblas_set_num_threads(1);  // threads are shared out above it
  auto vae = std::make_shared<hand::Vae>(sizes(setting), hand::Blas::openblas, setting.threads,
                                         share(setting.threads));
  copy_parameters(TapirVae(setting, adam(1e-3)).params, *vae);
  return [vae, x] { vae->step(x.view<float>().data()); };
}

}  // namespace tapir::bench
