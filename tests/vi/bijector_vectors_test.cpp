// Bijectors of vectors: their rows.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <tapir/vi/bijectors/bijectors.hpp>

#include "bijector_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

using Vars = std::vector<Var>;

Point running_sum(Point x) {
  for (std::size_t k = 1; k < x.size(); ++k) x[k] += x[k - 1];
  return x;
}

Point stick_breaking(const Point& x) {
  Point y;
  long double left = 1;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const long double z = 1 / (1 + std::exp(-x[k]) * static_cast<long double>(x.size() - k));
    y.push_back(left * z);
    left *= 1 - z;
  }
  y.push_back(left);
  return y;
}

const ListedBijector ordered{{
    .name = "Ordered",
    .make = [](const Vars&) { return Ordered{}; },
    .x = tame(4, 5),
    .forward =
        [](const Parameters&, Point x) {
          for (std::size_t k = 1; k < x.size(); ++k) x[k] = std::exp(x[k]);
          return running_sum(x);
        },
}};

const ListedBijector positive_ordered{{
    .name = "PositiveOrdered",
    .make = [](const Vars&) { return PositiveOrdered{}; },
    .x = tame(4, 5),
    .forward =
        [](const Parameters&, Point x) {
          for (long double& e : x) e = std::exp(e);
          return running_sum(x);
        },
}};

const ListedBijector stick_breaking_row{{
    .name = "StickBreaking",
    .make = [](const Vars&) { return StickBreaking{}; },
    .x = tame(4, 5),
    .forward = [](const Parameters&, const Point& x) { return stick_breaking(x); },
}};

const ListedBijector softmax_centred{{
    .name = "SoftmaxCentred",
    .make = [](const Vars&) { return SoftmaxCentred{}; },
    .x = tame(4, 5),
    .forward =
        [](const Parameters&, const Point& x) {
          Point y;
          long double total = 1;
          for (long double e : x) total += std::exp(e);
          for (long double e : x) y.push_back(std::exp(e) / total);
          y.push_back(1 / total);
          return y;
        },
}};

const ListedBijector permutation{{
    .name = "Permutation",
    .make =
        [](const Vars&) {
          return Permutation{{2, 0, 3, 1}};
        },
    .x = tame(3, 4),
    .forward =
        [](const Parameters&, const Point& x) {
          return Point{x[2], x[0], x[3], x[1]};
        },
}};

const ListedBijector logistic_normal{{
    .name = "Chain of Affine and StickBreaking",
    .make =
        [](const Vars& p) {
          return Chain{{Affine{.loc = p[0], .scale = p[1]}, StickBreaking{}}};
        },
    .cases = {{column({0.1, -0.4, 0.7}), Tensor(1.2)}, {column({1, 2, 3}), Tensor(-0.4)}},
    .x = tame(4, 3),
    .forward =
        [](const Parameters& p, Point x) {
          for (std::size_t k = 0; k < x.size(); ++k)
            x[k] = p[0].at(static_cast<Index>(k)) + p[1].item() * x[k];
          return stick_breaking(x);
        },
}};

const ListedBijector chain_onto_numbers{{
    .name = "Chain of Ordered, Permutation, Exp",
    .make =
        [](const Vars&) {
          return Chain{{Ordered{}, Permutation{{1, 2, 0}}, Exp{}}};
        },
    .x = tame(4, 3),
    .forward =
        [](const Parameters&, Point x) {
          x[1] = x[0] + std::exp(x[1]);
          x[2] = x[1] + std::exp(x[2]);
          return Point{std::exp(x[1]), std::exp(x[2]), std::exp(x[0])};
        },
    .largest = 6,
    .largest_f32 = 4,
}};

const ListedBijector per_slice{{
    .name = "PerSlice",
    .make =
        [](const Vars& p) {
          return PerSlice{{{Exp{}, 2}, {StickBreaking{}, 2}, {Affine{.loc = 0, .scale = p[0]}, 1}}};
        },
    .cases = {{Tensor(-1.5)}, {Tensor(0.3)}},
    .x = tame(4, 5),
    .forward =
        [](const Parameters& p, const Point& x) {
          const Point broken = stick_breaking({x[2], x[3]});
          return Point{std::exp(x[0]), std::exp(x[1]), broken[0], broken[1], broken[2], p[0].item() * x[4]};
        },
    .free = {0, 1, 2, 3, 5},
}};

const ListedBijector unbroken{{
    .name = "Inverse of StickBreaking",
    .make = [](const Vars&) { return inverse(StickBreaking{}); },
    .x = Tensor({2, 4}, {0.1, 0.2, 0.3, 0.4, 0.02, 0.08, 0.2, 0.7}),
    .forward =
        [](const Parameters&, const Point& y) {
          Point x;
          long double left = 1;
          for (std::size_t k = 0; k + 1 < y.size(); ++k) {
            left -= y[k];
            x.push_back(std::log(y[k] / left * static_cast<long double>(y.size() - 1 - k)));
          }
          return x;
        },
    .largest = 0,
    .largest_f32 = 0,
}};

}  // namespace
}  // namespace tapir::vi::test
