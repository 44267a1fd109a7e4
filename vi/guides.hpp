// Guides read off one run of the model.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include <tapir/vi/model.hpp>

namespace tapir::vi {

struct MeanFieldOptions {
  /// The scale of every element at the start, and the spread of the starting locations around 0.
  double scale = 0.1;
  double spread = 0.0;
};

/// Independent Normals, one location and scale per element of every latent site, under `<scope>/<site>/loc`
/// and `/log_scale`. Its sites and plates are those of one run of the model on plain inputs.
///
///   errors   "[mean_field] site "k" of Categorical is not real; write a guide for it"
///            "[mean_field] site "z" lies in the subsampled plate "images": its elements have no parameters
///            of their own there; write an amortised guide"
///   example  MeanFieldNormal guide(params / "guide", model, {x, y});
///            Svi svi(params, model, guide, adam(1e-2));
///   source   Kucukelbir et al. 2017 (ADVI)
class MeanFieldNormal {
 public:
  MeanFieldNormal(Scope scope, const Model& model, std::vector<Tensor> inputs, MeanFieldOptions options = {},
                  Where where = here());

  std::vector<Var> operator()(Context& context, std::span<const Var> inputs) const;

  /// What the guide says of one element of a site.
  struct Marginal {
    std::string name;  // "w[2]", or "w" for a scalar
    double mean = 0.0;
    double sd = 0.0;
  };
  std::vector<Marginal> marginals() const;

 private:
  struct LatentSite {
    std::string name;
    Plates plates;
    Var loc;
    Var log_scale;
  };
  std::vector<LatentSite> sites_;
  Where where_;
};

}  // namespace tapir::vi
