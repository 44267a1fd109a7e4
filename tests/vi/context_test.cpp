// Contexts: sites, data, parameters, plates, and what they refuse.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/context.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>

#include "recording.hpp"

namespace tapir::vi::test {
namespace {

const std::string file = "context_test.cpp";

const Normal standard{0, 1};

}  // namespace

TEST_CASE("context: a run on plain values draws its sites and remembers them in order") {
  Context c(Key(7));
  const Var z = c.sample("z", iid(standard, {3}));
  c.observe("x", Normal{z, 0.5}, Tensor({3}, {0.1, 0.2, 0.3}));
  REQUIRE(c.messages().size() == 2);
  CHECK(c.messages()[0].name == "z");
  CHECK_FALSE(c.messages()[0].observed);
  CHECK(c.messages()[1].observed);
  CHECK(c.find("y") == nullptr);
  CHECK(identical(c.find("z")->value->tensor(), z.tensor()));
  CHECK(z.shape() == Shape{3});
  double prior = 0;
  double likelihood = 0;
  for (Index i = 0; i < 3; ++i) {
    prior += log_normal(z.tensor().at(i), 0, 1);
    likelihood += log_normal(0.1 * static_cast<double>(i + 1), z.tensor().at(i), 0.5);
  }
  CHECK(near(c.find("z")->log_prob.item(), prior, 1e-14));
  CHECK(near(c.find("x")->log_prob.item(), likelihood, 1e-14));
}

TEST_CASE("context: noise is a function of the key and the site's name, not of the order of sites") {
  Context first(Key(7));
  const Var a = first.sample("a", standard);
  const Var b = first.sample("b", standard);
  Context second(Key(7));
  const Var b_first = second.sample("b", standard);
  const Var a_second = second.sample("a", standard);
  CHECK(a.item() == a_second.item());
  CHECK(b.item() == b_first.item());
  CHECK(a.item() != b.item());
  Context other(Key(8));
  CHECK(other.sample("a", standard).item() != a.item());
  // A layer's noise is not that of a site of the same name.
  CHECK(normal(first.key("a"), {}).item() != a.item());
}

TEST_CASE("context: a recorded run draws afresh in every replay, on the line of the user") {
  Recording r;
  Context c(r.key(), r.options());
  const int at = __LINE__ + 1;
  const Var z = c.sample("z", Normal{2, 3});
  Program program = r.program({z});
  CHECK(Recording::run(program, 0)[0].item() != Recording::run(program, 1)[0].item());
  CHECK(Recording::run(program, 0)[0].item() == Recording::run(program, 0)[0].item());
  int of_site = 0;
  for (int i = 0; i < r.tape->size(); ++i) {
    const Node& node = r.tape->node(i);
    if (node.path.substr(0, 1) != "z") continue;
    CHECK(node.where.str() == file + ":" + std::to_string(at));
    ++of_site;
  }
  CHECK(of_site > 5);
}

TEST_CASE(
    "context: a site is pathwise where its law allows it, else it has a score function with a running mean") {
  Context c(Key(1));
  (void)c.sample("z", standard);
  (void)c.sample("k", Bernoulli{0.3});
  (void)c.sample("s", standard, ScoreFunction{Baseline::none()});
  CHECK(c.find("z")->estimator.pathwise);
  CHECK(c.find("k")->estimator.name == "score_function(running_mean)");
  CHECK(c.find("s")->estimator.name == "score_function(none)");
}

TEST_CASE("context: errors at sites name the site and the user's line") {
  Context c(Key(1));
  (void)c.sample("z", standard);
  CHECK(error_of([&] { (void)c.sample("z", standard); }) ==
        "[sample] there is a site \"z\" already" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { c.observe("z", standard, 1.0); }) ==
        "[observe] there is a site \"z\" already" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.sample("", standard); }) ==
        "[sample] a site needs a name" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.sample("k", Bernoulli{0.3}, Pathwise{}); }) ==
        "[sample] site \"k\": Bernoulli has no pathwise gradient; name another estimator, such as "
        "ScoreFunction" +
            line(__LINE__ - 3, file));
  CHECK(error_of([&] {
          (void)c.sample("n", Normal{0, -1});
        }) == "[Normal] scale is -1, needs to be positive" + line(__LINE__ - 2, file));
  CHECK(c.messages().size() == 1);
}

