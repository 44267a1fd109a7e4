// Flat: no law at all, the improper prior that says nothing of a value.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// The improper law that adds nothing to a log density:   log p(x) = 0 on the support, -inf outside.
///
/// Flat(), Flat(Support::positive), Flat(Support::simplex, {3}). A posterior under it may be improper too: that is for the
/// model to see to. It cannot be drawn from, so the site has to be observed, conditioned, or given by a guide.
///
///   shapes    own axes as asked for; those of a point of the support at least
///   gradient  of log p: 0
///   errors    "[Flat] a point of simplices has 1 axis, own axes [] have 0"
///             "[Flat] an improper law has no draws; observe the site, condition it, or let a guide give its value"
class Flat {
 public:
  explicit Flat(Support support = Support::real, Shape own = {}, Where where = here());

  static constexpr std::string_view name = "Flat";
  static constexpr bool pathwise = false;

  Shape own_shape() const { return own_; }
  const Support& support() const { return support_; }
  template <class F>
  Flat each(F&&) const {
    return *this;
  }

  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  Var log_prob(Arg x) const;

 private:
  Support support_;
  Shape own_;
};

}  // namespace tapir::vi
