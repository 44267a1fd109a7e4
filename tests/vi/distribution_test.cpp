// Distribution: laws by value, and how a site reads their axes.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distribution.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>

#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "distribution_test.cpp";

Tensor filled(const Shape& shape, double first = 1) {
  Tensor t = Tensor::iota(f64, shape.size()).reshaped(shape);
  for (double& x : t.mutable_view<double>()) x += first;
  return t;
}

std::vector<PlateAxis> plates(const Shape& sizes) {
  const char* names[] = {"images", "words", "letters"};
  std::vector<PlateAxis> result;
  for (int i = 0; i < sizes.rank(); ++i) result.push_back({names[i], sizes[i]});
  return result;
}

// The element of `values` at which an element of `full` stands if axes are read from the left: axis i of `values` is
// axis i of `full`, of its size or 1.
double read_from_left(const Tensor& values, const Shape& full, Index element) {
  const auto full_strides = full.strides();
  const auto strides = values.shape().strides();
  Index at = 0;
  for (int axis = 0; axis < values.rank(); ++axis) {
    const Index i = element / full_strides[static_cast<std::size_t>(axis)] % full[axis];
    if (values.shape()[axis] != 1) at += i * strides[static_cast<std::size_t>(axis)];
  }
  return values.at(at);
}

}  // namespace

TEST_CASE("a Distribution is any law, by value") {
  const Distribution law = Normal{.loc = column({1, 2}), .scale = 3};
  const Distribution copy = law;
  CHECK(copy.name() == "Normal");
  CHECK(copy.as<Normal>() == law.as<Normal>());
  CHECK(copy.as<Bernoulli>() == nullptr);
  CHECK(law.batch_shape() == Shape{2});
  CHECK(law.own_rank() == 0);
  CHECK(law.dtype() == f64);
  CHECK(!Distribution(Normal{0, 1}).dtype());
  const auto list = law.parameters();
  REQUIRE(list.size() == 2);
  CHECK(list[0].name == "loc");
  CHECK(list[1].name == "scale");
  CHECK(list[1].support == Support::Kind::positive);
  CHECK(Distribution(Categorical{.logits = column({1, 2})}).parameters()[0].own == 1);
  CHECK(Distribution(Categorical{.logits = column({1, 2})}).support().bounds()->high.item() == 1);
  const Distribution doubled = law.each([](const ParameterInfo&, const Var& v) { return v * 2; });
  CHECK(numbers(doubled.as<Normal>()->loc) == std::vector<double>{2, 4});
}

TEST_CASE("at a site, axes of parameters are plates from the left, then own axes") {
  struct Reading {
    Shape plates, loc, scale, own;
  };
  const Reading readings[] = {
      {{}, {}, {}, {}},
      {{}, {20}, {}, {20}},
      {{}, {4, 5}, {5}, {4, 5}},
      {{128}, {}, {}, {}},
      {{128}, {128}, {}, {}},
      {{128}, {1}, {}, {}},
      {{128}, {128, 20}, {20}, {20}},
      {{128}, {128, 20}, {128, 1}, {20}},
      {{128}, {1, 20}, {}, {20}},
      {{7, 5}, {7}, {}, {}},
      {{7, 5}, {7}, {1}, {}},
      {{7, 5}, {7, 5}, {5}, {}},
      {{7, 5}, {1, 5}, {}, {}},
      {{7, 5}, {7, 1}, {}, {}},
      {{7, 5}, {7, 5, 3}, {5, 1}, {3}},
      {{7, 7}, {7}, {}, {}},
      {{7, 5, 3}, {7, 5}, {5}, {}},
  };
  for (const Reading& r : readings) {
    CAPTURE(r.plates.str());
    CAPTURE(r.loc.str());
    const Tensor loc = filled(r.loc);
    const Tensor scale = filled(r.scale, 100);
    const Aligned aligned = Distribution(Normal{.loc = loc, .scale = scale}).aligned(plates(r.plates));
    CHECK(aligned.own == r.own);
    CHECK(aligned.value_shape() == r.plates + r.own);
    // Parameters meet from the right, then are read from the left.
    Shape batch;
    REQUIRE(broadcast_shapes(r.loc, r.scale, batch));
    const auto widened = [&](const Tensor& t) { return t.reshaped(Shape::ones(batch.rank() - t.rank()) + t.shape()); };
    const Shape full = aligned.value_shape();
    const Normal& law = *aligned.law.as<Normal>();
    const Tensor placed_loc = stretched(law.loc, full, here()).tensor();
    const Tensor placed_scale = stretched(law.scale, full, here()).tensor();
    for (Index i = 0; i < full.size(); ++i) {
      CHECK(placed_loc.at(i) == read_from_left(widened(loc), full, i));
      CHECK(placed_scale.at(i) == read_from_left(widened(scale), full, i));
    }
    const Var x = aligned.sample(Key(1));
    CHECK(x.shape() == full);
    CHECK(aligned.log_prob(x).shape() == r.plates);
  }
}

