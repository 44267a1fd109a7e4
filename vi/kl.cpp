// The table of closed forms, and iid laws on both sides.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/kl.hpp>

#include <limits>
#include <map>
#include <utility>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {
namespace {

using Table = std::map<std::pair<std::type_index, std::type_index>, KlRule>;

// Rows enter it before main, in any order of files.
Table& table() {
  static Table rows;
  return rows;
}

using Points = std::map<std::type_index, Var (*)(const void* p)>;

Points& points() {
  static Points rows;
  return rows;
}

std::map<std::type_index, CrossRule>& crosses() {
  static std::map<std::type_index, CrossRule> rows;
  return rows;
}

// E_p(-log q) less the entropy of p.
std::optional<Var> crossed(const Distribution& p, const Distribution& q, Where where) {
  const auto row = crosses().find(q.type());
  if (row == crosses().end() || !p.support().ends() || p.own_rank() != 0 || p.is_atomic())
    return std::nullopt;
  const auto entropy = p.entropy(where);
  const auto cross = entropy ? row->second(p, q.address(), where) : std::nullopt;
  if (!cross) return std::nullopt;
  return composed(where, "kl", {*cross, *entropy}, [&] { return *cross - *entropy; });
}

std::string shape_error(const Distribution& p, const char* what, const Shape& of_p, const Distribution& q,
                        const Shape& of_q) {
  return "values of " + std::string(p.name()) + " have " + what + " " + of_p.str() + ", those of " +
         std::string(q.name()) + " " + of_q.str();
}

}  // namespace

void add_kl_row(std::type_index p, std::type_index q, KlRule rule) { table()[{p, q}] = rule; }

void add_cross_row(std::type_index q, CrossRule rule) { crosses()[q] = rule; }

std::optional<RealMoments> real_moments(const Distribution& law, Where where) {
  if (law.is_circular()) return std::nullopt;
  const auto mean = law.mean(where), variance = law.variance(where);
  if (!mean || !variance) return std::nullopt;
  return composed(where, "kl", {*mean, *variance}, [&] {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return RealMoments{tapir::where(isnan(*variance), 0, *mean),
                       tapir::where(isnan(*variance), infinity, *variance)};
  });
}

Var leaves(const Distribution& law, const Var& low, const Var& high) {
  const Support::Bounds ends = law.support().ends().value();
  return logical_or(ends.low<low, ends.high> high);
}

void add_point_row(std::type_index p, Var (*value)(const void* p)) { points()[p] = value; }

std::optional<Var> kl(const Aligned& p, const Aligned& q, Where where) {
  if (p.value_shape() != q.value_shape() || p.plates != q.plates)
    throw Error("kl", shape_error(p.law, "shape", p.value_shape(), q.law, q.value_shape()), where);
  if (const auto point = points().find(p.law.type()); point != points().end()) {
    const Var value = stretched(point->second(p.law.address()), p.value_shape(), where);
    return composed(where, "kl", {value}, [&] { return -q.log_prob(Arg(value, where)); });
  }
  const auto row = table().find({p.law.type(), q.law.type()});
  const auto divergence = row == table().end() ? crossed(p.law, q.law, where)
                                               : row->second(p.law.address(), q.law.address(), where);
  if (!divergence) return std::nullopt;
  // A row for laws of numbers and of vectors has summed over the vectors' axes already.
  return (p.law.own_rank() < q.law.own_rank() ? q : p).summed(*divergence, where);
}

std::optional<Var> kl(const Distribution& p, const Distribution& q, Where where) {
  if (p.own_shape() != q.own_shape())
    throw Error("kl", shape_error(p, "own axes", p.own_shape(), q, q.own_shape()), where);
  Shape batch;
  if (!broadcast_shapes(p.batch_shape(where), q.batch_shape(where), batch))
    throw Error("kl", shape_error(p, "batch shape", p.batch_shape(where), q, q.batch_shape(where)), where);
  p.check(where);
  q.check(where);
  return kl(Aligned{p.per_element(where).law, batch, p.own_shape()},
            Aligned{q.per_element(where).law, batch, q.own_shape()}, where);
}

}  // namespace tapir::vi
