// Bijectors of numbers: their rows.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <tapir/vi/bijectors/bijectors.hpp>

#include "bijector_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

using Vars = std::vector<Var>;

const Tensor around_zero = column({-3.1, -1, -1e-3, 0.2, 0.7, 2.5, 6});
const Tensor above_zero = column({1e-3, 0.3, 0.9, 1, 1.7, 4, 30});

template <class F>
auto elementwise(const F& f) {
  return [f](const Parameters& p, const Point& x) {
    Point y;
    for (long double e : x) y.push_back(f(p, e));
    return y;
  };
}

Parameters parameters(std::initializer_list<double> values) {
  Parameters result;
  for (double value : values) result.emplace_back(value);
  return result;
}

const ListedBijector identity{{
    .name = "Identity",
    .make = [](const Vars&) { return Identity{}; },
    .x = around_zero,
    .forward = elementwise([](const Parameters&, long double x) { return x; }),
}};

const ListedBijector exponential{{
    .name = "Exp",
    .make = [](const Vars&) { return Exp{}; },
    .x = around_zero,
    .forward = elementwise([](const Parameters&, long double x) { return std::exp(x); }),
}};

const ListedBijector softplus_row{{
    .name = "Softplus",
    .make = [](const Vars&) { return Softplus{}; },
    .x = around_zero,
    .forward = elementwise([](const Parameters&, long double x) { return std::log1p(std::exp(x)); }),
}};

const ListedBijector sigmoid_row{{
    .name = "Sigmoid",
    .make = [](const Vars& p) { return Sigmoid{.low = p[0], .high = p[1]}; },
    .cases = {parameters({0, 1}), parameters({-1.3, 0.4}), parameters({2, 5}), parameters({0.1, 0.7})},
    .x = around_zero,
    .forward = elementwise([](const Parameters& p, long double x) {
      const long double low = p[0].item();
      return low + (p[1].item() - low) / (1 + std::exp(-x));
    }),
}};

const ListedBijector affine{{
    .name = "Affine",
    .make = [](const Vars& p) { return Affine{.loc = p[0], .scale = p[1]}; },
    .cases = {parameters({0.3, 1.2}), parameters({-1, -0.4}), parameters({1e3, 1e3}), parameters({0, 1e-30})},
    .x = around_zero,
    .forward = elementwise([](const Parameters& p, long double x) { return p[0].item() + p[1].item() * x; }),
}};

const ListedBijector power{{
    .name = "Power",
    .make = [](const Vars& p) { return Power{.exponent = p[0]}; },
    .cases = {parameters({2}), parameters({-0.5}), parameters({1.7}), parameters({-3})},
    .x = above_zero,
    .forward = elementwise([](const Parameters& p, long double x) {
      return std::pow(x, static_cast<long double>(p[0].item()));
    }),
    .largest = 1e30,
    .largest_f32 = 1e10,
    .positive = true,
}};

const ListedBijector tanh_row{{
    .name = "Tanh",
    .make = [](const Vars&) { return Tanh{}; },
    .x = around_zero,
    .forward = elementwise([](const Parameters&, long double x) { return std::tanh(x); }),
}};

const ListedBijector logarithm{{
    .name = "Inverse of Exp",
    .make = [](const Vars&) { return inverse(Exp{}); },
    .x = above_zero,
    .forward = elementwise([](const Parameters&, long double x) { return std::log(x); }),
    .positive = true,
}};

const ListedBijector chain_of_numbers{{
    .name = "Chain of Affine, Sigmoid, Affine",
    .make =
        [](const Vars& p) {
          return Chain{{Affine{.loc = p[0], .scale = p[1]}, Sigmoid{}, Affine{.loc = 0.2, .scale = p[2]}}};
        },
    .cases = {parameters({0.3, 1.2, -2}), parameters({-0.1, -0.7, 3})},
    .x = around_zero,
    .forward = elementwise([](const Parameters& p, long double x) {
      return 0.2 + p[2].item() / (1 + std::exp(-(p[0].item() + p[1].item() * x)));
    }),
}};

}  // namespace
}  // namespace tapir::vi::test
