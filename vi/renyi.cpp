// The table of closed forms of Renyi divergences.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/renyi.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

using Table = std::map<std::pair<std::type_index, std::type_index>, RenyiRule>;

Table& table() {
  static Table rows;
  return rows;
}

[[noreturn]] void not_closed(const char* what, const Distribution& p, const Distribution& q, Where where) {
  throw Error(what, "of " + std::string(p.name()) + " and " + std::string(q.name()) + " has no closed form",
              where);
}

}  // namespace

void add_renyi_row(std::type_index p, std::type_index q, RenyiRule rule) { table()[{p, q}] = rule; }

Var renyi_through(const Var& kl_to_q, const Var& kl_to_p, const Var& exists, double alpha) {
  return where(exists, kl_to_q + alpha / (1 - alpha) * kl_to_p, std::numeric_limits<double>::infinity());
}

Var renyi(const Distribution& p, const Distribution& q, double alpha, Where where) {
  if (!(alpha > 0 && std::isfinite(alpha)))
    throw Error("renyi", "alpha is " + text(alpha, f64) + ", needs to be positive and finite", where);
  const auto kullback = kl(p, q, where);  // checks shapes and parameters
  const Distribution one = p.per_element(where).law, other = q.per_element(where).law;
  const auto row = table().find({one.type(), other.type()});
  if (alpha == 1 && kullback) return *kullback;
  if (alpha == 1 || row == table().end()) not_closed("renyi", p, q, where);
  Shape batch;
  broadcast_shapes(p.batch_shape(where), q.batch_shape(where), batch);
  const Var divergence =
      composed(where, "renyi", {recorded_one(p.parameters()), recorded_one(q.parameters())},
               [&] { return row->second(one.address(), other.address(), alpha); });
  // As for kl, a row of numbers and vectors has summed over the vectors' axes.
  const Distribution& summed = one.own_rank() < other.own_rank() ? other : one;
  return Aligned{summed, batch, p.own_shape()}.summed(divergence, where);
}

Var jeffreys(const Distribution& p, const Distribution& q, Where where) {
  const auto there = kl(p, q, where), back = kl(q, p, where);
  if (!there || !back) not_closed("jeffreys", p, q, where);
  return composed(where, "jeffreys", {*there, *back}, [&] { return *there + *back; });
}

}  // namespace tapir::vi
