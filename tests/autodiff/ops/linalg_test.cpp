// Factors, solutions and diagonals against xtensor-blas, and what they refuse.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/linalg.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <xtensor-blas/xlinalg.hpp>
#include <xtensor/xrandom.hpp>
#include <xtensor/xtensor.hpp>

#include <tapir/autodiff/exec/program.hpp>
#include <tapir/autodiff/interop/xtensor.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

using namespace tapir;

namespace {

using Matrix = xt::xtensor<double, 2>;

Matrix random(std::size_t rows, std::size_t columns) {
  return xt::random::rand<double>({rows, columns}, -1.0, 1.0);
}

Matrix positive(std::size_t n) {
  const Matrix m = random(n, n);
  Matrix result = xt::linalg::dot(m, xt::transpose(m));
  for (std::size_t i = 0; i < n; ++i) result(i, i) += 1.0;
  return result;
}

std::string told(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    CHECK(error.where().str().starts_with("linalg_test.cpp:"));
    return "[" + error.op() + "] " + error.message();
  }
  return "nothing";
}

// Relative to elements of order one.
bool close(const Var& got, const Matrix& expected, double tolerance = 1e-12) {
  const Tensor values = got.tensor();
  REQUIRE(values.type() == Tensor(expected).type());
  return xt::amax(xt::abs(as<double, 2>(values) - expected))() < tolerance;
}

}  // namespace

TEST_CASE("cholesky: the factor that xtensor-blas finds, the upper triangle zero") {
  for (std::size_t n : {1, 2, 3, 8, 40}) {
    const Matrix x = positive(n);
    const Matrix l = xt::linalg::cholesky(x);
    CHECK(close(cholesky(Tensor(x)), l));
    const Tensor single = cholesky(Tensor(x).cast(f32)).tensor();
    CHECK(single.dtype() == f32);
    CHECK(close(single.cast(f64), l, 1e-4));
  }
}

TEST_CASE("cholesky: of the symmetric part") {
  const Matrix x = positive(4);
  Matrix leaning = x;
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      leaning(i, j) += 0.25;
      leaning(j, i) -= 0.25;
    }
  CHECK(close(cholesky(Tensor(leaning)), xt::linalg::cholesky(x)));
}

TEST_CASE("cholesky: many matrices at once equal one at a time") {
  std::vector<Var> many, each;
  for (int i = 0; i < 6; ++i) {
    const Tensor x = positive(5);
    many.push_back(x);
    each.push_back(cholesky(x));
  }
  CHECK(identical(cholesky(reshape(stack(many), {2, 3, 5, 5})).tensor(),
                  reshape(stack(each), {2, 3, 5, 5}).tensor()));
}

TEST_CASE("cholesky: not positive definite is an error on plain values and NaN when replayed") {
  const Tensor bad({2, 2}, {1.0, 2.0, 2.0, 1.0});
  CHECK(told([&] { cholesky(bad); }) == "[cholesky] x is not positive definite: f64[2,2]");
  CHECK(told([&] {
          cholesky(stack({eye(2, f64), bad}));
        }) == "[cholesky] matrix 1 of x is not positive definite: f64[2,2,2]");
  CHECK(told([&] {
          logdet(Tensor({1, 1}, {std::nan("")}));
        }) == "[cholesky] x is not positive definite: f64[1,1]");
  const auto tape = Tape::make();
  const Var l = cholesky(tape->input({f64, {2, 2, 2}}));
  Program program(tape, {l.place()->ref});
  const std::vector<Tensor> inputs{stack({eye(2, f64), bad}).tensor()};
  program.run(inputs);
  const Tensor got = program.outputs()[0];
  CHECK(got.at(3) == 1.0);
  for (Index i : {4, 6, 7}) CHECK(std::isnan(got.at(i)));
  CHECK(got.at(5) == 0.0);
}

TEST_CASE("triangular_solve: lower and upper, transposed or not, as a general solver does") {
  const Matrix x = random(5, 5), b = random(5, 3);
  Matrix lower = xt::tril(x), upper = xt::triu(x);
  for (std::size_t i = 0; i < 5; ++i) lower(i, i) = upper(i, i) = 2.0 + static_cast<double>(i);
  Matrix both = lower + upper;
  for (std::size_t i = 0; i < 5; ++i) both(i, i) = lower(i, i);
  const Tensor a(both), right(b);
  CHECK(close(triangular_solve(a, right), xt::linalg::solve(lower, b)));
  CHECK(close(triangular_solve(a, right, {.lower = false}), xt::linalg::solve(upper, b)));
  CHECK(close(triangular_solve(a, right, {.transpose = true}),
              xt::linalg::solve(Matrix(xt::transpose(lower)), b)));
  CHECK(close(triangular_solve(a, right, {.lower = false, .transpose = true}),
              xt::linalg::solve(Matrix(xt::transpose(upper)), b)));
}

