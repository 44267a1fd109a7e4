// The eleven rules of axes, at sites: what each means, and the error of breaking it.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/vi/vi.hpp>

#include "recording.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "axes_test.cpp";
const Normal standard{0, 1};

// The shape of the value and of the log density of a site.
std::pair<Shape, Shape> shapes(const Context& c, const std::string& site) {
  return {c.find(site)->value->shape(), c.find(site)->log_prob.shape()};
}
using Shapes = std::pair<Shape, Shape>;

}  // namespace

TEST_CASE("axes 1: a model sees plates and own axes only, whatever particles and copies there are") {
  Params params(0, f64);
  std::vector<Shape> seen;
  const auto guide = [&](Context& c) {
    const auto rows = c.plate("rows", 4);
    (void)c.sample("k", Bernoulli{c.param("logit", 0.2)}, ScoreFunction{Baseline::leave_one_out(3)});
    (void)c.sample("z", Normal{c.param("loc", Tensor({4, 2}, {1., 2., 3., 4., 5., 6., 7., 8.})), 1});
  };
  const auto model = [&](Context& c) {
    const auto rows = c.plate("rows", 4);
    const Var k = c.sample("k", Bernoulli{0.0});
    const Var z = c.sample("z", iid(standard, {2}));
    seen.push_back(k.shape());
    seen.push_back(z.shape());
    c.observe("x", Normal{z * expand_dims(k, -1), 1}, irregular({4, 2}));
  };
  Svi svi(params, model, guide, sgd(1e-3), {.particles = 5});
  (void)svi.step();
  (void)svi.log_likelihood(7);
  REQUIRE(seen.size() >= 4);
  for (std::size_t i = 0; i < seen.size(); i += 2) {
    CHECK(seen[i] == Shape{4});
    CHECK(seen[i + 1] == Shape{4, 2});
  }
}

TEST_CASE("axes 2: axes that a law consumes come off first; iid puts its own in front of the law's") {
  Context c(Key(1));
  const auto rows = c.plate("rows", 6);
  (void)c.sample("shared", Categorical{irregular({3})});
  (void)c.sample("each", Categorical{irregular({6, 3})});
  (void)c.sample("table", iid(standard, {2, 5}));
  (void)c.sample("words", iid(Categorical{irregular({6, 3})}, {7}));
  CHECK(shapes(c, "shared") == Shapes{{6}, {6}});
  CHECK(shapes(c, "each") == Shapes{{6}, {6}});
  CHECK(shapes(c, "table") == Shapes{{6, 2, 5}, {6}});
  CHECK(shapes(c, "words") == Shapes{{6, 7}, {6}});
  CHECK(error_of([&] { (void)c.sample("none", Categorical{Tensor(0.5)}); }) ==
        "[Categorical] logits f64[] has no axis to consume; a value needs 1" + line(__LINE__ - 1, file));
}

TEST_CASE("axes 3: the batch shape is read from the left, plates first") {
  Context c(Key(1));
  const auto images = c.plate("images", 128);
  (void)c.sample("amortised", Normal{irregular({128, 20}), 1});
  (void)c.sample("per image", Normal{irregular({128}), 1});
  (void)c.sample("shared", Normal{irregular({1, 20}), 1});
  (void)c.sample("scalar", standard);
  CHECK(shapes(c, "amortised") == Shapes{{128, 20}, {128}});
  CHECK(shapes(c, "per image") == Shapes{{128}, {128}});
  CHECK(shapes(c, "shared") == Shapes{{128, 20}, {128}});
  CHECK(shapes(c, "scalar") == Shapes{{128}, {128}});

  const Tensor loc = irregular({20});
  CHECK(error_of([&] {
          (void)c.sample("z", Normal{loc, 1});
        }) == "[Normal] loc f64[20] at plate \"images\" of 128: its first axis is 20; add the plate with "
              "expand_dims(loc, 0), or own axes with iid(Normal{..}, {20})" +
                  line(__LINE__ - 4, file));
  (void)c.sample("first cure", Normal{expand_dims(loc, 0), 1});
  (void)c.sample("second cure", iid(standard, {20}));
  CHECK(shapes(c, "first cure") == Shapes{{128, 20}, {128}});
  CHECK(shapes(c, "second cure") == Shapes{{128, 20}, {128}});

  // Fewer axes cover the outer plates: no guess by size, not even where the inner plate has the same.
  const auto views = c.plate("views", 128);
  const Tensor outer = irregular({128});
  (void)c.sample("by image", Normal{outer, 1e-300});
  const Tensor z = c.find("by image")->value->tensor();
  CHECK(z.shape() == Shape{128, 128});
  CHECK(z.at(5 * 128 + 7) == outer.at(5));
}

