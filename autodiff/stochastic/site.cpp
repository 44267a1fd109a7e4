// Placing sites, and following their plates through the tape.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/stochastic/site.hpp>

#include <map>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/ops/rows.hpp>

namespace tapir {

const Op ops::site{{.name = "site",
                    .kind = Kind::alias,
                    .shape = [](const Signature& s) -> std::vector<Type> { return {s[0]}; },
                    .vjp = ops::pull([](const Recorded&, const Var& g) { return g; }),
                    .jvp = [](const Recorded&, const Tangents& t) -> Tangents { return {t[0]}; },
                    .dtypes = {f32, f64, i64},
                    .samples = {{{{{2, 3}}}, {{"name", std::string("z")}, {"cut", Index{0}}}}}}};

namespace {

// Per plate: where its axis lies in a value.
using PlateAxes = std::vector<int>;

// Where the axes of one operand arrive in a result.
PlateAxes through(const PlateAxes& from, const std::vector<int>& follows) {
  PlateAxes result(from.size(), Arrival::mixed);
  for (std::size_t p = 0; p < from.size(); ++p) {
    if (from[p] == Arrival::mixed) continue;
    int found = 0;
    for (std::size_t axis = 0; axis < follows.size(); ++axis)
      if (follows[axis] == from[p]) {
        result[p] = static_cast<int>(axis);
        ++found;
      }
    if (found != 1) result[p] = Arrival::mixed;
  }
  return result;
}

void meet(PlateAxes& a, const PlateAxes& b) {
  for (std::size_t p = 0; p < a.size(); ++p)
    if (a[p] != b[p]) a[p] = Arrival::mixed;
}

}  // namespace

Var place_site(const std::string& name, Arg draw, const Estimator& estimator) {
  if (!draw.var.is_recorded()) return draw.var;
  const Var value = estimator.pathwise ? draw.var : stop_gradient(draw);
  return apply(ops::site, {Arg(value, draw.where)}, {{"name", name}, {"cut", Index{!estimator.pathwise}}});
}

std::vector<Arrival> follow_plates(const Var& from, int plates, std::span<const Var> to) {
  std::vector<Arrival> arrivals(to.size());
  const auto start = from.place();
  if (!start) return arrivals;
  const Tape& tape = *start->tape;
  std::map<Ref, PlateAxes> known;
  PlateAxes at_start;
  for (int p = 0; p < plates; ++p) at_start.push_back(p);
  known[start->ref] = at_start;
  std::vector<Ref> ends;
  for (const Var& value : to)
    if (const auto place = value.place(); place && place->tape.get() == &tape) ends.push_back(place->ref);
  const auto below = tape.ancestors(ends);
  const auto above = tape.descendants({start->ref.node});
  for (int i = start->ref.node + 1; i < tape.size(); ++i) {
    if (!above[static_cast<std::size_t>(i)] || !below[static_cast<std::size_t>(i)]) continue;
    const Node& node = tape.node(i);
    const auto types = tape.input_types(i);
    for (int r = 0; r < static_cast<int>(node.types.size()); ++r)
      for (int k = 0; k < static_cast<int>(node.inputs.size()); ++k) {
        const auto operand = known.find(node.inputs[static_cast<std::size_t>(k)]);
        if (operand == known.end()) continue;
        const PlateAxes arrived = through(operand->second, node.op->follows({types, node.attrs}, r, k));
        const auto [it, fresh] = known.try_emplace({i, r}, arrived);
        if (!fresh) meet(it->second, arrived);
      }
  }
  for (std::size_t j = 0; j < to.size(); ++j) {
    const auto place = to[j].place();
    const auto it = place ? known.find(place->ref) : known.end();
    if (it != known.end()) arrivals[j] = {true, it->second};
  }
  return arrivals;
}

}  // namespace tapir
