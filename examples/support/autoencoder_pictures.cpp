// What an autoencoder sees and dreams, as pictures.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/autoencoder_pictures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <tapir/autodiff/interop/xtensor.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/handlers.hpp>

#include "support/inputs.hpp"
#include "support/png.hpp"

namespace tapir::examples {
namespace {

constexpr Index pixels = 28 * 28;

/// What pixels the model expects; `z` from the prior unless a handler says otherwise.
Images expected(const vi::Model& model, const Tensor& x, const AutoencoderOptions& options,
                vi::Handlers handlers = {}) {
  const Key key = Key(options.signed_seed(), f32) / "pictures";
  const Var logits = vi::predict(model, key, {&x, 1}, {.handlers = std::move(handlers)}).returned.at(0);
  return to_images(as<float, 2>(sigmoid(logits).tensor()));
}

/// No image at all, only a number of rows: what is observed changes nothing in what is expected.
Tensor blank(Index rows) { return Tensor(Type{f32, {rows, pixels}}); }

Picture reconstructions(vi::Svi& svi, const vi::Model& model, const Digits& digits,
                        const AutoencoderOptions& options) {
  const Images originals = first(digits.test.images, std::min<std::size_t>(64, digits.train.size()));
  std::vector<std::uint32_t> rows(originals.shape(0));
  std::iota(rows.begin(), rows.end(), 0U);
  Inputs inputs;
  const Tensor x = inputs.binarised(originals, rows, test_flips);
  return side_by_side(originals, expected(model, x, options, {vi::condition(svi.sample(x))}));
}

/// [side * side, 2]: x grows to the right, y upwards.
Tensor lattice(Index side) {
  constexpr float reach = 2.0F;
  const float step = side > 1 ? 2 * reach / static_cast<float>(side - 1) : 0.0F;
  Tensor z(Type{f32, {side * side, 2}});
  auto points = as_mutable<float, 2>(z);
  for (Index place = 0; place < side * side; ++place) {
    points(place, 0) = -reach + step * static_cast<float>(place % side);
    points(place, 1) = reach - step * static_cast<float>(place / side);
  }
  return z;
}

}  // namespace

void draw_pictures(vi::Svi& svi, const vi::Model& model, const Digits& digits,
                   const AutoencoderOptions& options) {
  if (!options.out) return;
  write_png(*options.out / "reconstructions.png", reconstructions(svi, model, digits, options));
  const Index draws = std::min<Index>(100, static_cast<Index>(digits.train.size()));
  write_png(*options.out / "prior.png", image_grid(expected(model, blank(draws), options)));
}

void draw_manifold(const vi::Model& model, const Digits& digits, const AutoencoderOptions& options) {
  if (!options.out || options.latent != 2) return;
  const auto side =
      static_cast<Index>(std::sqrt(static_cast<double>(std::min<std::size_t>(400, digits.train.size()))));
  const Tensor z = lattice(side);
  const Images seen = expected(model, blank(side * side), options, {vi::condition({{"z", z}})});
  write_png(*options.out / "manifold.png",
            image_grid(seen, {.columns = static_cast<std::size_t>(side), .spacing = 0, .zoom = 1}));
}

}  // namespace tapir::examples