TEST_CASE("context: data have exactly the shape of the site") {
  const Tensor rows = irregular({64, 3});
  Context c(Key(1));
  const auto images = c.plate("images", 60);
  CHECK(error_of([&] {
          c.observe("x", Normal{0, 1}, rows);
        }) == "[observe] site \"x\", plate \"images\": 64 rows, but the plate was opened with 60" +
                  line(__LINE__ - 3, file));
  CHECK(error_of([&] {
          c.observe("x", Normal{0, 1}, irregular({60, 3}));
        }) == "[observe] site \"x\": the data are f64[60,3], the law Normal in these plates has values of "
              "shape [60]" +
                  line(__LINE__ - 4, file));
  CHECK(error_of([&] {
          c.observe("x", Normal{0, 1}, 0.5);
        }) ==
        "[observe] site \"x\": the data are f64[], the law Normal in these plates has values of shape [60]" +
            line(__LINE__ - 4, file));
  CHECK(error_of([&] {
          c.observe("x", iid(standard, {3}), irregular({60, 1}));
        }) == "[observe] site \"x\": the data are f64[60,1], the law Normal in these plates has values of "
              "shape [60,3]" +
                  line(__LINE__ - 4, file));
  CHECK(c.messages().empty());
}

TEST_CASE("context: an error names the line that passed the data to observe") {
  const auto observe = [](Context& c, const Tensor& x) {
    const auto rows = c.plate("images", 60);
    c.observe("x", Normal{0, 1}, x);
  };
  const int at = __LINE__ - 2;
  Context c(Key(1));
  const std::string text = error_of([&] { observe(c, irregular({64})); });
  // g++ gives a call's line, clang that of the argument: both lie in the statement.
  CHECK((text == "[observe] site \"x\", plate \"images\": 64 rows, but the plate was opened with 60" +
                     line(at, file) ||
         text == "[observe] site \"x\", plate \"images\": 64 rows, but the plate was opened with 60" +
                     line(at - 2, file)));
}

TEST_CASE("context: frozen noise is an error, not a silent constant") {
  Recording r;
  Context plain(Key(1), r.options());
  const Var loc = plain.param("loc", 0.5);
  CHECK(error_of([&] {
          (void)plain.sample("z", Normal{loc, 1});
        }) == "[sample] site \"z\": the key is a plain value: each replay would draw the same; make its "
              "counter an input" +
                  line(__LINE__ - 4, file));
}

TEST_CASE("context: a score function in a parameter that moves the support is an error") {
  Recording r;
  Context c(r.key(), r.options());
  const Var high = exp(c.param("high", 0.5));
  CHECK(error_of([&] {
          (void)c.sample("u", Uniform{0, high}, ScoreFunction{});
        }) ==
        "[sample] site \"u\": ends of Uniform move with parameters; a score function has no gradient there" +
            line(__LINE__ - 4, file));
  CHECK_NOTHROW(c.sample("fixed", Uniform{0, 2}, ScoreFunction{}));
  CHECK_NOTHROW(c.sample("data", Uniform{0, r.tape->input({f64, {}}, "x")}, ScoreFunction{}));
  CHECK_NOTHROW(c.sample("cut", Uniform{0, stop_gradient(high)}, ScoreFunction{}));
  CHECK_NOTHROW(c.sample("pathwise", Uniform{0, high}));
}

namespace {

// Which laws are refused with a score function, in the words of that error.
class Refusals {
 public:
  Recording r;
  Context c{r.key(), r.options()};
  Var x = exp(c.param("x", 0.5));

  bool operator()(const Distribution& law) {
    const std::string site = "z" + std::to_string(++sites_);
    const std::string text = error_of([&] { (void)c.sample(site, law, ScoreFunction{}, at_); });
    if (text == "no error") return false;
    CHECK(text == "[sample] site \"" + site + "\": ends of " + std::string(law.name()) +
                      " move with parameters; a score function has no gradient there (at model.cpp:7)");
    return true;
  }

 private:
  int sites_ = 0;
  Where at_{"model.cpp", 7};
};

}  // namespace

