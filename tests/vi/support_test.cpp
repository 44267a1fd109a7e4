// Sets: what is outside, for plain values in words and for recorded ones as 0 or 1.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/support.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <tapir/vi/support_hull.hpp>

#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

std::string wrong(const Support& set, const Tensor& value) {
  return set.violation(value).value_or("nothing");
}

Tensor matrix(std::initializer_list<double> elements) { return Tensor({2, 2}, elements); }

}  // namespace

TEST_CASE("sets of numbers: the first one outside, and what it needs") {
  CHECK(wrong(Support::greater_than(2), Tensor(2.0)) == "is 2, needs to be greater than 2");
  CHECK(wrong(Support::at_least(2), column({3, 1})) == "is 1 at [1] of f64[2], needs to be at least 2");
  CHECK(wrong(Support::at_least(2), Tensor(2.0)) == "nothing");
  CHECK(wrong(Support::less_than(2), Tensor(2.0F)) == "is 2, needs to be less than 2");
  CHECK(wrong(Support::at_most(0.1), Tensor(0.2F)) == "is 0.2, needs to be at most 0.1");
  CHECK(wrong(Support::at_most(2), Tensor(-INFINITY)) == "is -inf, needs to be finite");
  CHECK(wrong(Support::open_interval(0, 1), Tensor(1.0)) == "is 1, needs to lie in (0, 1)");
  CHECK(wrong(Support::interval(column({0, 5}), 9), Tensor(4.0)) == "is 4, needs to lie in [5, 9]");
  CHECK(wrong(Support::interval(column({0, 5}), 9), column({4, 3})) ==
        "is 3 at [1] of f64[2], needs to lie in [5, 9]");
  CHECK(wrong(Support::nonnegative, Tensor(-1.0)) == "is -1, needs to be at least 0");
  CHECK(wrong(Support::nonnegative, Tensor(INFINITY)) == "is inf, needs to be finite");
  CHECK(wrong(Support::nonzero, Tensor(0.0)) == "is 0, needs to be finite and not 0");
  CHECK(wrong(Support::nonzero, Tensor(NAN)) == "is nan, needs to be finite and not 0");
  CHECK(wrong(Support::count, Tensor(1.5)) == "is 1.5, needs to be a whole number of at least 0");
  CHECK(wrong(Support::count, Tensor(-1.0)) == "is -1, needs to be a whole number of at least 0");
  CHECK(wrong(Support::whole_interval(1, 6), Tensor(7.0)) == "is 7, needs to be a whole number in [1, 6]");
  CHECK(wrong(Support::whole_interval(1, 6), Tensor(6.0)) == "nothing");
}

TEST_CASE("sets of vectors: the first element or point outside") {
  CHECK(wrong(Support::simplex, column({0.2, -0.1, 0.9})) ==
        "is -0.1 at [1] of f64[3], needs to be at least 0");
  CHECK(wrong(Support::simplex, column({0.25, 0.25})) == "sums to 0.5, needs to sum to 1");
  CHECK(wrong(Support::simplex, matrix({0.5, 0.5, 0.5, 1})) ==
        "sums to 1.5 at [1] of f64[2,2], needs to sum to 1");
  CHECK(wrong(Support::simplex, Tensor(1.0)) == "is f64[], needs to be a vector");
  CHECK(wrong(Support::ordered, column({1, 2, 1.5})) ==
        "is 1.5 at [2] of f64[3], needs to be greater than the one before it, 2");
  CHECK(wrong(Support::ordered, column({NAN})) == "is nan at [0] of f64[1], needs to be finite");
  CHECK(wrong(Support::positive_ordered, column({-1, 2})) == "is -1 at [0] of f64[2], needs to be positive");
  CHECK(wrong(Support::unit_vector, column({3, 4})) == "has norm 5, needs to have norm 1");
  CHECK(wrong(Support::one_hot, column({0, 0.5})) == "is 0.5 at [1] of f64[2], needs to be 0 or 1");
  CHECK(wrong(Support::one_hot, column({1, 1})) == "has 2 ones, needs to have one");
  CHECK(wrong(Support::one_hot, column({0, 1})) == "nothing");
  CHECK(wrong(Support::count_vector(3), column({1, 2, 0})) == "nothing");
  CHECK(wrong(Support::count_vector(3), column({1, 1, 0})) == "sums to 2, needs to sum to 3");
  CHECK(wrong(Support::count_vector(column({3, 2})), matrix({1, 2, 1, 2})) ==
        "sums to 3 at [1] of f64[2,2], needs to sum to 2");
  CHECK(wrong(Support::count_vector(3), column({1.5, 1.5})) ==
        "is 1.5 at [0] of f64[2], needs to be a whole number of at least 0");
}