TEST_CASE("triangular_solve: one matrix for many right sides, and many for one") {
  const Tensor l = cholesky(Tensor(positive(4))).tensor(), other = cholesky(Tensor(positive(4))).tensor();
  const Tensor b(random(4, 2)), c(random(4, 2));
  CHECK(identical(triangular_solve(l, stack({b, c})).tensor(),
                  stack({triangular_solve(l, b), triangular_solve(l, c)}).tensor()));
  CHECK(identical(triangular_solve(stack({l, other}), b).tensor(),
                  stack({triangular_solve(l, b), triangular_solve(other, b)}).tensor()));
}

TEST_CASE("triangular_solve: what it refuses") {
  const auto zeros_of = [](const Shape& shape) { return Tensor(Type{f64, shape}); };
  CHECK(told([&] {
          triangular_solve(zeros_of({3, 3}), zeros_of({2, 1}));
        }) == "[triangular_solve] sizes differ: a is f64[3,3], b is f64[2,1]; b needs as many rows as a");
  CHECK(told([&] {
          triangular_solve(zeros_of({3, 2}), zeros_of({3, 1}));
        }) == "[triangular_solve] a is f64[3,2]; it has to be square");
  CHECK(told([&] {
          triangular_solve(zeros_of({3, 3}), zeros_of({3}));
        }) == "[triangular_solve] sizes differ: a is f64[3,3], b is f64[3]; b needs as many rows as a");
  CHECK(told([&] { cholesky(zeros_of({2, 3})); }) == "[cholesky] x is f64[2,3]; it has to be square");
  CHECK(told([&] {
          cholesky(Tensor(Type{i64, {2, 2}}));
        }) == "[cholesky] is not defined for i64[2,2]; cast it");
  CHECK(told([&] { diag(zeros_of({2, 3})); }) == "[diag] x is f64[2,3]; it has to be square");
  CHECK(told([&] { diag_embed(zeros_of({})); }) == "[diag_embed] x is f64[]; it needs an axis");
}

TEST_CASE("is_positive_definite: 1 with a factor, 0 without, 1 beside a NaN, and no gradient") {
  const double nan = std::nan("");
  const Tensor x({4, 2, 2}, {2.0, 1.0, 1.0, 2.0, 1.0, 2.0, 2.0, 1.0, 1.0, nan, nan, 1.0, 0.0, 0.0, 0.0, 0.0});
  for (DType dtype : {f64, f32}) {
    const Var y = is_positive_definite(x.cast(dtype));
    CHECK(y.type() == Type{dtype, {4}});
    CHECK(y.tensor().at(0) == 1);
    CHECK(y.tensor().at(1) == 0);
    CHECK(y.tensor().at(2) == 1);
    CHECK(y.tensor().at(3) == 0);
  }
  CHECK(told([&] { is_positive_definite(Tensor(Type{f64, {2, 3}})); }) ==
        "[is_positive_definite] x is f64[2,3]; it has to be square");
}

TEST_CASE("cholesky_solve and logdet: the solution and the determinant of the matrix itself") {
  const Matrix x = positive(6), b = random(6, 2);
  CHECK(close(cholesky_solve(cholesky(Tensor(x)), Tensor(b)), xt::linalg::solve(x, b), 1e-11));
  CHECK(logdet(Tensor(x)).item() == doctest::Approx(std::log(xt::linalg::det(x))).epsilon(1e-12));
  const Var many = logdet(stack({Tensor(x), eye(6, f64)}));
  CHECK(many.shape() == Shape{2});
  CHECK(many.tensor().at(1) == 0.0);
}

TEST_CASE("logdet: its gradient is the inverse") {
  const Matrix x = positive(5);
  const auto tape = Tape::make();
  const Var recorded = tape->input({f64, {5, 5}});
  const Var g = grad(logdet(recorded), recorded);
  Program program(tape, {g.place()->ref});
  const std::vector<Tensor> inputs{Tensor(x)};
  program.run(inputs);
  CHECK(close(program.outputs()[0], xt::linalg::inv(x)));
}

TEST_CASE("diag, diag_embed, trace") {
  const Matrix x = random(4, 4);
  const Tensor diagonal = diag(Tensor(x)).tensor();
  for (std::size_t i = 0; i < 4; ++i) CHECK(diagonal.at(static_cast<Index>(i)) == x(i, i));
  CHECK(close(diag_embed(diagonal), xt::diag(as<double, 1>(diagonal)), 1e-300));
  CHECK(trace(Tensor(x)).item() == doctest::Approx(xt::sum(xt::diagonal(x))()).epsilon(1e-14));
  const Tensor many = reshape(iota(18), {2, 3, 3}).tensor();
  CHECK(identical(diag(many).tensor(),
                  Tensor({2, 3}, {Index{0}, Index{4}, Index{8}, Index{9}, Index{13}, Index{17}})));
  CHECK(identical(trace(many).tensor(), Tensor({2}, {Index{12}, Index{39}})));
}
