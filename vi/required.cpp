// required: an operation that is told what to say.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/required.hpp>

#include <limits>
#include <vector>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/kernels/table.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/law.hpp>
#include <tapir/vi/support_points.hpp>

namespace tapir::vi {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// A set as attributes, as far as it is constant.
Attrs attrs_of(std::string_view law, const std::string& parameter, const Support& set) {
  Attrs attrs{{"law", std::string(law)},
              {"parameter", parameter},
              {"set", static_cast<Index>(set.kind())},
              {"axes", Index{set.rank()}}};
  const Support::Bounds* bounds = set.bounds();
  if (!bounds || bounds->low.is_recorded() || bounds->high.is_recorded()) return attrs;
  attrs.set("low", bounds->low.tensor());
  attrs.set("high", bounds->high.tensor());
  attrs.set("without_low", Index{bounds->without_low});
  attrs.set("without_high", Index{bounds->without_high});
  return attrs;
}

std::optional<Support> set_of(const Attrs& attrs) {
  const auto kind = static_cast<Support::Kind>(attrs.get<Index>("set"));
  const auto axes = static_cast<int>(attrs.get<Index>("axes"));
  if (attrs.has("low"))
    return Support::of(kind, axes,
                       Support::Bounds{attrs.get<Tensor>("low"), attrs.get<Tensor>("high"),
                                       attrs.flag("without_low"), attrs.flag("without_high")});
  const bool moves = kind == Support::Kind::interval || kind == Support::Kind::whole_interval ||
                     kind == Support::Kind::count_vector;
  return moves ? std::nullopt : std::optional(Support::of(kind, axes));
}

// Of the operands (inside, value, NaN).
std::optional<Explanation> explain(const Attrs& attrs, std::span<const Tensor> operands) {
  const Tensor &inside = operands[0], &value = operands[1];
  Index at = 0;
  while (at < inside.size() && inside.at(at) != 0) ++at;
  if (at == inside.size()) return std::nullopt;  // NaN has come in
  const auto set = set_of(attrs);
  std::optional<std::string> wrong = set ? set->violation(value) : std::nullopt;
  if (!wrong)
    wrong = "is " + text(value.at(at), value.dtype()) + place_of(at, value.shape(), value.type()) +
            ", beyond a bound of it that the program computes";
  return Explanation{attrs.get<std::string>("law"), attrs.get<std::string>("parameter") + " " + *wrong};
}

Row required_row() {
  Row row = ops::elementwise(
      "required",
      {nullptr, [](const Recorded& r, const Var& g) { return tapir::where(r.inputs[0], g, 0); }, nullptr});
  row.tile = [](const Signature& s) { return kernels::find_tile("where", s[0].dtype); };
  row.links = [](const Signature& s) { return kernels::find_links("where", s[0].dtype); };
  row.explain = explain;
  return row;
}

const Op& required_op() {
  static const Op op(required_row(), Op::Unlisted{});
  return op;
}

bool is_let_through(const Var& value, const Support& set) {
  const bool told =
      set != Support::Kind::real && set != Support::Kind::extended_real && set != Support::Kind::log_weights;
  return !value.is_recorded() || !is_floating(value.type().dtype) || !told;
}

}  // namespace

Var required(std::string_view law, const std::string& parameter, const Var& value, const Support& support,
             Where where) {
  if (is_let_through(value, support)) return value;
  return composed(where, law, {value}, [&] {
    const Var outside = support.excludes(Arg(value, where));
    const Var inside = logical_not(with_last_axes(outside, support.rank(), where));
    Shape shape;
    (void)broadcast_shapes(inside.shape(), value.shape(), shape);
    const std::vector<Arg> operands{{broadcast_to(inside, shape), where},
                                    {broadcast_to(value, shape), where},
                                    {broadcast_to(Var(nan), shape), where}};
    return apply_all(required_op(), meet(required_op(), operands), attrs_of(law, parameter, support))[0];
  });
}

}  // namespace tapir::vi
