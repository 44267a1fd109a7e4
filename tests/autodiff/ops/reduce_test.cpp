// Sums, products, extrema, moments, norms and running sums against plain loops.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/reduce.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <random>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>

#include "derivative_rule.hpp"

namespace tapir::test {
namespace {

Tensor random_tensor(const Shape& shape, DType dtype, double low = -2, double high = 3) {
  std::mt19937 generator(5);
  std::uniform_real_distribution<double> uniform(low, high);
  Tensor result(Type{f64, shape});
  for (double& x : result.mutable_view<double>()) x = uniform(generator);
  return result.cast(dtype);
}

using Elements = std::vector<long double>;

// The elements behind each element of the result, by counting through the axes.
std::vector<Elements> gathered(const Tensor& x, const std::vector<Index>& axes) {
  const Shape& shape = x.shape();
  std::vector<bool> is_reduced(static_cast<std::size_t>(shape.rank()), false);
  for (Index axis : axes) is_reduced[static_cast<std::size_t>(axis + shape.rank())] = true;
  Index count = 1;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (!is_reduced[static_cast<std::size_t>(axis)]) count *= shape[axis];
  std::vector<Elements> result(static_cast<std::size_t>(count));
  for (Index i = 0; i < x.size(); ++i) {
    Index rest = i;
    Index to = 0;
    Index stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      const Index at = rest % shape[axis];
      rest /= shape[axis];
      if (is_reduced[static_cast<std::size_t>(axis)]) continue;
      to += at * stride;
      stride *= shape[axis];
    }
    result[static_cast<std::size_t>(to)].push_back(x.at(i));
  }
  return result;
}

long double sum_of(const Elements& x) {
  long double total = 0;
  for (long double e : x) total += e;
  return total;
}

long double squares_of(const Elements& x) {
  long double total = 0;
  for (long double e : x) total += e * e;
  return total;
}

struct Reduction {
  std::string name;
  std::function<long double(const Elements&)> oracle;
  std::function<long double(const Elements&)> scale;  // what the rounding errors are relative to
};

const std::vector<Reduction> reductions = {
    {"sum", sum_of,
     [](const Elements& x) {
       long double total = 0;
       for (long double e : x) total += std::abs(e);
       return total;
     }},
    {"sum_squares", squares_of, squares_of},
    {"max", [](const Elements& x) { return *std::max_element(x.begin(), x.end()); },
     [](const Elements&) { return 0; }},
    {"min", [](const Elements& x) { return *std::min_element(x.begin(), x.end()); },
     [](const Elements&) { return 0; }},
    {"norm",
     [](const Elements& x) { return std::sqrt(squares_of(x)); },
     [](const Elements& x) { return std::sqrt(static_cast<long double>(x.size())); }},
    {"logsumexp",
     [](const Elements& x) {
       long double total = 0;
       for (long double e : x) total += std::exp(e);
       return std::log(total);
     },
     [](const Elements&) { return 10; }}};

struct Case {
  Shape shape;
  std::vector<Index> axes;
};

// Sizes around those of batches and blocks, axes together and apart, and arrays that are cut into pieces.
const std::vector<Case> cases = {{{3, 5}, {-1}},
                                 {{3, 5}, {-2}},
                                 {{2, 3, 4, 5}, {-4, -2}},
                                 {{2, 3, 4, 5}, {-3, -1}},
                                 {{1, 7, 1, 33}, {-4, -1}},
                                 {{5}, {}},
                                 {{100, 10}, {-1}},
                                 {{10, 100}, {-2}},
                                 {{31, 257}, {-1}},
                                 {{257, 31}, {-2}},
                                 {{3, 1500, 2}, {-2}},
                                 {{40, 700}, {-2}},
                                 {{200001}, {-1}},
                                 {{2, 70001, 3}, {-2}},
                                 {{300, 20, 30}, {-3, -1}},
                                 {{5, 90000}, {-1}},
                                 {{3, 50000}, {-2}}};

Attrs over(const std::vector<Index>& axes, bool keep_dims = false) {
  return {{"axes", axes}, {"keep_dims", Index{keep_dims}}};
}

}  // namespace

