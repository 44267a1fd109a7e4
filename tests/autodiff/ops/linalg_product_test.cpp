// Products: matmul, dot, outer, einsum against plain loops; the bits against the number of threads.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/program.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/gemm.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

using namespace tapir;

namespace {

Tensor random(const Shape& shape, DType dtype = f64) {
  static std::mt19937 engine(7);
  Tensor values({f64, shape});
  for (double& x : values.mutable_view<double>()) x = std::uniform_real_distribution<double>(-1, 1)(engine);
  return values.cast(dtype);
}

Tensor numbers(const Shape& shape, DType dtype = f64) { return Tensor(Type{dtype, shape}); }

std::string told(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    CHECK(error.where().str().starts_with("linalg_product_test.cpp:"));
    return "[" + error.op() + "] " + error.message();
  }
  return "nothing";
}

double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double largest = 0;
  for (Index i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a.at(i) - b.at(i)));
  return largest;
}

// One product of matrices by its definition.
std::vector<double> by_loops(const Tensor& a, Index at_a, bool ta, const Tensor& b, Index at_b, bool tb,
                             Index m, Index n, Index k) {
  std::vector<double> c(static_cast<std::size_t>(m * n), 0.0);
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j)
      for (Index p = 0; p < k; ++p)
        c[static_cast<std::size_t>(i * n + j)] +=
            a.at(at_a + (ta ? p * m + i : i * k + p)) * b.at(at_b + (tb ? j * k + p : p * n + j));
  return c;
}

// The sum over all assignments of the indices: what einsum means.
Tensor by_definition(const std::string& a, const std::string& b, const std::string& result, const Tensor& x,
                     const Tensor& y) {
  std::map<char, Index> sizes, at;
  for (std::size_t i = 0; i < a.size(); ++i) sizes[a[i]] = x.shape()[static_cast<int>(i)];
  for (std::size_t i = 0; i < b.size(); ++i) sizes[b[i]] = y.shape()[static_cast<int>(i)];
  const auto offset = [&](const std::string& indices) {
    Index place = 0;
    for (char index : indices) place = place * sizes[index] + at[index];
    return place;
  };
  Shape shape;
  for (char index : result) shape.append(sizes[index]);
  Tensor sum({f64, shape});
  Index count = 1;
  for (const auto& [index, size] : sizes) count *= size;
  for (Index i = 0; i < count; ++i) {
    Index rest = i;
    for (const auto& [index, size] : sizes) {
      at[index] = rest % size;
      rest /= size;
    }
    sum.mutable_view<double>()[static_cast<std::size_t>(offset(result))] += x.at(offset(a)) * y.at(offset(b));
  }
  return sum;
}

}  // namespace

TEST_CASE("matmul: every small size, with every flag, equals its definition") {
  // Products of sums of at most 17 terms below 1: rounding is at most 17 * 17 / 2 units of 2^-24 (f32) or 2^-53.
  for (DType dtype : {f32, f64})
    for (Index m : {1, 2, 3, 8, 17})
      for (Index n : {1, 2, 5, 16, 17})
        for (Index k : {0, 1, 3, 8, 17})
          for (bool ta : {false, true})
            for (bool tb : {false, true}) {
              const Tensor a = random(ta ? Shape{k, m} : Shape{m, k}, dtype);
              const Tensor b = random(tb ? Shape{n, k} : Shape{k, n}, dtype);
              const Tensor c = matmul(a, b, {ta, tb}).tensor();
              REQUIRE(c.type() == Type{dtype, {m, n}});
              const auto expected = by_loops(a, 0, ta, b, 0, tb, m, n, k);
              double worst = 0;
              for (Index i = 0; i < m * n; ++i)
                worst = std::max(worst, std::abs(c.at(i) - expected[static_cast<std::size_t>(i)]));
              CHECK_MESSAGE(worst <= (dtype == f32 ? 1e-5 : 2e-14),
                            m << " " << n << " " << k << " " << ta << tb);
            }
}

TEST_CASE("matmul: leading axes that are equal, lacking, or partly lacking") {
  struct Case {
    Shape a, b, result;
  };
  for (const Case& c : {Case{{2, 3}, {2}, {2, 3}}, Case{{3}, {}, {3}}, Case{{}, {3}, {3}},
                        Case{{2, 3}, {3}, {2, 3}}, Case{{3}, {2, 3}, {2, 3}}, Case{{0}, {}, {0}}}) {
    if (c.a == Shape{2, 3} && c.b == Shape{2}) {
      CHECK(told([&] {
              matmul(numbers(c.a + Shape{4, 5}), numbers(c.b + Shape{5, 6}));
            }) == "[matmul] leading axes differ: a is f64[2,3,4,5], b is f64[2,5,6]; they have to be equal, "
                  "or one operand "
                  "has none");
      continue;
    }
    for (bool ta : {false, true})
      for (bool tb : {false, true}) {
        const Tensor a = random(c.a + (ta ? Shape{5, 4} : Shape{4, 5}));
        const Tensor b = random(c.b + (tb ? Shape{6, 5} : Shape{5, 6}));
        const Tensor got = matmul(a, b, {ta, tb}).tensor();
        REQUIRE(got.shape() == c.result + Shape{4, 6});
        for (Index i = 0; i < c.result.size(); ++i) {
          const auto expected = by_loops(a, i % c.a.size() * 20, ta, b, i % c.b.size() * 30, tb, 4, 6, 5);
          for (Index e = 0; e < 24; ++e)
            CHECK(got.at(i * 24 + e) ==
                  doctest::Approx(expected[static_cast<std::size_t>(e)]).epsilon(1e-13));
        }
      }
  }
}

