// Site: a random value on a tape, with its log density and its estimator.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>
#include <vector>

#include <tapir/autodiff/stochastic/estimator.hpp>

namespace tapir {

/// A latent site. `value` comes from `place_site`, so that it is a node of its own; plate axes come first.
struct Site {
  std::string name;
  Var value;
  Var log_density;  // [plates], of the value as it flows on
  Estimator estimator;
  Plates plates;
  Where where;
};

/// A term of the objective: an expectation to be minimised. Its axes are exactly its plates.
struct Cost {
  std::string name;
  Var value;
  Plates plates;
  Where where;
};

/// The value of a site, made of a draw: a node of its own. Unless the estimator is pathwise, the gradient is cut here.
/// The log density and all that follows are computed from what is returned, never from the draw.
Var place_site(const std::string& name, Arg draw, const Estimator& estimator);

/// Where the plate axes of a value arrive in another value.
///   unreached  it does not depend on the value at all
///   mixed      by some path its elements depend on several elements of the plate
struct Arrival {
  static constexpr int mixed = -1;
  bool reached = false;
  std::vector<int> axes;  // per plate: the axis, or mixed
};

/// Follows the leading `plates` axes of `from` through the tape, also through `stop_gradient`, to each of `to`. An axis
/// arrives where every path keeps its elements apart and agrees on the place.
std::vector<Arrival> follow_plates(const Var& from, int plates, std::span<const Var> to);

namespace ops {
extern const Op site;  // attrs: name, cut
}

}  // namespace tapir
