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

/// A site of a run. A handler may give it a value before it is made, and reweigh its terms afterwards.
struct Message {
  std::string name;
  Aligned law;
  std::optional<Var> value = {};   // full: plates ++ own
  Var log_prob = {};               // [plates], reweighed
  Estimator estimator = {};
  bool observed = false;
  Plates plates = {};
  std::vector<std::function<Var(const Var& term)>> weights = {};  // masks and scales, in order
  Where where = {};

  /// A term of this site [plates], its log density or a divergence, with its masks and scales.
  Var weighed(Var term) const;
};

/// Something that happens at every site of a run.
struct Handler {
  std::string name;
  std::function<void(Message&)> before = nullptr;
  std::function<void(Message&)> after = nullptr;
};

using Handlers = std::vector<Handler>;

}  // namespace tapir::vi