TEST_CASE("axes 4: a value is always full, and neither data nor law are stretched to fit") {
  Context c(Key(1));
  const auto rows = c.plate("rows", 5);
  const Var z = c.sample("z", standard);
  CHECK(z.shape() == Shape{5});
  CHECK(z.tensor().at(0) != z.tensor().at(1));  // n terms, not one
  CHECK(error_of([&] { c.observe("x", standard, Tensor(0.3)); }) ==
        "[observe] site \"x\": the data are f64[], the law Normal in these plates has values of shape [5]" +
            line(__LINE__ - 2, file));
  CHECK(
      error_of([&] {
        c.observe("x", Normal{irregular({5, 2}), 1}, irregular({5}));
      }) ==
      "[observe] site \"x\": the data are f64[5], the law Normal in these plates has values of shape [5,2]" +
          line(__LINE__ - 5, file));
}

TEST_CASE("axes 5: a site's log density is summed over own axes and is exactly the plates") {
  const Tensor x = irregular({3, 2, 4});
  Context c(Key(1));
  const auto a = c.plate("a", 3);
  const auto b = c.plate("b", 2);
  c.observe("x", iid(Normal{0.5, 2}, {4}), x);
  const Tensor terms = c.find("x")->log_prob.tensor();
  REQUIRE(terms.shape() == Shape{3, 2});
  for (Index e = 0; e < 6; ++e) {
    double expected = 0;
    for (Index i = 0; i < 4; ++i) expected += log_normal(x.at(4 * e + i), 0.5, 2);
    CHECK(near(terms.at(e), expected, 1e-14));
  }
}

// ---- 6: scales of subsampled plates ----

namespace {

// A global and a local latent value; nothing is left to chance in the terms, so that they can be told
// exactly.
struct TwoLevels {
  Index size;

  void guide(Context& c, const Var& x) const {
    (void)c.sample("w", Normal{0.3, 0.5});
    const auto rows = c.plate("rows", size, x.shape()[0]);
    (void)c.sample("z", Normal{0.5 * x, exp(0.1 * x)});
  }
  void model(Context& c, const Var& x) const {
    (void)c.sample("w", Normal{0, 2});
    const auto rows = c.plate("rows", size, x.shape()[0]);
    (void)c.sample("z", Normal{0.1, 1.5});
    c.observe("x", Normal{0.2, 0.7}, x);
  }
  double elbo(const Tensor& x) const {
    double rows = 0;
    for (Index i = 0; i < x.size(); ++i)
      rows += log_normal(x.at(i), 0.2, 0.7) - kl_normal(0.5 * x.at(i), std::exp(0.1 * x.at(i)), 0.1, 1.5);
    return -kl_normal(0.3, 0.5, 0, 2) + static_cast<double>(size) / static_cast<double>(x.size()) * rows;
  }
};

}  // namespace

TEST_CASE("axes 6: the total is the product of N/n times the sum over plates, so minibatches average to the "
          "whole") {
  const TwoLevels levels{10};
  const Tensor x = irregular({10});
  Params params(0, f64);
  const auto model = [&](Context& c, const Var& rows) { levels.model(c, rows); };
  const auto guide = [&](Context& c, const Var& rows) { levels.guide(c, rows); };
  Svi svi(params, model, guide, sgd(0.1), {.particles = 2});
  const Estimate whole = svi.evaluate(x);
  CHECK(near(whole.elbo, levels.elbo(x), 1e-14));
  CHECK(whole.per_element == whole.elbo);

  // A partition into batches of 4, 4 and 2 rows: weighted by their sizes, their estimates are the whole.
  double mean = 0;
  for (const auto& [first, last] : {std::pair<Index, Index>{0, 4}, {4, 8}, {8, 10}}) {
    const Tensor batch = x.rows(first, last);
    const Estimate part = svi.evaluate(batch);
    CHECK(near(part.elbo, levels.elbo(batch), 1e-14));
    CHECK(near(part.per_element, part.elbo / 10, 1e-15));
    CHECK(near(svi.step(batch).elbo, levels.elbo(batch), 1e-14));
    mean += part.elbo * static_cast<double>(last - first) / 10;
  }
  CHECK(near(mean, whole.elbo, 1e-14));
}