TEST_CASE("at a site, iid and consumed axes come after the plates") {
  const Aligned prior = Distribution(iid(Normal{0, 1}, {20})).aligned(plates({128}));
  CHECK(prior.own == Shape{20});
  CHECK(prior.law.as<Normal>() != nullptr);
  CHECK(prior.sample(Key(1)).shape() == Shape{128, 20});

  const Aligned rows = Distribution(iid(Normal{filled({7}), 1}, {3})).aligned(plates({7, 5}));
  CHECK(rows.own == Shape{3});
  CHECK(rows.law.as<Normal>()->loc.shape() == Shape{7, 1, 1});
  CHECK(rows.log_prob(rows.sample(Key(1))).shape() == Shape{7, 5});

  const Aligned topic = Distribution(Categorical{.logits = filled({7, 4})}).aligned(plates({7, 5}));
  CHECK(topic.own == Shape{});
  CHECK(topic.law.as<Categorical>()->logits.shape() == Shape{7, 1, 4});
  CHECK(topic.sample(Key(1)).type() == Type{i64, {7, 5}});
  CHECK(topic.log_prob(topic.sample(Key(1))).shape() == Shape{7, 5});

  const Aligned shared = Distribution(Categorical{.logits = filled({4})}).aligned(plates({7, 5}));
  CHECK(shared.law.as<Categorical>()->logits.shape() == Shape{4});
  CHECK(shared.sample(Key(1)).shape() == Shape{7, 5});
}

TEST_CASE("at a site, a density is one term per element of the plates, summed over own axes") {
  const Tensor loc = filled({3, 2});
  const Aligned aligned = Distribution(Normal{.loc = loc, .scale = 2}).aligned(plates({3}));
  const Tensor x = filled({3, 2}, -4);
  const auto terms = numbers(aligned.log_prob(x));
  for (Index i = 0; i < 3; ++i) {
    double expected = 0;
    for (Index k = 0; k < 2; ++k) expected += Normal{loc.at(2 * i + k), 2}.log_prob(x.at(2 * i + k)).item();
    CHECK(terms[static_cast<std::size_t>(i)] == doctest::Approx(expected).epsilon(1e-14));
  }
}

TEST_CASE("at a site, axes that do not fit are errors that say what would") {
  const auto error = [](const Distribution& law, const Shape& sizes) {
    return error_of([&] { law.aligned(plates(sizes), Where{"model.cpp", 7}); });
  };
  const std::string at = " (at model.cpp:7)";
  CHECK(error(Normal{.loc = filled({20})}, {128}) ==
        "[Normal] loc f64[20] at plate \"images\" of 128: its first axis is 20; add the plate with "
        "expand_dims(loc, 0), or own axes with iid(Normal{..}, {20})" + at);
  CHECK(error(Normal{.loc = 0, .scale = filled({7, 4, 2})}, {7, 5}) ==
        "[Normal] scale f64[7,4,2] at plate \"words\" of 5: its second axis is 4; add the plate with "
        "expand_dims(scale, 1), or own axes with iid(Normal{..}, {4,2})" + at);
  CHECK(error(Normal{.loc = filled({7, 1}), .scale = filled({4})}, {7, 5}) ==
        "[Normal] scale f64[4] at plate \"words\" of 5: its first axis is 4; add the plate with expand_dims(scale, 0), "
        "or own axes with iid(Normal{..}, {4})" + at);
  CHECK(error(Categorical{.logits = filled({5, 3})}, {128}) ==
        "[Categorical] logits f64[5,3] at plate \"images\" of 128: its first axis is 5; add the plate with "
        "expand_dims(logits, 0), or own axes with iid(Categorical{..}, {5})" + at);
  CHECK(error(iid(Normal{.loc = filled({128, 5})}, {3}), {128}) ==
        "[Normal] loc f64[128,5] in 1 plate: the axes [5] are left over, and a law whose value has axes takes no "
        "more; open a plate for them" + at);
  CHECK(error(Normal{.loc = filled({3}), .scale = filled({2})}, {}) ==
        "[Normal] parameters do not broadcast: loc f64[3] and scale f64[2]" + at);
  CHECK(error(Normal{.loc = 0, .scale = -1}, {128}) == "[Normal] scale is -1, needs to be positive" + at);
}

