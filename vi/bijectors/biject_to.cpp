// The registry: a row for each kind of set.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/biject_to.hpp>

#include <map>

#include <tapir/vi/bijectors/bijectors.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

using Kind = Support::Kind;
using Rule = Bijector (*)(const Support&, Where);

Bijector onto_interval(const Support& support, Where where) {
  const Support::Bounds& ends = *support.bounds();
  if (same_value(ends.low, ends.high))
    throw Error("biject_to", "no bijector leads from real numbers onto " + support.str(), where);
  if (is_infinite(ends.low) && is_infinite(ends.high)) return Identity{};
  if (is_infinite(ends.high)) return Chain{{Exp{}, Affine{.loc = ends.low}}};
  if (is_infinite(ends.low)) return Chain{{Exp{}, Affine{.loc = ends.high, .scale = -1}}};
  return Sigmoid{.low = ends.low, .high = ends.high};
}

template <class B>
Bijector onto(const Support&, Where) {
  return B{};
}

Bijector onto_positive_definite(const Support&, Where) { return Chain{{LowerCholesky{}, CholeskyProduct{}}}; }

Bijector onto_zero_sum(const Support& support, Where) { return ZeroSum{.axes = support.rank()}; }

const std::map<Kind, Rule>& rows() {
  static const std::map<Kind, Rule> table{
      {Kind::real, onto<Identity>},
      {Kind::extended_real, onto<Identity>},
      {Kind::positive, onto<Exp>},
      {Kind::nonnegative, onto<Exp>},
      {Kind::unit_interval, onto<Sigmoid>},
      {Kind::interval, onto_interval},
      {Kind::log_weights, onto<Identity>},
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
  return row->second(support, where);
}

}  // namespace tapir::vi