TEST_CASE("matmul: what it refuses") {
  CHECK(told([] {
          matmul(numbers({3, 4}), numbers({5, 6}));
        }) == "[matmul] inner dimensions differ: a is f64[3,4], b is f64[5,6]");
  CHECK(told([] {
          matmul(numbers({3, 4}), numbers({4, 6}), {.transpose_a = true});
        }) == "[matmul] inner dimensions differ: a is f64[3,4] transposed, b is f64[4,6]");
  CHECK(told([] {
          const auto tape = Tape::make();
          matmul(tape->input({f64, {3'000'000'000, 1}}), tape->input({f64, {1, 2}}));
        }) == "[matmul] an axis is too long for BLAS: a is f64[3000000000,1], b is f64[1,2]");
  CHECK(told([] {
          matmul(numbers({4}), numbers({4, 2}));
        }) == "[matmul] a vector is not taken: a is f64[4], b is f64[4,2]; expand_dims says which side of "
              "the product it is");
  CHECK(told([] {
          matmul(numbers({2, 2}), numbers({2, 2}, f32));
        }) == "[matmul] dtypes differ: f64[2,2] and f32[2,2]; cast one of them");
  CHECK(told([] {
          matmul(numbers({2, 2}, i64), numbers({2, 2}, i64));
        }) == "[matmul] is not defined for i64: a is i64[2,2], b is i64[2,2]; cast both");
}

TEST_CASE("matmul: NaN and infinity propagate, also against zeros") {
  Tensor a = numbers({3, 3}), b = numbers({3, 3});
  a.mutable_view<double>()[4] = NAN;
  const Tensor c = matmul(a, b).tensor();
  for (Index j = 0; j < 3; ++j) CHECK(std::isnan(c.at(3 + j)));
  CHECK(c.at(0) == 0);
  b.mutable_view<double>()[0] = INFINITY;
  CHECK(std::isnan(matmul(numbers({1, 3}), b).tensor().at(0)));
  CHECK(std::isnan(matmul(b, numbers({3, 1})).tensor().at(0)));
}

TEST_CASE("matmul: the pieces of a product cover it, and threads never change its bits") {
  struct Case {
    Index m, n, k;
    bool ta, tb;
  };
  for (const Case& c :
       {Case{128, 400, 784, false, false}, Case{784, 400, 128, true, false}, Case{128, 400, 784, false, true},
        Case{1000, 3, 500, false, false}, Case{1, 2000, 600, false, true}, Case{1500, 1, 700, true, false},
        Case{130, 130, 130, true, true}}) {
    const Type a{f32, c.ta ? Shape{c.k, c.m} : Shape{c.m, c.k}},
        b{f32, c.tb ? Shape{c.n, c.k} : Shape{c.k, c.n}};
    CHECK(ops::cut({f32, c.ta, c.tb, c.m, c.n, c.k}).pieces >= (c.k > 130 ? 2 : 1));
    const auto tape = Tape::make();
    const Var x = tape->input(a), y = tape->input(b);
    const Var z = matmul(x, y, {c.ta, c.tb});
    const std::vector<Tensor> inputs{random(a.shape, f32), random(b.shape, f32)};
    Program alone(tape, {z.place()->ref}), shared(tape, {z.place()->ref}, std::make_shared<Pool>(3));
    alone.run(inputs);
    shared.run(inputs);
    CHECK(identical(alone.outputs()[0], shared.outputs()[0]));
    const Tensor precise = matmul(inputs[0].cast(f64), inputs[1].cast(f64), {c.ta, c.tb}).tensor();
    // A sum of k products below 1 in f32: the error grows like sqrt(k) units of 2^-24 times the size of partial sums.
    CHECK(largest_difference(alone.outputs()[0], precise) < 1e-4);
  }
}

TEST_CASE("matmul: the gradient of a shared operand sums over the batch without an intermediate per batch") {
  const Shape batch{5};
  for (bool ta : {false, true})
    for (bool tb : {false, true}) {
      const Tensor a = random(batch + (ta ? Shape{3, 2} : Shape{2, 3})),
                   b = random(tb ? Shape{4, 3} : Shape{3, 4});
      const auto tape = Tape::make();
      const Var x = tape->input(a.type()), y = tape->input(b.type()), g = tape->input({f64, {5, 2, 4}});
      const int before = tape->size();
      const std::vector<Var> results{matmul(x, y, {ta, tb})}, operands{y}, cotangents{g};
      const auto pulled = vjp(results, cotangents, operands);
      for (int i = before; i < tape->size(); ++i)
        for (const Type& type : tape->node(i).types)
          CHECK(type.size() <= 60);  // 5 products of the operands would be
      Program program(tape, {pulled[0]->place()->ref});
      const Tensor cotangent = random({5, 2, 4});
      const std::vector<Tensor> inputs{a, b, cotangent};
      program.run(inputs);
      std::vector<double> expected(12, 0.0);
      for (Index i = 0; i < 5; ++i) {
        const auto part = by_loops(a, i * 6, !ta, cotangent, i * 8, false, 3, 4, 2);
        for (Index p = 0; p < 3; ++p)
          for (Index j = 0; j < 4; ++j)
            expected[static_cast<std::size_t>(tb ? j * 3 + p : p * 4 + j)] +=
                part[static_cast<std::size_t>(p * 4 + j)];
      }
      for (Index e = 0; e < 12; ++e)
        CHECK(program.outputs()[0].at(e) ==
              doctest::Approx(expected[static_cast<std::size_t>(e)]).epsilon(1e-12));
    }
}

TEST_CASE("dot and outer") {
  const Tensor a = random({2, 3}), b = random({2, 3});
  for (Index i = 0; i < 2; ++i) {
    double sum = 0;
    for (Index j = 0; j < 3; ++j) sum += a.at(i * 3 + j) * b.at(i * 3 + j);
    CHECK(dot(a, b).tensor().at(i) == doctest::Approx(sum).epsilon(1e-14));
  }
  const Tensor x = random({2}), y = random({3});
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 3; ++j) CHECK(outer(x, y).tensor().at(i * 3 + j) == x.at(i) * y.at(j));
  CHECK(told([] { dot(numbers({3}), numbers({4})); }) == "[dot] the last axes differ: f64[3] and f64[4]");
  CHECK(told([] {
          outer(numbers({3}), numbers({2, 2}));
        }) == "[outer] needs two vectors: f64[3] and f64[2,2]");
}

TEST_CASE("einsum: equals the sum over all indices") {
  const std::map<char, Index> sizes{{'b', 2}, {'c', 3}, {'i', 4}, {'j', 3}, {'k', 5}};
  const auto operand = [&](const std::string& indices) {
    Shape shape;
    for (char index : indices) shape.append(sizes.at(index));
    return random(shape);
  };
  struct Case {
    std::string a, b, result;
  };
  for (const Case& c :
       {Case{"ij", "jk", "ik"}, Case{"ij", "kj", "ki"}, Case{"ji", "jk", "ik"}, Case{"bij", "bjk", "bik"},
        Case{"ibj", "kjb", "bki"}, Case{"bci", "ic", "b"}, Case{"i", "j", "ij"}, Case{"i", "i", ""},
        Case{"bi", "bi", "b"}, Case{"bij", "k", "kb"}, Case{"ij", "ij", "ji"}, Case{"", "ij", "j"},
        Case{"bcij", "cjk", "bkci"}, Case{"bij", "ji", "b"}}) {
    const Tensor x = operand(c.a), y = operand(c.b);
    const std::string formula = c.a + "," + c.b + " -> " + c.result;
    CHECK_MESSAGE(
        largest_difference(einsum(formula, x, y).tensor(), by_definition(c.a, c.b, c.result, x, y)) < 1e-13,
        formula);
  }
}

TEST_CASE("einsum: a product in the order of matmul's flags moves nothing") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {2, 3, 4}}), y = tape->input({f64, {2, 5, 3}});
  einsum("bji,bkj->bik", x, y);
  for (int i = 0; i < tape->size(); ++i) CHECK(tape->node(i).op->name() != "transpose");
}

TEST_CASE("einsum: what it refuses") {
  const Tensor x = numbers({2, 3}), v = numbers({3});
  CHECK(told([&] { einsum("ij,jk", x, x); }) ==
        "[einsum] the formula \"ij,jk\" is not of the form \"ij,jk->ik\"");
  CHECK(told([&] { einsum("ii,i->i", x, v); }) == "[einsum] index i stands twice in \"ii\": \"ii,i->i\"");
  CHECK(told([&] { einsum("ij,j->k", x, v); }) ==
        "[einsum] index k of the result stands in no operand: \"ij,j->k\"");
  CHECK(told([&] { einsum("i.,j->i", x, v); }) ==
        "[einsum] an index has to be a letter, '.' is none: \"i.,j->i\"");
  CHECK(told([&] { einsum("ij,j->i", v, v); }) ==
        "[einsum] a is f64[3], the formula gives it 2 indices: \"ij\"");
  CHECK(told([&] {
          einsum("ij,jk->ik", x, numbers({4, 5}));
        }) == "[einsum] index j has size 3 in a and 4 in b");
}
