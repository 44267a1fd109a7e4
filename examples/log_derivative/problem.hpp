// The lecture's setting, small enough that every expectation is known by quadrature.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include <tapir/autodiff/tensor/tensor.hpp>

namespace tapir::examples {

struct ProblemSize {
  Index images = 8, latents = 2, pixels = 6;  // pixels of each latent variable
};

/// Images x_i, a decoder with weights w, and what an encoder says of each image.
///
///   q(t_i | x_i) = Normal(m_i, diag(s_i^2)),   p(x_i | t_i) = product over d, p of Bernoulli(x_idp; sigmoid(w_p t_id))
///
/// Each latent variable explains pixels of its own, with the weights that all share: so a problem with more latent
/// variables is one with more of the same, and integrals are one-dimensional. Some images are noisier than others, so
/// that log p(x_i | t_i) differs between them. A larger problem of the same seed begins with the smaller one.
struct Problem {
  ProblemSize size;
  Tensor x;          // f64[images, latents, pixels], 0 or 1
  Tensor loc;        // m, f64[images, latents]
  Tensor log_scale;  // log s, f64[images, latents]
  Tensor weights;    // w, f64[pixels]
};

Problem make_problem(ProblemSize size, std::uint64_t seed);

/// By quadrature, of f = sum over i of E log p(x_i | t_i, w).
struct ExactGradients {
  std::vector<double> weights;    // [pixels]
  std::vector<double> loc;        // [images * latents]
  std::vector<double> log_scale;  // [images * latents]
  std::vector<double> value;      // E log p(x_i | t_i), [images]
};
ExactGradients exact_gradients(const Problem& problem);

}  // namespace tapir::examples
