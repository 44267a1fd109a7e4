// Message: a site as handlers see it, before and after it is made.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tapir/autodiff/stochastic/site.hpp>
#include <tapir/vi/distribution.hpp>

namespace tapir::vi {

/// What a handler does to the terms of a site: multiplies them, or chooses which of them count.
struct Weight {
  enum class Kind { scale, mask };
  Kind kind = Kind::scale;
  Var factor = 1.0;  // ready to broadcast against [plates]

  friend bool operator==(const Weight& a, const Weight& b) {
    return a.kind == b.kind && same_value(a.factor, b.factor);
  }
};

/// A site of a run. A handler may give it a value before it is made, and reweigh its terms afterwards.
struct Message {
  std::string name;
  Aligned law;
  std::optional<Var> value = {};  // full: plates ++ own
  Var log_prob = {};              // [plates], of the value, without weights; known once the site is made
  Estimator estimator = {};
  bool observed = false;
  Plates plates = {};
  std::vector<Weight> weights = {};  // in order
  /// Why a draw is not wanted: an Error unless some handler gives a value.
  std::string refusal = {};
  Where where = {};

  /// A term of this site [plates], its log density or a divergence, with its masks and scales.
  Var weighed(Var term) const;
  /// Where the density is taken: the value; data that a mask leaves out are replaced by some value of the
  /// support.
  Var scored() const;
};

/// Something that happens at every site of a run. `before`: name, law, plates and what other handlers have
/// set are there. `after`: the value too, but not the density, which is taken last.
struct Handler {
  std::string name;
  std::function<void(Message&)> before = nullptr;
  std::function<void(Message&)> after = nullptr;
  std::vector<std::string> sites = {};  // what it is meant for; none: all
};

using Handlers = std::vector<Handler>;

}  // namespace tapir::vi
