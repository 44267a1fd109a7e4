// Figure: special functions that stand in the inner loops of densities, beside the exponential.
// SPDX-License-Identifier: BSD-3-Clause
#include <functional>
#include <string>

#include <tapir/autodiff/autodiff.hpp>

#include "contest.hpp"
#include "program_of.hpp"
#include "report.hpp"

namespace tapir::bench {
namespace {

constexpr Index n = 4096;  // in the nearest cache

struct Function {
  const char* name;
  std::function<Var(const Var&)> f;
  double low, high;
};

const Function functions[] = {
    {"exp", [](const Var& x) { return exp(x); }, -4, 4},
    {"log", [](const Var& x) { return log(x); }, 0.1, 9},
    {"lgamma", [](const Var& x) { return lgamma(x); }, 0.1, 9},
    {"digamma", [](const Var& x) { return digamma(x); }, 0.1, 9},
    {"log_ndtr", [](const Var& x) { return log_ndtr(x); }, -4, 4},
    {"log_ndtr, below 0", [](const Var& x) { return log_ndtr(x); }, -9, 0},
    {"exp_remainder", [](const Var& x) { return exp_remainder(x); }, -4, 4},
    {"itakura_saito", [](const Var& x) { return itakura_saito(x, 2); }, 0.1, 9},
};

void run(Report& report) {
  std::vector<ProgramOf> programs;
  for (const Function& function : functions) {
    Tensor x(Type{f64, {n}});
    const Tensor u = uniform(Key(5, f64) / function.name, {n}).tensor();
    for (Index i = 0; double& value : x.mutable_view<double>())
      value = function.low + (function.high - function.low) * u.at(i++);
    programs.emplace_back([&](std::span<const Var> p) { return std::vector<Var>{function.f(p[0])}; },
                          std::vector<Tensor>{x});
  }
  Contest contest;
  for (std::size_t i = 0; i < programs.size(); ++i)
    contest.add(functions[i].name, [&, i] { programs[i].run(); });
  contest.run();
  for (const Function& function : functions)
    report.add(std::string(function.name), 1e9 * contest.seconds(function.name) / static_cast<double>(n),
               "ns/elem");
  for (const char* name : {"lgamma", "digamma", "log_ndtr", "log_ndtr, below 0"})
    report.add(std::string(name) + " over exp", contest.ratio(name, "exp"), "ratio", at_most(3));
}

const Figure figure("special", "special functions over exp, n = 4096, f64", run);

}  // namespace
}  // namespace tapir::bench
