// Chain: one bijector after another.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// y = last(.. second(first(x))): in the order in which they stand. A map of numbers beside one of vectors
/// acts on their elements, and its log_det is summed over them; its parameters, "parts[1].scale", broadcast
/// from the right: one of shape [n] belongs to the elements of a point, one of shape [] is shared. log_det is
/// the sum.
///
///   shapes   a point has as many axes as the parts need; without parts it is the identity of numbers
///   example  const Bijector b = Chain{{Affine{.loc = m, .scale = s}, StickBreaking{}}};
struct Chain {
  std::vector<Bijector> parts = {};

  static constexpr std::string_view name = "Chain";
  Ranks ranks() const;
  Support domain() const { return parts.empty() ? Support::real : parts.front().domain(); }
  /// The image of the first part's domain.
  Support codomain() const { return image(domain()); }
  bool is_bijective() const;
  template <class F>
  Chain each(F&& f) const {
    return mapped(f);
  }
  Shape forward_shape(const Shape& x, Where where) const;
  Shape inverse_shape(const Shape& y, Where where) const;
  bool is_like(const Chain& other) const;
  std::optional<Var> direction(Where where = here()) const;
  Support image(const Support& part, Where where = here()) const;
  /// What is not in the image, or, where that is known of a larger set only, has no preimage in some part.
  Var excludes(Arg y) const;

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  ValueAndLogDet forward_and_log_det(Arg x) const;
  ValueAndLogDet inverse_and_log_det(Arg y) const;

 private:
  Chain mapped(const ParameterMap& f) const;
};

}  // namespace tapir::vi