TEST_CASE("sets of weights: none is infinite, and one of them is not 0") {
  const double none = -INFINITY;
  CHECK(wrong(Support::log_weights, column({none, none})) ==
        "is -inf throughout, needs to be above -inf somewhere");
  CHECK(wrong(Support::log_weights, matrix({0, 1, none, none})) ==
        "is -inf throughout at [1] of f64[2,2], needs to be above -inf somewhere");
  CHECK(wrong(Support::log_weights, column({0, INFINITY})) ==
        "is inf at [1] of f64[2], needs to be a number below inf");
  CHECK(wrong(Support::log_weights, column({0, NAN})) ==
        "is nan at [1] of f64[2], needs to be a number below inf");
  CHECK(wrong(Support::log_weights, matrix({0, none, none, 1})) == "nothing");
}

TEST_CASE("sets: what they say of ends inside, and of being beyond one another") {
  CHECK(Support::real.inner_ends().empty());
  const Support parts = hull(Support::interval(0, 1), Support::interval(2, 3)).value();
  CHECK(parts.str() == "numbers in [0, 3]");
  REQUIRE(parts.inner_ends().size() == 2);
  CHECK(parts.inner_ends()[0].number() == 1);
  CHECK(parts.inner_ends()[1].number() == 2);
  CHECK(parts.all_ends().size() == 4);
  CHECK(!same_set(parts, Support::interval(0, 3)));
  CHECK(hull(Support::real, Support::positive)->all_ends().size() == 1);
  CHECK(hull(Support::real, Support::real)->all_ends().empty());

  const auto beyond = [](const Support& set, const Support& other) { return is_known_beyond(set, other); };
  CHECK(beyond(Support::real, Support::positive));
  CHECK(!beyond(Support::nonnegative, Support::positive));
  CHECK(!beyond(Support::unit_interval, Support::open_interval(0, 1)));
  CHECK(beyond(Support::interval(0, 2), Support::unit_interval));
  CHECK(!beyond(Support::interval(0.1F, 1), Support::interval(0.1, 1)));
  CHECK(beyond(Support::interval(0, column({1, 2})), Support::unit_interval));
  CHECK(beyond(Support::count, Support::boolean));
  CHECK(!beyond(Support::boolean, Support::count));
  CHECK(beyond(Support::count, Support::real));
  CHECK(beyond(Support::simplex, Support::real));
  CHECK(beyond(Support::real, Support::ordered));
  CHECK(!beyond(Support::positive_ordered, Support::positive));
  CHECK(beyond(Support::ordered, Support::positive));
}

TEST_CASE("sets of matrices: the first element or point outside") {
  const Support factors = Support::lower_cholesky;
  CHECK(wrong(factors, matrix({1, 2, 0, 1})) ==
        "is 2 at [0,1] of f64[2,2], needs to be 0 above the diagonal");
  CHECK(wrong(factors, matrix({1, 0, 0, -1})) ==
        "is -1 at [1,1] of f64[2,2], needs to be positive on the diagonal");
  CHECK(wrong(factors, matrix({1, 0, NAN, 1})) == "is nan at [1,0] of f64[2,2], needs to be finite");
  CHECK(wrong(factors, Tensor(Type{f64, {2, 3}})) == "is f64[2,3], needs to be square");
  CHECK(wrong(factors, column({1})) == "is f64[1], needs to be a matrix");
  CHECK(wrong(Support::correlation_cholesky, matrix({1, 0, 3, 4})) ==
        "has norm 5 in row 1, needs to have rows of norm 1");
  const Support covariances = Support::positive_definite;
  CHECK(wrong(covariances, matrix({1, 0.5, 0.4, 1})) ==
        "is 0.5 at [0,1] of f64[2,2], needs to be 0.4 as its mirror image");
  CHECK(wrong(covariances, matrix({1, 2, 2, 1})) == "is not positive definite");
  CHECK(wrong(covariances, Tensor({2, 1, 1}, {1.0, -1.0})) ==
        "is not positive definite at [1] of f64[2,1,1]");
  CHECK(wrong(covariances, matrix({1, 0.5, 0.5, 1})) == "nothing");
}