TEST_CASE("axes 6: nested subsampled plates multiply, and then the total is optimised") {
  const Tensor x = irregular({2, 3});
  Params params(0, f64);
  const auto guide = [](Context&, const Var&) {};
  const auto model = [](Context& c, const Var& data) {
    const auto a = c.plate("a", 10, 2);
    const auto b = c.plate("b", 7, 3);
    c.observe("x", standard, data);
  };
  Svi svi(params, model, guide, sgd(0.1));
  double sum = 0;
  for (Index i = 0; i < 6; ++i) sum += log_normal(x.at(i), 0, 1);
  const Estimate estimate = svi.evaluate(x);
  CHECK(near(estimate.elbo, 10.0 / 2 * 7.0 / 3 * sum, 1e-14));
  CHECK(estimate.per_element == estimate.elbo);
}

TEST_CASE("axes 6: a term outside a subsampled plate that depends on a value inside is an error") {
  Recording r;
  const Model guide = [](Context& c) {
    const auto rows = c.plate("rows", 10, 4);
    (void)c.sample("z", standard);
  };
  int at = 0;
  const Model model = [&](Context& c) {
    Var total;
    {
      const auto rows = c.plate("rows", 10, 4);
      total = sum(c.sample("z", standard));
    }
    at = __LINE__ + 1;
    c.observe("total", Normal{total, 1}, 2.0);
  };
  const std::string expected = "[loss] cost \"total\" lies outside the subsampled plate \"rows\", but "
                               "depends on site \"z\" inside it: a "
                               "minibatch cannot stand for the whole plate there";
  const Pair pair(r, guide, model);
  CHECK(error_of([&] { (void)loss_of(pair); }) == expected + line(at, file));
  CHECK(error_of([&] { (void)importance_weighted(pair.guide, pair.model, 3); }) == expected + line(at, file));
  Params params(0, f64);
  Svi svi(params, model, guide, sgd(0.1));
  CHECK(error_of([&] { (void)svi.step(); }) == expected + line(at, file));
  CHECK(error_of([&] { (void)svi.evaluate(); }) == expected + line(at, file));
}

TEST_CASE("axes 7: sites of one name have the same plates and the same shape in guide and model") {
  const auto in_plates = [](const Plates& plates, const Distribution& law) {
    return Model([=](Context& c) {
      const auto within = [&](const auto& self, std::size_t i) -> void {
        if (i == plates.size()) return (void)c.sample("z", law, {}, Where{"model.cpp", 3});
        const auto open = c.plate(plates[i].name, plates[i].size, plates[i].count);
        self(self, i + 1);
      };
      within(within, 0);
    });
  };
  const auto meet = [&](const Model& guide, const Model& model) {
    return error_of([&] {
      Recording r;
      const Pair pair(r, guide, model);
      (void)elbo(pair.guide, pair.model);
    });
  };
  const Plates images{{"images", 60000, 64}};
  CHECK(meet(in_plates(images, Normal{0.1, 1}), in_plates(images, standard)) == "no error");
  CHECK(meet(in_plates(images, standard), in_plates({{"images", 60000, 60}}, standard)) ==
        "[sample] site \"z\": the guide has plates (images: 64 of 60000), the model (images: 60 of 60000) "
        "(at model.cpp:3)");
  CHECK(meet(in_plates(images, standard), in_plates({{"pictures", 60000, 64}}, standard)) ==
        "[sample] site \"z\": the guide has plates (images: 64 of 60000), the model (pictures: 64 of 60000) "
        "(at model.cpp:3)");
  CHECK(meet(in_plates({{"a", 3, 3}, {"b", 3, 3}}, standard),
             in_plates({{"b", 3, 3}, {"a", 3, 3}}, standard)) ==
        "[sample] site \"z\": the guide has plates (a: 3, b: 3), the model (b: 3, a: 3) (at model.cpp:3)");
  CHECK(meet(in_plates({}, iid(standard, {3})), in_plates({{"a", 3, 3}}, standard)) ==
        "[sample] site \"z\": the guide has plates none, the model (a: 3) (at model.cpp:3)");
  CHECK(meet(in_plates(images, iid(standard, {20})), in_plates(images, iid(standard, {10}))) ==
        "[sample] site \"z\": the guide's value is f64[64,20], here it has shape [64,10] (at model.cpp:3)");
  CHECK(meet(in_plates(images, iid(standard, {20})), in_plates(images, Normal{irregular({64, 20}), 1})) ==
        "no error");
}