TEST_CASE("every reduction agrees with a plain loop, whatever the axes") {
  for (const Reduction& reduction : reductions)
    for (const Case& c : cases)
      for (DType dtype : {f32, f64}) {
        CAPTURE(reduction.name);
        CAPTURE(c.shape.str());
        CAPTURE(str(Attr(c.axes)));
        CAPTURE(name_of(dtype));
        const Tensor x = random_tensor(c.shape, dtype);
        const Tensor y = compute(row_of(reduction.name), std::vector{x}, over(c.axes))[0];
        const auto groups = gathered(x, c.axes);
        REQUIRE(static_cast<std::size_t>(y.size()) == groups.size());
        // A tree of additions errs by a few roundings of the absolute sum.
        const long double tolerance = 8 * (dtype == f32 ? 0x1p-24L : 0x1p-53L);
        long double worst = 0;
        for (std::size_t i = 0; i < groups.size(); ++i) {
          const long double error = std::abs(y.at(static_cast<Index>(i)) - reduction.oracle(groups[i]));
          const long double allowed = tolerance * reduction.scale(groups[i]);
          worst = std::max(worst, error <= allowed ? 0 : error);
        }
        CHECK(worst == 0);
      }
}

TEST_CASE("the bits of a reduction do not depend on the number of threads") {
  Pool one(1);
  Pool three(3);
  const auto run = [](const Op& op, const Tensor& x, const Attrs& attrs, Pool& pool) {
    const std::vector<Type> types{x.type()};
    const Signature signature{types, attrs};
    std::vector<Tensor> results;
    std::vector<void*> out;
    for (const Type& type : op.types(signature, {})) results.emplace_back(type);
    for (Tensor& result : results) out.push_back(result.mutable_data());
    const void* in = x.data();
    op->kernel(signature)({&in, out.data(), pool});
    return results;
  };
  const auto same = [&](const Op& op, const Tensor& x, const Attrs& attrs) {
    const auto a = run(op, x, attrs, one);
    const auto b = run(op, x, attrs, three);
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), identical);
  };
  for (const Reduction& reduction : reductions)
    for (const Case& c : cases) {
      CAPTURE(reduction.name);
      CAPTURE(c.shape.str());
      const Tensor x = random_tensor(c.shape, f32);
      CHECK(same(row_of(reduction.name), x, over(c.axes)));
    }
  for (std::string name : {"softmax", "log_softmax", "cumsum"}) {
    const Tensor x = random_tensor({300, 1000}, f32);
    const Attrs attrs{{"axis", Index{-1}}, {"reverse", Index{0}}};
    CHECK(same(row_of(name), x, attrs));
  }
}

TEST_CASE("logsumexp: the shares are exp(x - y), and y has the same bits where nobody asks for them") {
  for (const Case& c : cases)
    for (DType dtype : {f32, f64}) {
      CAPTURE(c.shape.str());
      CAPTURE(str(Attr(c.axes)));
      const Tensor x = random_tensor(c.shape, dtype);
      const Op& op = row_of("logsumexp");
      const Attrs attrs = over(c.axes, true);
      const auto results = compute(op, std::vector{x}, attrs);
      const Tensor wanted = exp(Var(x.cast(f64)) - Var(results[0].cast(f64))).tensor();
      double worst = 0;
      for (Index i = 0; i < x.size(); ++i)
        worst = std::max(worst, std::abs(results[1].at(i) / wanted.at(i) - 1));
      // Rounding y, of up to 14, moves an exponential by 8 roundings; so do those of the passes.
      CHECK(worst < 24 * (dtype == f32 ? 0x1p-23 : 0x1p-52));

      const std::vector<Type> types{x.type()};
      Tensor alone(results[0].type());
      const void* in = x.data();
      void* out[] = {alone.mutable_data(), nullptr};
      Pool pool(1);
      op->kernel({types, attrs})({&in, out, pool});
      CHECK(identical(alone, results[0]));
    }
}

TEST_CASE("axes count from either end, and keep_dims keeps them") {
  const Var x = random_tensor({2, 3, 4}, f64);
  CHECK(sum(x).shape() == Shape{});
  CHECK(sum(x, 1).shape() == Shape{2, 4});
  CHECK(sum(x, {0, -1}).shape() == Shape{3});
  CHECK(sum(x, {-1, 0}, true).shape() == Shape{1, 3, 1});
  CHECK(sum(x, Axes::none()).shape() == Shape{2, 3, 4});
  CHECK(mean(x, -2, true).shape() == Shape{2, 1, 4});
  CHECK(argmax(x, 1).shape() == Shape{2, 4});
  CHECK(sum(2.5).is_open());
}

TEST_CASE("sums of i64 are whole") {
  const Tensor x({2, 2}, {Index{1}, Index{2}, Index{3}, Index{1} << 60});
  CHECK(sum(x, 0).tensor().view<Index>()[1] == (Index{1} << 60) + 2);
  CHECK(max(x).tensor().view<Index>()[0] == Index{1} << 60);
  CHECK(cumsum(x, 1).tensor().view<Index>()[3] == (Index{1} << 60) + 3);
}