TEST_CASE("context: which parameters move the ends is seen law by law") {
  Refusals is_refused;
  const Var x = is_refused.x;
  CHECK(is_refused(Pareto{x, 2}));
  CHECK_FALSE(is_refused(Pareto{2, x}));
  CHECK(is_refused(Triangular{0, 1, 2 + x}));
  CHECK_FALSE(is_refused(Triangular{0, x / (1 + x), 1}));
  CHECK_FALSE(is_refused(GeneralizedPareto{0, x, 0.5}));
  CHECK(is_refused(GeneralizedPareto{0, x, -0.5}));
  CHECK(is_refused(GeneralizedPareto{0, 1, x}));  // whose sign is not known
  CHECK(is_refused(Delta{x}));
  CHECK_FALSE(is_refused(Exponential{x}));
  CHECK_FALSE(is_refused(Geometric{x}));
  CHECK(is_refused(TruncatedNormal{0, 1, x, 4}));
  CHECK(is_refused(TruncatedNormal{0, 1, 0, x}));
  CHECK_FALSE(is_refused(TruncatedNormal{x, x, 0, 4}));
  CHECK(is_refused(Truncated(Normal{}, x)));
  CHECK(is_refused(Truncated(Pareto{x, 2}, 1)));
  CHECK_FALSE(is_refused(Truncated(Normal{x, x}, 1, 2)));
  CHECK(is_refused(Censored(Normal{}, x)));
  CHECK(is_refused(Censored(Uniform{0, x}, -1, 5)));  // the base's ends, between the bounds
  CHECK_FALSE(is_refused(Censored(Normal{x, x}, 1, 2)));
  CHECK(is_refused(Empirical(stack({x, x + 1}))));
  CHECK_FALSE(is_refused(Empirical(column({1, 2}), Categorical{stack({x, x + 1})})));
  CHECK(is_refused(Binomial{x, 0.5}));
  CHECK(is_refused(Multinomial{x, column({0, 1})}));
  CHECK_FALSE(is_refused(Binomial{floor(x), 0.5}));  // no derivative flows through it
}

TEST_CASE("context: the ends of laws of laws move where those of any part do, inside of the support too") {
  Refusals is_refused;
  const Var x = is_refused.x, two = stack({x, x + 1});
  const Categorical weights{two}, chain{Tensor({2, 2}, {0., 1., 1., 0.})};
  CHECK(is_refused(iid(Uniform{0, x}, {3})));
  CHECK(is_refused(Independent(Uniform{0, two}, 1)));
  CHECK_FALSE(is_refused(Independent(Uniform{0, column({1, 2})}, 1)));
  CHECK(is_refused(Mixture(weights, {Normal{}, Uniform{0, x}})));
  CHECK(is_refused(Mixture(weights, {Exponential{}, Pareto{x, 2}})));
  CHECK(is_refused(Mixture(weights, Uniform{0, two})));
  CHECK(is_refused(Mixture(weights, {Mixture(weights, {Uniform{0, x}, Uniform{1, 2}}), Normal{}})));
  CHECK_FALSE(is_refused(Mixture(weights, {Normal{x, x}, Uniform{0, 1}})));
  CHECK_FALSE(is_refused(Mixture(weights, {Uniform{0, 1}, Uniform{2, 3}})));
  CHECK(is_refused(HiddenMarkov(weights, chain, {Normal{}, Uniform{0, x}}, 4)));
  CHECK_FALSE(is_refused(HiddenMarkov(weights, chain, Normal{two, 1}, 4)));
  CHECK(is_refused(Transformed(Uniform{0, x}, Exp{})));
  CHECK(is_refused(Transformed(Mixture(weights, {Normal{}, Uniform{0, x}}), Exp{})));
  CHECK(is_refused(Transformed(Mixture(weights, {Normal{}, Uniform{0, 1}}), Affine{.loc = x})));
  CHECK(is_refused(Transformed(Normal{}, Sigmoid{.low = 0, .high = x})));
}

TEST_CASE("context: the ends of a law of vectors move with the base's, and through a bijector") {
  Refusals is_refused;
  const Var x = is_refused.x;
  const Distribution square = iid(Uniform{0, 1}, {3}), moving = iid(Uniform{0, x}, {3});
  const Bijector scaled = Affine{.scale = x};
  CHECK(is_refused(Transformed(moving, Ordered{})));
  CHECK(is_refused(Transformed(moving, StickBreaking{})));
  CHECK(is_refused(Transformed(square, Chain{{scaled, Ordered{}}})));
  CHECK(is_refused(Transformed(square, Chain{{Ordered{}, scaled}})));
  CHECK(is_refused(Transformed(Transformed(square, Ordered{}), scaled)));
  CHECK(is_refused(iid(Transformed(moving, Ordered{}), {2})));
  CHECK_FALSE(is_refused(Transformed(square, Ordered{})));
  CHECK_FALSE(is_refused(Transformed(iid(Normal{x, x}, {3}), Chain{{scaled, Ordered{}}})));
  const auto slices = [](Bijector first) { return PerSlice{{{std::move(first), 1}, {Identity{}, 2}}}; };
  CHECK(is_refused(Transformed(iid(Normal{}, {3}), slices(Sigmoid{.low = 0, .high = x}))));
  CHECK(is_refused(Transformed(moving, slices(Exp{}))));
  CHECK_FALSE(is_refused(Transformed(iid(Normal{}, {3}), slices(Affine{.scale = x}))));
  CHECK_FALSE(is_refused(Transformed(iid(Normal{}, {3}), slices(Exp{}))));
}

