// Guides that are read off a model: the posterior they find, and the models they refuse.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/guides.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/vi/vi.hpp>

#include "recording.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "guides_test.cpp";
const Normal standard{0, 1};

// y_i ~ N(x_i w, 0.5), w ~ N(0, 1): the posterior is N(L^-1 X'y / s^2, L^-1), L = I + X'X / s^2.
struct Regression {
  Index n = 40;
  Tensor x = irregular({n, 2}, 0.15);
  Tensor y;
  double scale = 0.5;

  Regression() : y(Type{f64, {n}}) {
    for (Index i = 0; i < n; ++i)
      y.mutable_view<double>()[static_cast<std::size_t>(i)] =
          1.2 * x.at(2 * i) - 0.7 * x.at(2 * i + 1) + 0.3 * std::sin(7.0 * static_cast<double>(i));
  }
  void model(Context& c, const Var& rows, const Var& values) const {
    const Var w = c.sample("w", iid(standard, {2}));
    const auto plate = c.plate("rows", n);
    c.observe("y", Normal{sum(rows * w, -1), scale}, values);
  }
};

}  // namespace

TEST_CASE(
    "mean field: on a conjugate regression it finds the exact means, and the scales of the best product") {
  // The best factorised Normal has the posterior's means and, as scales, one over the roots of the diagonal
  // of the posterior's precision. After 3000 steps of 64 particles, over seeds, means are off by 0.0013 and scales by
  // 0.5 % (root mean square): the tolerances are six times that, 2e-9 false alarms each, and the seed is fixed.
  const Regression r;
  double a = 1;
  double b = 0;
  double d = 1;
  double u = 0;
  double v = 0;
  const double weight = 1 / (r.scale * r.scale);
  for (Index i = 0; i < r.n; ++i) {
    const double x0 = r.x.at(2 * i);
    const double x1 = r.x.at(2 * i + 1);
    a += weight * x0 * x0;
    b += weight * x0 * x1;
    d += weight * x1 * x1;
    u += weight * x0 * r.y.at(i);
    v += weight * x1 * r.y.at(i);
  }
  const double det = a * d - b * b;
  const double means[] = {(d * u - b * v) / det, (a * v - b * u) / det};
  const double scales[] = {1 / std::sqrt(a), 1 / std::sqrt(d)};

  Params params(0, f64);
  const auto model = [&](Context& c, const Var& x, const Var& y) { r.model(c, x, y); };
  const MeanFieldNormal guide(params / "guide", model, {r.x, r.y});
  CHECK(params.paths() == std::vector<std::string>{"guide/w/loc", "guide/w/log_scale"});
  Svi svi(params, model, guide, adam(cosine(0.03, {.steps = 3000})), {.particles = 64});
  for (int i = 0; i < 3000; ++i) (void)svi.step(r.x, r.y);
  CHECK(svi.report() == "w: pathwise, closed-form divergence\n");
  const auto marginals = guide.marginals();
  REQUIRE(marginals.size() == 2);
  CHECK(marginals[0].name == "w[0]");
  CHECK(marginals[1].name == "w[1]");
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(std::abs(marginals[i].mean - means[i]) < 0.008);
    CHECK(std::abs(marginals[i].sd / scales[i] - 1) < 0.03);
  }
}

TEST_CASE("mean field: one location and scale per element of every latent site, in its plates") {
  const auto model = [](Context& c, const Var& x) {
    (void)c.sample("s", standard);
    const auto rows = c.plate("rows", 3);
    (void)c.sample("z", standard);
    const auto columns = c.plate("columns", 2);
    (void)c.sample("v", iid(standard, {4}));
    c.observe("x", standard, x);
  };
  Params params(0, f32);
  const MeanFieldNormal guide(params / "q", model, {irregular({3, 2}, 0.3, f32)},
                              {.scale = 0.25, .spread = 0.1});
  CHECK(params.value("q/s/loc").type() == Type{f32, {}});
  CHECK(params.value("q/z/loc").type() == Type{f32, {3}});
  CHECK(params.value("q/v/log_scale").type() == Type{f32, {3, 2, 4}});
  CHECK(params.value("q/v/log_scale").at(0) == static_cast<double>(std::log(0.25F)));
  CHECK(params.value("q/z/loc").at(0) != 0);
  const auto marginals = guide.marginals();
  REQUIRE(marginals.size() == 1 + 3 + 24);
  CHECK(marginals[0].name == "s");
  CHECK(marginals[2].name == "z[1]");
  CHECK(marginals[4 + 23].name == "v[2,1,3]");
  CHECK(near(marginals[0].sd, 0.25, 1e-7));
  Svi svi(params, model, guide, sgd(0.1));
  CHECK(std::isfinite(svi.step(irregular({3, 2}, 0.3, f32)).elbo));
  CHECK(svi.sample(irregular({3, 2}, 0.3, f32)).at("v").shape() == Shape{3, 2, 4});
}

TEST_CASE("mean field: what it records is told at the line where it was made") {
  const auto model = [](Context& c) { (void)c.sample("z", standard); };
  Params params(0, f64);
  const int at = __LINE__ + 1;
  const MeanFieldNormal guide(params / "q", model, {});
  Svi svi(params, model, guide, sgd(0.1));
  const Tape& tape = svi.program({}).tape();
  int found = 0;
  for (int i = 0; i < tape.size(); ++i) {
    CHECK(tape.node(i).where.str().find("mean_field.cpp") == std::string::npos);
    if (tape.node(i).where.str() == file + ":" + std::to_string(at)) ++found;
  }
  CHECK(found > 3);
}

TEST_CASE("mean field: models that it cannot guide are errors, and leave no parameter behind") {
  Params params(0, f64);
  const auto error_for = [&](const Model& model, MeanFieldOptions options = {}) {
    return error_of([&] { MeanFieldNormal(params / "q", model, {}, options, Where{"main.cpp", 4}); });
  };
  const auto with_coin = [&](Context& c) {
    (void)c.sample("z", standard);
    (void)c.sample("k", Categorical{irregular({3})});
  };
  CHECK(error_for(with_coin) == "[mean_field] site \"k\" of Categorical is not real; write a guide for it" +
                                    line(__LINE__ - 3, file));
  const auto batch = [&](Context& c) {
    const auto images = c.plate("images", 60, 5);
    (void)c.sample("z", standard);
  };
  CHECK(error_for(batch) ==
        "[mean_field] site \"z\" lies in the subsampled plate \"images\": its elements have no parameters "
        "of their own there; write an amortised guide" +
            line(__LINE__ - 5, file));
  CHECK(error_for([](Context& c) { c.observe("x", standard, 0.5); }) ==
        "[mean_field] the model has no latent site (at main.cpp:4)");
  const auto model = [](Context& c) { (void)c.sample("z", standard); };
  CHECK(error_for(model, {.scale = 0}) ==
        "[mean_field] the scale is 0, it has to be positive (at main.cpp:4)");
  CHECK(error_for(model, {.scale = 1, .spread = -1}) ==
        "[mean_field] the spread is -1, it has to be 0 or more (at main.cpp:4)");
  CHECK(params.paths().empty());
}

}  // namespace tapir::vi::test