TEST_CASE("an empty axis gives the neutral element") {
  const Tensor x(Type{f64, {2, 0}});
  CHECK(numbers(sum(x, 1)) == std::vector<double>{0, 0});
  CHECK(numbers(prod(x, 1)) == std::vector<double>{1, 1});
  CHECK(numbers(max(x, 1)) == std::vector<double>{-infinity, -infinity});
  CHECK(numbers(min(x, 1)) == std::vector<double>{infinity, infinity});
  CHECK(numbers(logsumexp(x, 1)) == std::vector<double>{-infinity, -infinity});
  CHECK(numbers(norm(x, 1)) == std::vector<double>{0, 0});
  CHECK(std::isnan(mean(x).item()));
  CHECK(sum(x, 0).shape() == Shape{0});
}

TEST_CASE("NaN propagates through every reduction") {
  for (Index at : {0, 8, 16}) {
    Tensor x = random_tensor({17}, f64);
    x.mutable_view<double>()[static_cast<std::size_t>(at)] = nan;
    for (const Var& y : {sum(x), mean(x), prod(x), max(x), min(x), var(x), norm(x), logsumexp(x)})
      CHECK(std::isnan(y.item()));
  }
}

TEST_CASE("mean and var agree with two passes in long double, far from zero too") {
  for (double offset : {0.0, 1e8}) {
    const Tensor x = random_tensor({4, 50}, f64, offset - 1, offset + 1);
    const auto rows = gathered(x, {-1});
    for (Index i = 0; i < 4; ++i) {
      const Elements& row = rows[static_cast<std::size_t>(i)];
      const long double center = sum_of(row) / 50;
      long double squares = 0;
      for (long double e : row) squares += (e - center) * (e - center);
      CHECK(close(mean(x, 1).tensor().at(i), static_cast<double>(center), 1e-15));
      // The mean is rounded to the spacing of the data, 1e-8 of their spread: its square does not show.
      CHECK(close(var(x, 1).tensor().at(i), static_cast<double>(squares / 50), 1e-14));
      CHECK(close(var(x, 1, 1).tensor().at(i), static_cast<double>(squares / 49), 1e-14));
    }
  }
}

TEST_CASE("norm neither overflows nor vanishes on the way") {
  check_close(norm(column({3e200, 4e200})), {5e200}, 1e-15);
  check_close(norm(column({3e-200, 4e-200})), {5e-200}, 1e-15);
  check_close(norm(column({3e30, 4e30}).cast(f32)), {5e30}, 1e-6);
  check_close(norm(column({3e-30, -4e-30}).cast(f32)), {5e-30}, 1e-6);
  check_close(norm(column({infinity, 1})), {infinity});
  check_close(norm(column({-1e300, nan})), {nan});
  check_close(norm(column({0, 0})), {0});
}

TEST_CASE("norm: the gradient at zero is zero") {
  const Attrs attrs = over({-1});
  check_close(pull("norm", {column({0, 0})}, Tensor(2.0), attrs)[0], {0, 0});
  check_close(pull("norm", {column({3, 4})}, Tensor(2.0), attrs)[0], {1.2, 1.6}, 1e-15);
  check_close(push("norm", column({0, 0}), column({1, 1}), attrs), {0});
}

TEST_CASE("max and min: ties share the gradient, NaN has none") {
  const Tensor x({2, 3}, {1.0, 5.0, 5.0, 2.0, 2.0, 2.0});
  check_close(pull("max", {x}, column({6, 6}), over({-1}))[0], {0, 3, 3, 2, 2, 2});
  check_close(pull("min", {x}, column({6, 6}), over({-1}))[0], {6, 0, 0, 2, 2, 2});
  check_close(push("max", x, Tensor({2, 3}, {9.0, 1.0, 3.0, 0.0, 3.0, 6.0}), over({-1})), {2, 3});
  check_close(pull("max", {column({1, nan})}, Tensor(1.0), over({-1}))[0], {0, 0});
}