// ---- parameters ----

TEST_CASE("context: parameters are values of their support, and free numbers in Params") {
  Params params(3, f64);
  Context c(Key(1), {.params = params});
  const double inits[] = {1e-3, 0.3, 0.5, 1 - 1e-3};
  for (const double init : inits) {
    CAPTURE(init);
    const std::string number = std::to_string(init);
    CHECK(c.param("r" + number, -init).item() == -init);
    CHECK(near(c.param("p" + number, init, Support::positive).item(), init, 1e-15));
    CHECK(near(c.param("u" + number, init, Support::unit_interval).item(), init, 1e-15));
    CHECK(params.value("p" + number).item() == std::log(init));
    CHECK(near(params.value("u" + number).item(), std::log(init / (1 - init)), 1e-15));
  }
  // What training may do to the free number leaves the value in its support.
  params.assign("p0.300000", Tensor(-40.0));
  params.assign("u0.300000", Tensor(30.0));
  CHECK(c.param("p0.300000", 0.3, Support::positive).item() == std::exp(-40.0));
  CHECK(c.param("u0.300000", 0.3, Support::unit_interval).item() < 1.0);
  CHECK(c.param("w", Tensor({2}, {1.0, -2.0})).shape() == Shape{2});
}

TEST_CASE("context: parameters may be vectors and matrices of any continuous set, kept as free numbers") {
  Params params(3, f64);
  Context c(Key(1), {.params = params});
  const Tensor shares({2, 3}, {0.2, 0.3, 0.5, 1e-30, 0.4, 0.6});
  const Tensor factor({2, 2}, {0.7, 0.0, -0.3, 2.0});
  const auto close = [](const Var& x, const Tensor& expected) {
    REQUIRE(x.shape() == expected.shape());
    for (Index i = 0; i < expected.size(); ++i) CHECK(near(x.tensor().at(i), expected.at(i), 1e-14));
  };
  close(c.param("shares", shares, Support::simplex), shares);
  close(c.param("factor", factor, Support::lower_cholesky), factor);
  close(c.param("high", -3.0, Support::less_than(-2)), Tensor(-3.0));
  close(c.param("half", Tensor({2}, {2.1, 2.9}), Support::interval(2, 3)), Tensor({2}, {2.1, 2.9}));
  close(c.param("direction", Tensor({2}, {0.6, 0.8}), Support::unit_vector), Tensor({2}, {0.6, 0.8}));
  CHECK(params.value("shares").shape() == Shape{2, 2});
  CHECK(params.value("factor").shape() == Shape{3});
  CHECK(error_of([&] { (void)c.param("p", column({0.5, 0.6}), Support::simplex); }) ==
        "[param] \"p\" sums to 1.1, needs to sum to 1" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.param("q", 3.0, Support::interval(2, 3)); }) ==
        "[param] \"q\" is 3, needs to lie in (2, 3)" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.param("r", 1.0, Support::lower_cholesky); }) ==
        "[param] \"r\" is f64[], needs to be a matrix" + line(__LINE__ - 1, file));
  CHECK(params.paths().size() == 5);
}

TEST_CASE("context: a parameter is made once, in the dtype of its Params, and shared by name") {
  Params params(3, f32);
  Context c(Key(1), {.params = params});
  CHECK(c.param("w", Tensor({2}, {1.0, -2.0})).type() == Type{f32, {2}});
  params.assign("w", Tensor({2}, {5.0F, 6.0F}));
  Context again(Key(2), {.params = params});
  CHECK(numbers(again.param("w", Tensor({2}, {1.0, -2.0}))) == std::vector<double>{5, 6});
  CHECK(params.paths() == std::vector<std::string>{"w"});
}