TEST_CASE("axes 8: a plate that arrives at another plate's axis is an error, also where the sizes agree") {
  const auto guide = [](Context& c) {
    const auto a = c.plate("a", 3);
    (void)c.sample("z", Normal{0.1, 1});
  };
  int at = 0;
  const auto wrong = [&](Context& c) {
    const auto a = c.plate("a", 3);
    const Var z = c.sample("z", standard);
    const auto b = c.plate("b", 3);
    const Var loc =
        z + irregular({3, 3});  // arithmetic broadcasts from the right: here z meets the axis of b
    at = __LINE__ + 1;
    c.observe("x", Normal{loc, 1}, irregular({3, 3}, 0.7));
  };
  const auto right = [&](Context& c) {
    const auto a = c.plate("a", 3);
    const Var z = c.sample("z", standard);
    const auto b = c.plate("b", 3);
    c.observe("x", Normal{expand_dims(z, -1) + irregular({3, 3}), 1}, irregular({3, 3}, 0.7));
    c.observe("y", Normal{z, 1}, irregular({3, 3}, 0.2));  // a site reads from the left
  };
  Recording r;
  const Pair crossed(r, guide, wrong);
  const std::string expected =
      "[loss] plate \"a\" of site \"z\" arrives at plate \"b\" of cost \"x\"; transpose it back, or "
      "open the plates in one order" +
      line(at, file);
  CHECK(error_of([&] { (void)loss_of(crossed); }) == expected);
  CHECK(error_of([&] { (void)importance_weighted(crossed.guide, crossed.model, 2); }) == expected);
  Recording s;
  const Pair kept(s, guide, right);
  CHECK_NOTHROW((void)loss_of(kept));
  CHECK(importance_weighted(kept.guide, kept.model, 2).plates == Plates{{"a", 3, 3}});
}

TEST_CASE("axes 8: a mixed plate turns treatment by element off, not the objective") {
  Recording r;
  const auto guide = [](Context& c) {
    const auto rows = c.plate("rows", 4);
    (void)c.sample("z", Normal{0.1, 1});
  };
  const auto model = [](Context& c) {
    const auto rows = c.plate("rows", 4);
    const Var z = c.sample("z", standard);
    c.observe("x", Normal{z - mean(z, 0), 1}, irregular({4}));
  };
  const Pair pair(r, guide, model);
  const ImportanceBound bound = importance_weighted(pair.guide, pair.model, 3);
  CHECK(bound.plates.empty());
  CHECK(bound.value.shape() == Shape{});
  const auto values = r.run({*pair.guide.messages()[0].value, loss_of(pair, {.analytic_kl = false}).value});
  double expected = 0;
  double centre = 0;
  for (Index i = 0; i < 4; ++i) centre += values[0].at(i) / 4;
  const Tensor x = irregular({4});
  for (Index i = 0; i < 4; ++i) {
    const double z = values[0].at(i);
    expected += log_normal(z, 0.1, 1) - log_normal(z, 0, 1) - log_normal(x.at(i), z - centre, 1);
  }
  CHECK(near(values[1].item(), expected, 1e-14));
}

// ---- 9: particles ----

