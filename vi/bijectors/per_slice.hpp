// PerSlice: another bijector for each slice of a vector.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <tapir/vi/bijector.hpp>

namespace tapir::vi {

/// The last axis of x is cut into slices of `size` elements, each goes through a bijector of its own, and the
/// results stand one after the other in y. One of numbers acts on the elements of its slice; one of vectors
/// on the slice, which may change its length. log_det is the sum. The sets of points are those of the slices;
/// only where all are alike do domain() and codomain() tell them. Parameters are "slices[1].scale".
///
///   shapes   x [.., the sum of sizes] -> y [.., the sum of what becomes of them]
///   errors   "[PerSlice] slices[0]: LowerCholesky takes 1 axis to 2; a slice is a vector and stays one"
///            "[PerSlice] the slices have 3 elements, a point is [4]"
///   example  const Bijector b = PerSlice{{{Exp{}, 2}, {StickBreaking{}, 3}}};  // [5] -> [6]
struct PerSlice {
  struct Slice {
    Bijector bijector;
    Index size = 1;
  };
  std::vector<Slice> slices = {};

  static constexpr std::string_view name = "PerSlice";
  Ranks ranks() const { return {1, 1}; }
  Support domain() const;
  Support codomain() const;
  bool is_bijective() const;
  template <class F>
  PerSlice each(F&& f) const {
    return mapped(f);
  }
  Shape forward_shape(const Shape& x, Where where) const;
  Shape inverse_shape(const Shape& y, Where where) const;
  bool is_like(const PerSlice& other) const;
  /// Those of the slices, where all are one; else inner ends of the codomain.
  Support image(const Support& part, Where where = here()) const;
  /// Whether any slice is not in its set.
  Var excludes(Arg y) const;

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  ValueAndLogDet forward_and_log_det(Arg x) const;
  ValueAndLogDet inverse_and_log_det(Arg y) const;

 private:
  PerSlice mapped(const ParameterMap& f) const;
};

}  // namespace tapir::vi