TEST_CASE("prod: the gradient is the product of the others, zeros or not") {
  const auto others = [](const Tensor& x) {
    std::vector<double> result;
    for (Index i = 0; i < x.size(); ++i) {
      double product = 1;
      for (Index j = 0; j < x.size(); ++j)
        if (j != i) product *= x.at(j);
      result.push_back(product);
    }
    return result;
  };
  const auto check = [&](const Tensor& x) {
    check_close(pull("prod", {x}, Tensor(1.0), over({-1}))[0], others(x), 1e-15);
  };
  check(column({2, 3, 4, 5, 6}));
  check(column({2, 0, 4, 5, 6, 7}));
  check(column({2, 0, 4, 0, 6, 7, 8}));
  check(column({0}));
  check(column({3, 0}));
  for (Index n : {1, 2, 3, 8, 9, 13}) check(random_tensor({n}, f64));
  // Axes apart, kept axes between them.
  const Tensor x = random_tensor({2, 3, 2}, f64);
  const Tensor g = pull("prod", {x}, column({1, 1, 1}), over({-3, -1}))[0];
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 3; ++j)
      for (Index k = 0; k < 2; ++k) {
        double product = 1;
        for (Index p = 0; p < 2; ++p)
          for (Index q = 0; q < 2; ++q)
            if (p != i || q != k) product *= x.at((p * 3 + j) * 2 + q);
        CHECK(close(g.at((i * 3 + j) * 2 + k), product, 1e-15));
      }
}

TEST_CASE("cumsum adds up along any axis, from either end") {
  const Tensor x({2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0});
  CHECK(numbers(cumsum(x)) == std::vector<double>{1, 3, 6, 4, 9, 15});
  CHECK(numbers(cumsum(x, 0)) == std::vector<double>{1, 2, 3, 5, 7, 9});
  CHECK(numbers(pull("cumsum", {x}, x, {{"axis", Index{-1}}, {"reverse", Index{0}}})[0]) ==
        std::vector<double>{6, 5, 3, 15, 11, 6});
  // Wider than the block of columns, and long enough for f32 to lose digits if it were summed in f32.
  const Tensor y = random_tensor({5000, 70}, f32, 0, 1);
  const Tensor z = cumsum(y, 0).tensor();
  long double total = 0;
  for (Index i = 0; i < 5000; ++i) total += y.at(i * 70 + 69);
  CHECK(close(z.at(4999 * 70 + 69), static_cast<double>(total), 0x1p-24));
}

TEST_CASE("cumsum agrees with a plain loop: short and long rows, few and many columns") {
  for (const auto& [outer, n, inner] : std::vector<std::array<Index, 3>>{{1, 1, 1},
                                                                         {3, 2, 1},
                                                                         {37, 10, 1},
                                                                         {9, 32, 1},
                                                                         {5, 33, 1},
                                                                         {2, 1003, 1},
                                                                         {3, 50, 3},
                                                                         {2, 9, 16},
                                                                         {2, 7, 1037}})
    for (DType dtype : {f32, f64})
      for (Index reverse : {0, 1}) {
        CAPTURE(n);
        CAPTURE(inner);
        CAPTURE(reverse);
        const Tensor x = random_tensor({outer, n, inner}, dtype);
        const Tensor y =
            compute(row_of("cumsum"), std::vector{x}, {{"axis", Index{-2}}, {"reverse", reverse}})[0];
        double worst = 0;
        for (Index o = 0; o < outer; ++o)
          for (Index c = 0; c < inner; ++c) {
            long double sum = 0;
            for (Index i = 0; i < n; ++i) {
              const Index at = (o * n + (reverse == 1 ? n - 1 - i : i)) * inner + c;
              sum += x.at(at);
              worst = std::max(worst, static_cast<double>(std::abs(y.at(at) - sum)));
            }
          }
        // Sums of up to 600 in magnitude, rounded to the result; in f64, a rounding per addition.
        CHECK(worst <= (dtype == f32 ? 0x1p-15 : 1003 * 0x1p-44));
      }
}

TEST_CASE("reduction errors name the operation, the type and the file") {
  const Var x = Tensor(Type{f32, {2, 4}});
  CHECK(error_of([&] { sum(x, 3); }) == "[sum] axis 3 is out of range for f32[2,4] (at reduce_test.cpp)");
  CHECK(error_of([&] { max(x, {0, -2}); }) == "[max] axis 0 of f32[2,4] is named twice (at reduce_test.cpp)");
  CHECK(error_of([&] { mean(x, -3); }) == "[mean] axis -3 is out of range for f32[2,4] (at reduce_test.cpp)");
  CHECK(error_of([&] { cumsum(x, 2); }) ==
        "[cumsum] axis 2 is out of range for f32[2,4] (at reduce_test.cpp)");
  CHECK(error_of([&] { mean(Tensor(Index{3})); }) == "[mean] is not defined for i64[] (at reduce_test.cpp)");
  CHECK(error_of([&] { norm(Tensor(Index{3})); }) == "[norm] is not defined for i64[] (at reduce_test.cpp)");
  CHECK(
      error_of([&] { var(x, 0, 2); }) ==
      "[var] a correction of 2 needs more elements than that along the axes: f32[2,4] (at reduce_test.cpp)");
}

}  // namespace tapir::test