TEST_CASE("axes 9: IWAE: log mean exp per image, and the encoder is not widened") {
  Recording r(f32);
  const Var x = r.tape->input({f32, {128, 784}}, "x");
  const Var hidden = r.params.dtype() == f32 ? Var(irregular({784, 40}, 0.1, f32)) : Var();
  const auto guide = [&](Context& c, const Var& images) {
    const Var h = composed(here(), "encode", {images}, [&] { return tanh(matmul(images, hidden)); });
    const auto rows = c.plate("images", 60000, 128);
    (void)c.sample("z", Normal{slice(h, -1, 0, 20), exp(slice(h, -1, 20, 40))});
  };
  const auto model = [&](Context& c, const Var& images) {
    const auto rows = c.plate("images", 60000, 128);
    const Var z = c.sample("z", iid(standard, {20}));
    c.observe("x", Bernoulli{matmul(z, irregular({20, 784}, 0.4, f32))}, images);
  };
  const Pair pair(r, guide, model, {x});
  CHECK(shapes(pair.guide, "z") == Shapes{{128, 20}, {128}});
  CHECK(shapes(pair.model, "x") == Shapes{{128, 784}, {128}});
  CHECK(loss_of(pair).value.shape() == Shape{});
  const int before = r.tape->size();
  const ImportanceBound bound = importance_weighted(pair.guide, pair.model, 5);
  CHECK(bound.value.shape() == Shape{128});
  CHECK(bound.plates == Plates{{"images", 60000, 128}});
  bool noise = false;
  for (int i = before; i < r.tape->size(); ++i) {
    const Node& node = r.tape->node(i);
    CHECK(node.path.find("encode") == std::string::npos);
    noise = noise || ((*node.op)->noise && node.types[0].shape == Shape{5, 128, 20});
  }
  CHECK(noise);
}

TEST_CASE("axes 9: terms of inner plates are summed before the bound is taken, outer latent values take all "
          "of it") {
  Recording r;
  const auto guide = [](Context& c) {
    const auto a = c.plate("a", 3);
    (void)c.sample("z", Normal{0.1, 1});
  };
  const auto model = [](Context& c) {
    const auto a = c.plate("a", 3);
    const Var z = c.sample("z", standard);
    const auto b = c.plate("b", 4);
    c.observe("x", Normal{z, 1}, irregular({3, 4}));
  };
  const Pair pair(r, guide, model);
  const ImportanceBound bound = importance_weighted(pair.guide, pair.model, 1);
  CHECK(bound.plates == Plates{{"a", 3, 3}});
  const auto global = [](Context& c) { (void)c.sample("w", standard); };
  const auto of_rows = [](Context& c) {
    const Var w = c.sample("w", standard);
    const auto a = c.plate("a", 3);
    c.observe("x", Normal{w, 1}, irregular({3}));
  };
  const Pair shared(r, global, of_rows);
  CHECK(importance_weighted(shared.guide, shared.model, 6).value.shape() == Shape{});
}

TEST_CASE("axes 9: a bound over a subsampled plate that shares latent values is an error") {
  Recording r;
  int at = 0;
  const auto guide = [](Context& c) { (void)c.sample("w", standard); };
  const auto model = [&](Context& c) {
    const Var w = c.sample("w", standard);
    const auto rows = c.plate("rows", 10, 3);
    at = __LINE__ + 1;
    c.observe("x", Normal{w, 1}, irregular({3}));
  };
  const Pair pair(r, guide, model);
  CHECK(error_of([&] { (void)importance_weighted(pair.guide, pair.model, 6); }) ==
        "[importance] plate \"rows\" of site \"x\" is subsampled, but its elements share latent values or "
        "are mixed: a "
        "minibatch does not bound the likelihood there" +
            line(at, file));
  const auto nested = [&](Context& c) {
    const auto a = c.plate("a", 10, 3);
    const Var w = c.sample("w", standard);
    const auto b = c.plate("b", 9, 2);
    at = __LINE__ + 1;
    c.observe("x", Normal{w, 1}, irregular({3, 2}));
  };
  const auto guide_of_a = [](Context& c) {
    const auto a = c.plate("a", 10, 3);
    (void)c.sample("w", standard);
  };
  const Pair inner(r, guide_of_a, nested);
  CHECK(error_of([&] { (void)importance_weighted(inner.guide, inner.model, 6); }) ==
        "[importance] plate \"b\" of site \"x\" is subsampled, but its elements share latent values or are "
        "mixed: a "
        "minibatch does not bound the likelihood there" +
            line(at, file));
  CHECK(error_of([&] { (void)importance_weighted(pair.guide, pair.model, 0); }) ==
        "[importance] needs at least one particle" + line(__LINE__ - 1, file));
}

