// ZeroInflated: counts of which some are 0 for another reason.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

/// 0 with probability g = sigmoid(gate_logits), else a value of law `base`, which may be 0 too; floating.
/// log p(0) = log(g + (1 - g) p_base(0)), log p(x) = log(1 - g) + log p_base(x)
///
/// Parameters are "gate_logits" and the base's, "base.rate". Entropies are not known.
///
///   shapes    gate_logits and the base's batch broadcast together, and x with them
///   gradient  of log p by all parameters that the base has one for; not pathwise
///   domain    any gate_logits; base: any law of counts, 0 among them
///   errors    "[ZeroInflated] values of Normal are real numbers; they have to be counts with 0 among them"
///             "[ZeroInflated] a value of Multinomial has 1 axis; it has to be a number: iid goes around this
///             law"
class ZeroInflated {
 public:
  ZeroInflated(Var gate_logits, Distribution base, Where where = here());
  /// gate_logits = log g - log(1 - g).
  ///
  ///   errors  "[ZeroInflated] gate is 1.5, needs to lie in [0, 1]"
  static ZeroInflated gate(Arg g, Distribution base);

  static constexpr std::string_view name = "ZeroInflated";
  static constexpr int own_rank = 0;
  static constexpr bool pathwise = false;
  const Var& gate_logits() const { return gate_logits_; }
  const Distribution& base() const { return base_; }

  bool has_cdf() const { return base_.has_cdf(); }
  bool has_tails() const { return base_.has_tails(); }
  Support support() const { return base_.support(); }
  template <class F>
  ZeroInflated each(F&& f) const {
    return mapped(f);
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;
  /// These are there where the base has them.
  std::optional<Var> mean(Where where = here()) const;
  std::optional<Var> variance(Where where = here()) const;
  std::optional<Var> cdf(Arg x) const;
  std::optional<Var> icdf(Arg p) const;
  std::optional<Var> log_cdf(Arg x) const;
  std::optional<Var> log_sf(Arg x) const;
  std::optional<Var> isf(Arg q) const;
  std::optional<Var> enumerate(Where where = here()) const { return base_.enumerate(where); }

 private:
  struct Unchecked {};
  ZeroInflated(Var gate_logits, Distribution base, Unchecked)
      : gate_logits_(std::move(gate_logits)), base_(std::move(base)) {}
  ZeroInflated mapped(const ParameterMap& f) const;
  Var recorded() const { return recorded_one(parameters(*this)); }

  Var gate_logits_;
  Distribution base_;
};

}  // namespace tapir::vi
