// The registry: a row for each kind of set.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/biject_to.hpp>

#include <map>

#include <tapir/vi/bijectors/bijectors.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

using Kind = Support::Kind;
using Rule = Bijector (*)(const Support&);

Bijector onto_interval(const Support& support) {
  const Support::Bounds& ends = *support.bounds();
  if (is_infinite(ends.low) && is_infinite(ends.high)) return Identity{};
  if (is_infinite(ends.high)) return Chain{{Exp{}, Affine{.loc = ends.low}}};
  if (is_infinite(ends.low)) return Chain{{Exp{}, Affine{.loc = ends.high, .scale = -1}}};
  return Sigmoid{.low = ends.low, .high = ends.high};
}

template <class B>
Bijector onto(const Support&) {
  return B{};
}

Bijector onto_positive_definite(const Support&) { return Chain{{LowerCholesky{}, CholeskyProduct{}}}; }

Bijector onto_zero_sum(const Support& support) { return ZeroSum{.axes = support.rank()}; }

const std::map<Kind, Rule>& rows() {
  static const std::map<Kind, Rule> table{
      {Kind::real, onto<Identity>},
      {Kind::extended_real, onto<Identity>},
      {Kind::log_weight, onto<Identity>},
      {Kind::positive, onto<Exp>},
      {Kind::nonnegative, onto<Exp>},
      {Kind::unit_interval, onto<Sigmoid>},
      {Kind::interval, onto_interval},
      {Kind::simplex, onto<StickBreaking>},
      {Kind::ordered, onto<Ordered>},
      {Kind::positive_ordered, onto<PositiveOrdered>},
      {Kind::unit_vector, onto<UnitVector>},
      {Kind::lower_cholesky, onto<LowerCholesky>},
      {Kind::correlation_cholesky, onto<CorrelationCholesky>},
      {Kind::positive_definite, onto_positive_definite},
      {Kind::zero_sum, onto_zero_sum},
  };
  return table;
}

}  // namespace

Bijector biject_to(const Support& support, Where where) {
  const auto row = rows().find(support.kind());
  if (row == rows().end())
    throw Error("biject_to", "no bijector leads from real numbers onto " + support.str(), where);
  return row->second(support);
}

}  // namespace tapir::vi