// ---- 10: enumeration is batching over the support ----

TEST_CASE("axes 10: a mixture: the values of the support on a new axis, summed out by log-sum-exp") {
  const Tensor logits({3}, {0.2, -0.4, 1.0});
  const Tensor locs({3}, {-1.0, 0.5, 2.0});
  const Tensor x = irregular({1000});
  Recording r;
  Context c(r.key(), r.options());
  const auto rows = c.plate("rows", 1000);
  const Var z = c.sample("z", Categorical{logits});
  c.observe("x", Normal{take(locs, z), 0.7}, x);
  CHECK(shapes(c, "z") == Shapes{{1000}, {1000}});
  const Var support = *Distribution(Categorical{logits}).enumerate();
  CHECK(numbers(support) == std::vector<double>{0, 1, 2});
  const Var joint = c.find("z")->log_prob + c.find("x")->log_prob;
  const Var all =
      batch(std::vector<Var>{joint},
            std::vector<Replacement>{{z, broadcast_to(expand_dims(support, -1), {3, 1000})}}, 3)[0];
  CHECK(all.shape() == Shape{3, 1000});
  const Tensor marginal = r.run({logsumexp(all, 0)})[0];
  const double norm = std::log(std::exp(0.2) + std::exp(-0.4) + std::exp(1.0));
  for (Index i = 0; i < 1000; ++i) {
    double p = 0;
    for (Index k = 0; k < 3; ++k) p += std::exp(logits.at(k) - norm + log_normal(x.at(i), locs.at(k), 0.7));
    CHECK(near(marginal.at(i), std::log(p), 1e-13));
  }
}

TEST_CASE("axes 10: topics: an index per word, [T,n,W] when enumerated") {
  constexpr Index n = 4, W = 6, T = 3, V = 5;
  Recording r;
  const Var topics = irregular({T, V});
  const Var theta = irregular({n, T}, 0.8);
  Tensor words({i64, {n, W}});
  for (Index i = 0; i < n * W; ++i) words.mutable_view<Index>()[static_cast<std::size_t>(i)] = (7 * i) % V;
  Context c(r.key(), r.options());
  const auto documents = c.plate("documents", n);
  const auto tokens = c.plate("tokens", W);
  const Var z = c.sample("z", Categorical{expand_dims(theta, 1)});
  c.observe("word", Categorical{take(topics, z)}, words);
  CHECK(shapes(c, "z") == Shapes{{n, W}, {n, W}});
  CHECK(shapes(c, "word") == Shapes{{n, W}, {n, W}});
  const Var joint = c.find("z")->log_prob + c.find("word")->log_prob;
  const Var support = broadcast_to(reshape(iota(T), {T, 1, 1}), {T, n, W});
  CHECK(batch(std::vector<Var>{joint}, std::vector<Replacement>{{z, support}}, T)[0].shape() ==
        Shape{T, n, W});
}

TEST_CASE("axes 11: arithmetic broadcasts from the right, sites are read from the left") {
  // A regression in an inner plate, as it is written: the coefficients of a row meet the last axis.
  const Tensor X = irregular({8, 10, 4});
  Context c(Key(1));
  const auto rows = c.plate("rows", 8);
  const Var beta = c.sample("beta", iid(standard, {4}));
  const auto cells = c.plate("cells", 10);
  const Var loc = sum(X * expand_dims(beta, 1), -1);
  c.observe("y", Normal{loc, 1}, irregular({8, 10}));
  CHECK(shapes(c, "beta") == Shapes{{8, 4}, {8}});
  CHECK(shapes(c, "y") == Shapes{{8, 10}, {8, 10}});
  // One number per row, at the site of a cell: shared by the cells of the row, without an expand_dims.
  const Tensor per_row = irregular({8}, 0.9);
  const Var z = c.sample("z", Normal{per_row, 1e-300});
  for (Index i = 0; i < 80; ++i) CHECK(z.tensor().at(i) == per_row.at(i / 10));
}

}  // namespace tapir::vi::test