TEST_CASE("sets: excludes says of recorded values what violation says of plain ones, and nothing of NaN") {
  struct Row {
    Support set;
    std::vector<Tensor> inside, outside;
  };
  const Row rows[] = {
      {Support::real, {Tensor(1.0)}, {Tensor(INFINITY)}},
      {Support::extended_real, {Tensor(-INFINITY)}, {}},
      {Support::log_weights,
       {column({-INFINITY, 3}), column({0, 0})},
       {column({-INFINITY, -INFINITY}), column({INFINITY, 0})}},
      {Support::nonzero, {Tensor(-1.0)}, {Tensor(0.0)}},
      {Support::positive, {Tensor(1.0)}, {Tensor(0.0), Tensor(INFINITY)}},
      {Support::nonnegative, {Tensor(0.0)}, {Tensor(-1e-300)}},
      {Support::unit_interval, {Tensor(1.0)}, {Tensor(1.1F)}},
      {Support::open_interval(0, 1), {Tensor(0.5)}, {Tensor(1.0), Tensor(0.0)}},
      {Support::at_most(2), {Tensor(2.0)}, {Tensor(2.5), Tensor(-INFINITY)}},
      {Support::boolean, {Tensor(1.0)}, {Tensor(0.5), Tensor(2.0)}},
      {Support::count, {Tensor(7.0)}, {Tensor(0.5), Tensor(-2.0)}},
      {Support::whole_interval(1, 6), {Tensor(1.0)}, {Tensor(0.0), Tensor(1.5)}},
      {Support::category(3), {Tensor(Index{2})}, {Tensor(Index{3})}},
      {Support::simplex, {column({0, 0.3, 0.7})}, {column({-0.1, 1.1}), column({0.5, 0.6})}},
      {Support::ordered, {column({-1, 2})}, {column({2, 2})}},
      {Support::positive_ordered, {column({1, 2})}, {column({-1, 2}), column({2, 1})}},
      {Support::unit_vector, {column({0.6, 0.8})}, {column({1, 1})}},
      {Support::one_hot, {column({0, 1})}, {column({1, 1}), column({0.5, 0.5})}},
      {Support::count_vector(3), {column({1, 2})}, {column({1, 1}), column({1.5, 1.5}), column({4, -1})}},
      {Support::lower_cholesky, {matrix({1, 0, 3, 1})}, {matrix({1, 1, 0, 1}), matrix({0, 0, 0, 1})}},
      {Support::correlation_cholesky, {matrix({1, 0, 0.6, 0.8})}, {matrix({1, 0, 1, 1})}},
      {Support::positive_definite,
       {matrix({1, 0.5, 0.5, 1})},
       {matrix({1, 0.5, 0.4, 1}), matrix({-1, 0, 0, 1})}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.set.str());
    const auto excluded = [&](const Tensor& x) {
      const auto result = run_recorded(
          {x}, [&](const std::vector<Var>& v) -> std::vector<Var> { return {row.set.excludes(v[0])}; });
      CHECK(identical(result[0], row.set.excludes(x).tensor()));
      CHECK(result[0].shape() == x.shape().take_front(x.rank() - row.set.rank()));
      return result[0].item();
    };
    for (const Tensor& x : row.inside) {
      CHECK(excluded(x) == 0);
      CHECK(!row.set.violation(x));
      const Tensor example = row.set.example(x.shape()).tensor();
      Shape joint;
      CHECK(broadcast_shapes(example.shape(), x.shape(), joint));
      const Tensor full = add(example, Tensor(Type{f64, x.shape()})).tensor();
      CHECK(!row.set.violation(full));
    }
    for (const Tensor& x : row.outside) {
      CHECK(excluded(x) == 1);
      CHECK(row.set.violation(x));
    }
    if (row.set == Support::Kind::category) continue;
    CHECK(excluded(Tensor::full({f64, row.inside[0].shape()}, NAN)) == 0);
  }
}

}  // namespace tapir::vi::test