TEST_CASE("at a site, a value of another shape is an error, also where it would broadcast") {
  const Aligned aligned = Distribution(Bernoulli{.logits = filled({2, 3})}).aligned(plates({2}));
  CHECK(error_of([&] { aligned.log_prob(filled({2, 1})); }) ==
        "[Bernoulli] the value is f64[2,1]; at this site it has to be [2,3], plates [2] and own axes [3]" +
            line(__LINE__ - 2, file));
  CHECK(error_of([&] { aligned.log_prob(filled({3})); }) ==
        "[Bernoulli] the value is f64[3]; at this site it has to be [2,3], plates [2] and own axes [3]" +
            line(__LINE__ - 2, file));
}

TEST_CASE("dtypes that do not meet are errors of the law, which name the value or the parameters") {
  const Where at{"model.cpp", 7};
  const std::string end = " (at model.cpp:7)";
  const auto error = [&](const Distribution& law, const Var& x) {
    return error_of([&] { (void)law.log_prob({x, at}); });
  };
  const Tensor counts = Tensor::iota(i64, 3), numbers = filled({3}), single = filled({3}).cast(f32);
  CHECK(error(Poisson{numbers}, counts) ==
        "[Poisson] x is i64[3]; beside parameters of f64 it has to be f64" + end);
  CHECK(error(Bernoulli{.logits = 0.5}, counts) == "[Bernoulli] x is i64[3]; it has to be floating" + end);
  CHECK(error(Categorical{filled({2})}, numbers) == "[Categorical] x is f64[3]; categories are i64" + end);
  CHECK(error(iid(Categorical{filled({2})}, {3}), numbers) ==
        "[Categorical] x is f64[3]; categories are i64" + end);
  CHECK(error(Normal{.loc = numbers}, single) ==
        "[Normal] x is f32[3]; beside parameters of f64 it has to be f64" + end);
  CHECK(error(Normal{single.reshaped({3}), filled({})}, single) ==
        "[Normal] loc is f32[3] and scale f64[]; the parameters of a law have one dtype" + end);
  CHECK(error(Binomial{Tensor(Index{4}), filled({})}, 1) ==
        "[Binomial] total_count is i64[] and logits f64[]; the parameters of a law have one dtype" + end);
  const auto tape = Tape::make();
  CHECK(error(Gamma{tape->input({f32, {}}), tape->input({f64, {}})}, 1) ==
        "[Gamma] concentration is f32[] and rate f64[]; the parameters of a law have one dtype" + end);
  CHECK(error_of([&] {
          (void)Distribution(Normal{single, filled({})}).sample(Key(1), {3}, at);
        }) == "[Normal] loc is f32[3] and scale f64[]; the parameters of a law have one dtype" + end);
  CHECK(error(Normal{single, 1}, single) == "no error");
  CHECK(error(Categorical{filled({2})}, 1) == "no error");
  CHECK(error(Normal{}, single) == "no error");
}

TEST_CASE("a support names the first value outside, and does not read recorded bounds") {
  CHECK(*Support::interval(0, 2).violation(column({1, 3})) == "is 3 at [1] of f64[2], needs to lie in [0, 2]");
  CHECK(*Support::boolean.violation(Tensor(0.5F)) == "is 0.5, needs to be 0 or 1");
  CHECK(*Support::category(3).violation(Tensor(Index{3})) == "is 3, needs to be a whole number in [0, 2]");
  CHECK(!Support::category(3).violation(Tensor(Index{2})));
  CHECK(!Support::interval(Tape::make()->input({f64, {}}), 2).violation(Tensor(9.0)));
}

}  // namespace tapir::vi::test
