// The table of closed forms, and iid laws on both sides.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/kl.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>

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

std::map<std::type_index, MomentRule>& moments() {
  static std::map<std::type_index, MomentRule> rows;
  return rows;
}

std::map<std::type_index, bool (*)(const void* p)>& finite() {
  static std::map<std::type_index, bool (*)(const void* p)> rows;
  return rows;
}

std::optional<Var> listed(const Distribution& p, const Distribution& q, Where where) {
  const auto row = finite().find(p.type());
  const auto is_category = [](const Distribution& law) { return law.support() == Support::Kind::category; };
  if (row == finite().end() || !q.support().is_discrete() || q.own_rank() != p.own_rank() ||
      is_category(p) != is_category(q) || !row->second(p.address()))
    return std::nullopt;
  return kl_over_values(p, q, p.enumerate(where).value(), where);
}

// E_p(-log q) less the entropy of p.
std::optional<Var> crossed(const Distribution& p, const Distribution& q, Where where) {
  const auto entropy = crosses().contains(q.type()) ? p.entropy(where) : std::nullopt;
  const auto cross = entropy ? cross_entropy(p, q, where) : std::nullopt;
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

std::optional<Var> cross_entropy(const Distribution& p, const Distribution& q, Where where) {
  const auto row = crosses().find(q.type());
  if (row == crosses().end() || !p.support().ends() || p.own_rank() != 0 || p.is_atomic())
    return std::nullopt;
  return row->second(p, q.address(), where);
}

void add_moment_row(std::type_index p, MomentRule rule) { moments()[p] = rule; }

void add_finite_row(std::type_index p, bool (*is_listed)(const void* p)) { finite()[p] = is_listed; }

std::optional<Var> moment(const Distribution& law, Moment which, Where where) {
  const auto row = moments().find(law.type());
  if (row == moments().end()) return std::nullopt;
  return composed(where, "kl", {recorded_one(law.parameters())},
                  [&] { return row->second(law.address(), which); });
}

std::optional<Var> real_mean(const Distribution& law, Where where) {
  const auto mean = law.is_circular() ? std::nullopt : law.mean(where);
  if (!mean) return std::nullopt;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return composed(where, "kl", {*mean}, [&] { return tapir::where(isnan(*mean), infinity, *mean); });
}

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

// A value that p never takes adds nothing, whatever q says of it.
Var kl_over_values(const Distribution& p, const Distribution& q, const Var& values, Where where) {
  const int rank = std::max(p.batch_shape(where).rank(), q.batch_shape(where).rank());
  return composed(where, "kl", {recorded_one(p.parameters()), recorded_one(q.parameters())}, [&] {
    const Shape own = p.own_shape();
    const Arg x(reshape(values, Shape{values.shape()[0]} + Shape::ones(rank) + own), where);
    const Var log_p = p.log_prob(x), chance = exp(log_p), never = chance == 0;
    return sum(chance * (tapir::where(never, 0, log_p) - tapir::where(never, 0, q.log_prob(x))), 0);
  });
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
  auto divergence =
      row == table().end() ? std::nullopt : row->second(p.law.address(), q.law.address(), where);
  if (!divergence) divergence = listed(p.law, q.law, where);
  if (!divergence && row == table().end()) divergence = crossed(p.law, q.law, where);
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
