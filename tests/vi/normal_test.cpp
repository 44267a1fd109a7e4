// Normal: its row, its errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/normal.hpp>

#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

using Oracle = boost::math::normal_distribution<long double>;

Oracle oracle(const Parameters& p) { return {p[0].item(), p[1].item()}; }

// To 100 scales from the middle: there the density is exp(-5000), which only long double can hold.
const Listed row{{
    .name = "Normal",
    .make = [](const std::vector<Var>& p) { return Normal{.loc = p[0], .scale = p[1]}; },
    .cases = {scalars({0.3, 1.2}), scalars({-1.7, 0.4}), scalars({0, 1}), scalars({1e3, 1e-2}),
              scalars({-1e-6, 1e6}), scalars({2e-12, 1e-12})},
    .extremes = {scalars({0, 1e-30}), scalars({3e30, 1e30}), scalars({-1e6, 0.125})},
    .log_prob = [](const Parameters& p, long double x) { return std::log(pdf(oracle(p), x)); },
    .cdf = [](const Parameters& p, long double x) { return cdf(oracle(p), x); },
    .points =
        [](const Parameters& p) {
          return at_scores(p, {-100, -50, -38, -20, -8, -5, -2, -1, -0.3, 0, 1e-3, 0.1, 0.6, 1.5, 2, 4, 8, 20, 39, 100});
        },
    .length = [](const Parameters& p) { return static_cast<long double>(p[1].item()); },
    .breaks = [](const Parameters& p) { return std::vector<double>{-INFINITY, p[0].item(), INFINITY}; },
}};

}  // namespace

TEST_CASE("Normal: parameter errors name the law, the parameter, the value and the line") {
  const std::string file = "normal_test.cpp";
  const Distribution negative = Normal{0, -1};
  CHECK(error_of([&] { negative.log_prob(0.0); }) ==
        "[Normal] scale is -1, needs to be positive" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { negative.sample(Key(1), {}); }) ==
        "[Normal] scale is -1, needs to be positive" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Distribution(Normal{0, 0}).check(); }) ==
        "[Normal] scale is 0, needs to be positive" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Distribution(Normal{0, Tensor(INFINITY)}).check(); }) ==
        "[Normal] scale is inf, needs to be finite" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Distribution(Normal{NAN, 1}).check(); }) ==
        "[Normal] loc is nan, needs to be finite" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Distribution(Normal{0, Tensor({2, 2}, {1.F, 2.F, -0.1F, 3.F})}).check(); }) ==
        "[Normal] scale is -0.1 at [1,0] of f32[2,2], needs to be positive" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Distribution(Normal{column({1, 2, 3}), column({1, 2})}).batch_shape(); }) ==
        "[Normal] parameters do not broadcast: loc f64[3] and scale f64[2]" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Distribution(Normal{column({1, 2, 3}), 1}).sample(Key(1), {2}); }) ==
        "[Normal] parameters of shape [3] do not broadcast to a draw of [2]" + line(__LINE__ - 1, file));
}

TEST_CASE("Normal: a recorded parameter cannot be read and is not checked") {
  const auto tape = Tape::make();
  Distribution(Normal{0, tape->input({f64, {}})}).check();
}

TEST_CASE("Normal: what it records carries the user's line and the law's name") {
  const auto tape = Tape::make();
  const Var x = tape->input({f32, {3}});
  const Var y = Normal{0, 2}.log_prob(x);
  const Node& node = tape->node(y.place()->ref.node);
  CHECK(node.path == "Normal");
  CHECK(node.where.str() == "normal_test.cpp:" + std::to_string(__LINE__ - 3));
  CHECK(y.type() == Type{f32, {3}});
}

TEST_CASE("Normal: bare numbers stay open") {
  CHECK(Normal{0, 1}.log_prob(0.5).is_open());
  CHECK(Normal{0, 1}.entropy().is_open());
}

}  // namespace tapir::vi::test