TEST_CASE("context: errors of parameters name the parameter and the user's line") {
  Params params(3, f64);
  Context c(Key(1), {.params = params});
  CHECK(error_of([&] { (void)c.param("s", -1.0, Support::positive); }) ==
        "[param] \"s\" is -1, needs to be positive" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.param("p", 1.0, Support::unit_interval); }) ==
        "[param] \"p\" is 1, needs to lie in (0, 1)" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.param("p", 1.5, Support::unit_interval); }) ==
        "[param] \"p\" is 1.5, needs to lie in [0, 1]" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.param("k", 1.0, Support::boolean); }) ==
        "[param] \"k\": zeros and ones have no gradient; a parameter is continuous" + line(__LINE__ - 1, file));
  (void)c.param("w", Tensor({3}, {1.0, 2.0, 3.0}));
  CHECK(error_of([&] {
          (void)c.param("w", Tensor({4}, {1.0, 2.0, 3.0, 4.0}));
        }) == "[param] \"w\" is f64[3]; here it would be f64[4]" + line(__LINE__ - 2, file));
  CHECK(params.paths() == std::vector<std::string>{"w"});
  Context without(Key(1));
  CHECK(error_of([&] { (void)without.param("w", 1.0); }) ==
        "[param] \"w\": this run has no parameters" + line(__LINE__ - 1, file));
}

// ---- plates ----

TEST_CASE("context: plates open and close with their scope") {
  Context c(Key(1));
  {
    const auto rows = c.plate("rows", 4);
    {
      const auto columns = c.plate("columns", 3);
      CHECK(c.plates() == Plates{{"rows", 4, 4}, {"columns", 3, 3}});
      CHECK(c.sample("both", standard).shape() == Shape{4, 3});
    }
    CHECK(c.sample("outer", standard).shape() == Shape{4});
  }
  CHECK(c.plates().empty());
  const auto columns = c.plate("columns", 3);
  CHECK(c.sample("inner", standard).shape() == Shape{3});
}

TEST_CASE("context: a plate knows which of its elements are present, or says that it does not") {
  Context c(Key(1));
  {
    const auto all = c.plate("all", 3);
    CHECK(numbers(all.index()) == std::vector<double>{0, 1, 2});
  }
  {
    const auto some = c.plate("some", 60, Tensor({2}, {Index{7}, Index{3}}));
    CHECK(numbers(some.index()) == std::vector<double>{7, 3});
    CHECK(c.plates() == Plates{{"some", 60, 2}});
  }
  const auto batch = c.plate("batch", 60, 2);
  CHECK(error_of([&] { (void)batch.index(); }) ==
        "[plate] which 2 of the 60 elements of \"batch\" are present was not said; open it with their index" +
            line(__LINE__ - 2, file));
}

TEST_CASE("context: errors of plates name the plate and the user's line") {
  Context c(Key(1));
  {
    const auto images = c.plate("images", 60, 10);
    CHECK(error_of([&] { (void)c.plate("images", 60, 10); }) ==
          "[plate] \"images\" is open already" + line(__LINE__ - 1, file));
  }
  CHECK(error_of([&] { (void)c.plate("images", 60, 20); }) ==
        "[plate] \"images\" has 20 of 60 elements here, and had 10 of 60 before" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.plate("rows", 60, 70); }) ==
        "[plate] \"rows\": 70 rows of a plate of 60" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.plate("rows", 60, Index{0}); }) ==
        "[plate] \"rows\" is empty" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { (void)c.plate("rows", 0); }) == "[plate] \"rows\" is empty" + line(__LINE__, file));
  CHECK(error_of([&] {
          (void)c.plate("rows", 60, Tensor({2}, {1.0, 2.0}));
        }) == "[plate] \"rows\": the index is f64[2], it has to be i64[count]" + line(__LINE__ - 2, file));
  CHECK(c.plates().empty());
}

TEST_CASE("context: handlers of a part of the run see the sites of that part") {
  std::vector<std::string> seen;
  const Handler listing{.name = "listing", .before = [&](Message& message) { seen.push_back(message.name); }};
  Context c(Key(1));
  (void)c.sample("before", standard);
  {
    const auto part = c.with({listing});
    (void)c.sample("inside", standard);
  }
  (void)c.sample("after", standard);
  CHECK(seen == std::vector<std::string>{"inside"});
}

TEST_CASE("context: whether it is training is what its options say") {
  CHECK_FALSE(Context(Key(1)).training());
  CHECK(Context(Key(1), {.training = true}).training());
}

}  // namespace tapir::vi::test
