// Figure: reductions, cumulative sums and gathers, over each axis, against loops.
// SPDX-License-Identifier: BSD-3-Clause
#include <functional>

#include <fmt/format.h>

#include "contest.hpp"
#include "hand/reductions.hpp"
#include "program_of.hpp"
#include "report.hpp"

namespace tapir::bench {
namespace {

void pair(Report& report, const std::string& name, const Recordable& f, const std::vector<Tensor>& inputs,
          const std::function<void(float*)>& by_hand, double tolerance = 1e-5) {
  ProgramOf program(f, inputs);
  program.run();
  std::vector<float> out(static_cast<std::size_t>(program.result(0).size()));
  by_hand(out.data());
  const auto ours = program.result(0).view<float>();
  require_close(name, {ours.begin(), ours.end()}, {out.begin(), out.end()}, tolerance);
  Contest contest({.seconds = 0.5 * Contest::default_seconds});
  contest.add("tapir", [&] { program.run(); });
  contest.add("hand", [&] { by_hand(out.data()); });
  contest.run();
  report.add(name + ": tapir over hand", contest.ratio("tapir", "hand"), "ratio", {},
             fmt::format("{:.4g} us", 1e6 * contest.seconds("tapir")));
}

Recordable one(Var f(const Var&, int), int axis) {
  return [=](std::span<const Var> x) { return std::vector<Var>{f(x[0], axis)}; };
}

Axes axes(int axis) { return axis < 0 ? Axes{} : Axes{axis}; }

void of_shape(Report& report, Index rows, Index columns) {
  const Tensor x = normal(Key(4, DType::f32) / "x", {rows, columns}).tensor();
  const float* data = x.view<float>().data();
  const auto name = [&](const char* what, int axis) {
    return fmt::format("{} of [{},{}], {}", what, rows, columns,
                       axis < 0 ? "all" : fmt::format("axis {}", axis));
  };
  for (int axis : {0, 1, -1}) {
    pair(
        report, name("sum", axis), one([](const Var& v, int a) { return sum(v, axes(a)); }, axis), {x},
        [=](float* out) { hand::sum_over(axis, rows, columns, data, out); }, 1e-4);
    pair(report, name("logsumexp", axis),
         one([](const Var& v, int a) { return logsumexp(v, axes(a)); }, axis), {x},
         [=](float* out) { hand::logsumexp_over(axis, rows, columns, data, out); });
  }
  for (int axis : {0, 1})
    pair(
        report, name("cumsum", axis), one([](const Var& v, int a) { return cumsum(v, a); }, axis), {x},
        [=](float* out) { hand::cumsum_along(axis, rows, columns, data, out); }, 1e-4);
}

Tensor indices(const Shape& shape, Index below, std::string_view stream) {
  return floor(uniform(Key(5) / stream, shape) * static_cast<double>(below)).tensor().cast(DType::i64);
}

void gathers(Report& report) {
  constexpr Index rows = 1000, columns = 1000, count = 200;
  const Tensor x = normal(Key(4, DType::f32) / "x", {rows, columns}).tensor();
  const float* data = x.view<float>().data();
  const auto two = [](Var f(const Var&, const Var&)) -> Recordable {
    return [=](std::span<const Var> in) { return std::vector<Var>{f(in[0], in[1])}; };
  };
  const Tensor some = indices({rows}, rows, "rows");
  pair(report, "take rows of [1000,1000]", two([](const Var& v, const Var& i) { return take(v, i, 0); }),
       {x, some}, [=](float* out) { hand::take_rows(rows, columns, some.view<Index>().data(), data, out); });
  const Tensor each = indices({rows, count}, columns, "each");
  pair(report, "gather 200 per row of [1000,1000]",
       two([](const Var& v, const Var& i) { return gather(v, i, 1); }), {x, each},
       [=](float* out) { hand::gather_along(rows, columns, count, each.view<Index>().data(), data, out); });
}

void run(Report& report) {
  for (const auto& [rows, columns] : {std::pair<Index, Index>{1000, 1000}, {100000, 10}, {10, 100000}})
    of_shape(report, rows, columns);
  gathers(report);
}

const Figure figure("reductions", "reductions, cumulative sums, gathers over each axis, f32", run);

}  // namespace
}  // namespace tapir::bench
