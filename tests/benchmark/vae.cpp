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

struct Encoder {
  nn::Linear hidden, loc, log_scale;
  Encoder(const Scope& s, Index in, Index mid, Index out)
      : hidden(s / "hidden", in, mid), loc(s / "loc", mid, out), log_scale(s / "log_scale", mid, out) {}
  vi::Normal operator()(const Var& x) const {
    const Var h = relu(hidden(x));
    return {.loc = loc(h), .scale = exp(log_scale(h))};
  }
};

vi::Svi make_svi(Params& params, const VaeSetting& setting, Optimizer optimizer) {
  const Encoder encode(params / "encode", 784, setting.hidden, setting.latent);
  const nn::Mlp decode(params / "decode", {setting.latent, setting.hidden, 784});
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

// Where each of tapir's parameters lies among those written by hand: first element, columns, distance of
// rows.
struct Piece {
  std::string path;
  long first, rows, columns, stride;
};

std::vector<Piece> pieces(const VaeSetting& s) {
  const long h = s.hidden, k = s.latent, heads = 784 * h + h, decode = heads + 2 * k * h + 2 * k;
  return {{"encode/hidden/weight", 0, 784, h, h},
          {"encode/hidden/bias", 784 * h, 1, h, h},
          {"encode/loc/weight", heads, h, k, 2 * k},
          {"encode/log_scale/weight", heads + k, h, k, 2 * k},
          {"encode/loc/bias", heads + 2 * k * h, 1, k, k},
          {"encode/log_scale/bias", heads + 2 * k * h + k, 1, k, k},
          {"decode/0/weight", decode, k, h, h},
          {"decode/0/bias", decode + k * h, 1, h, h},
          {"decode/1/weight", decode + k * h + h, h, 784, 784},
          {"decode/1/bias", decode + k * h + h + h * 784, 1, 784, 784}};
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
    const auto x = value.view<float>();
    for (long i = 0; i < piece.rows; ++i)
      std::copy_n(x.begin() + i * piece.columns, piece.columns,
                  onto.parameters().begin() + piece.first + i * piece.stride);
  }
}

std::vector<double> in_order_of(const Params& params, std::span<const float> by_hand,
                                const VaeSetting& setting) {
  const auto all = pieces(setting);
  std::vector<double> result;
  for (const std::string& path : params.paths()) {
    const auto piece = std::find_if(all.begin(), all.end(), [&](const Piece& p) { return p.path == path; });
    if (piece == all.end()) throw std::runtime_error("no hand-written counterpart of " + path);
    for (long i = 0; i < piece->rows; ++i) {
      const auto row = by_hand.begin() + piece->first + i * piece->stride;
      result.insert(result.end(), row, row + piece->columns);
    }
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
