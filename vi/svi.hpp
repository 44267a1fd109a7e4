// Svi: stochastic variational inference, one program per input types.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/learn/optimizers.hpp>
#include <tapir/vi/model.hpp>

namespace tapir::vi {

struct SviOptions {
  /// Draws per step, through `batch`: what depends on no latent is computed once.
  Index particles = 1;
  /// Use closed forms of the divergence where they are valid.
  bool analytic_kl = true;
  /// 0 takes TAPIR_THREADS from the environment, else 1.
  int threads = 0;
  Index seed = 0;
  /// Parameters that the objective does not reach are left alone instead of being an Error.
  bool allow_unused = false;
};

/// Frozen scalars that are inputs of the program.
struct StepOptions {
  /// The weight of the divergence (or of log q - log p at latent sites): annealing, beta-VAE.
  double beta = 1.0;
};

/// Nats. `per_element` is per element of the outermost subsampled plate where there is exactly one, else the
/// total.
struct Estimate {
  double elbo = 0.0;
  double per_element = 0.0;
};

/// Fits the guide to the posterior of the model, and the model's own parameters with it, by ascent of the
/// ELBO. A step is one program: loss, gradient, update. What is not finite is an Error that names site, node
/// and line, and the step has not happened.
///
/// What a step remembers is made while it is recorded: to load a saved state into a fresh Svi, ask for
/// `program` first.
///
///   errors   those of `elbo` and `loss`; "[grad] the result does not depend on parameter "w"; ..";
///            "[compile] .."
///   cost     a replayed step allocates nothing
///   example  Svi svi(params, model, guide, adam(1e-3));
///            svi.step(x, y);
///            svi.step({x, y}, {.beta = 0.1});
///   source   Hoffman et al. 2013; Kingma & Welling 2014; Ranganath, Gerrish & Blei 2014
class Svi {
 public:
  /// `model`, `guide`: callables (Context&, Var ..), taking the same inputs.
  Svi(Params params, Model model, Model guide, Optimizer optimizer, SviOptions options = {},
      Where where = here());

  /// One step of the optimizer; the estimate before it.
  Estimate step(std::span<const Tensor> inputs = {}, StepOptions options = {}, Where where = here());
  Estimate step(std::initializer_list<Tensor> inputs, StepOptions options = {}, Where where = here()) {
    return step(std::span(inputs.begin(), inputs.size()), options, where);
  }
  Estimate step(const Input& input, StepOptions options) {
    return step({&input.tensor, 1}, options, input.where);
  }
  template <std::convertible_to<Tensor>... More>
  Estimate step(const Input& first, const More&... more) {
    return step(tapir::detail::gathered(first, more...), {}, first.where);
  }

  /// A fresh estimate of the ELBO; nothing changes.
  Estimate evaluate(std::span<const Tensor> inputs = {}, StepOptions options = {}, Where where = here());
  Estimate evaluate(std::initializer_list<Tensor> inputs, StepOptions options = {}, Where where = here()) {
    return evaluate(std::span(inputs.begin(), inputs.size()), options, where);
  }
  Estimate evaluate(const Input& input, StepOptions options) {
    return evaluate({&input.tensor, 1}, options, input.where);
  }
  template <std::convertible_to<Tensor>... More>
  Estimate evaluate(const Input& first, const More&... more) {
    return evaluate(tapir::detail::gathered(first, more...), {}, first.where);
  }

  /// One draw of the guide's latent sites, by name.
  std::map<std::string, Tensor> sample(std::span<const Tensor> inputs = {}, Where where = here());
  template <std::convertible_to<Tensor>... More>
  std::map<std::string, Tensor> sample(const Input& first, const More&... more) {
    return sample(tapir::detail::gathered(first, more...), first.where);
  }

  /// log (1/K) sum_k p(x, z_k) / q(z_k): a lower bound of the log likelihood, one per element of the plates
  /// that hold all sites; see `importance_weighted`.   source  Burda, Grosse & Salakhutdinov 2016
  Tensor log_likelihood(Index particles, std::span<const Tensor> inputs = {}, Where where = here());
  template <std::convertible_to<Tensor>... More>
  Tensor log_likelihood(Index particles, const Input& first, const More&... more) {
    return log_likelihood(particles, tapir::detail::gathered(first, more...), first.where);
  }

  const Params& params() const;
  /// What the optimizer and the baselines remember.
  const TrainerState& state() const;
  /// How each latent site was treated in the last recording: estimator, closed form or sampled, and why.
  const std::string& report() const;
  /// The program of a step for inputs of these types, which it records if need be.
  const Program& program(std::span<const Type> types);

 private:
  struct Impl;

  std::shared_ptr<Impl> impl_;
};

}  // namespace tapir::vi
