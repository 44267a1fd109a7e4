// Products by either library, against plain loops; bf16; bits; the choice between them.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/gemm.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/onednn.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "support/environment.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

struct Case {
  Index m, n, k;
  bool ta = false, tb = false;
};

Tensor random(const Shape& shape, DType dtype = f32) {
  static std::mt19937 engine(5);
  Tensor values({f64, shape});
  for (double& x : values.mutable_view<double>()) x = std::uniform_real_distribution<double>(-1, 1)(engine);
  return values.cast(dtype);
}

Tensor left(const Case& c, DType dtype = f32) {
  return random(c.ta ? Shape{c.k, c.m} : Shape{c.m, c.k}, dtype);
}
Tensor right(const Case& c, DType dtype = f32) {
  return random(c.tb ? Shape{c.n, c.k} : Shape{c.k, c.n}, dtype);
}

// By its definition: the nearest of the numbers with eight significant bits.
double bf16_of(double x) {
  int exponent = 0;
  const double significand = std::frexp(x, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(significand, 8)), exponent - 8);
}

// The largest error of c over the sum of |a| |b|, entry by entry.
template <class Map>
double worst_error(const Case& of, const Tensor& a, Index at_a, const Tensor& b, Index at_b, const Tensor& c,
                   Index at_c, const Map& map) {
  double worst = 0;
  for (Index i = 0; i < of.m; ++i)
    for (Index j = 0; j < of.n; ++j) {
      double sum = 0, size = 1e-300;
      for (Index p = 0; p < of.k; ++p) {
        const double product = map(a.at(at_a + (of.ta ? p * of.m + i : i * of.k + p))) *
                               map(b.at(at_b + (of.tb ? j * of.k + p : p * of.n + j)));
        sum += product;
        size += std::abs(product);
      }
      worst = std::max(worst, std::abs(c.at(at_c + i * of.n + j) - sum) / size);
    }
  return worst;
}

double identity(double x) { return x; }

// Any order of k additions in f32, and the product's own rounding: (k + 1) units of 2^-24, Higham 2002, eq. 3.5.
double rounding(Index k) { return static_cast<double>(k + 1) * std::ldexp(1.0, -24); }

const std::vector<Case> awkward = {{1, 1, 1},      {1, 7, 3},      {5, 1, 9},     {2, 3, 0},
                                   {17, 33, 5},    {31, 129, 65},  {129, 31, 64}, {130, 127, 200},
                                   {64, 400, 100}, {257, 20, 300}, {20, 257, 129}};

std::vector<Case> with_flags(const std::vector<Case>& cases) {
  std::vector<Case> all;
  for (const Case& c : cases)
    for (bool ta : {false, true})
      for (bool tb : {false, true}) all.push_back({c.m, c.n, c.k, ta, tb});
  return all;
}

std::vector<std::string> libraries() {
  return ops::onednn::found() ? std::vector<std::string>{"openblas", "onednn"}
                              : std::vector<std::string>{"openblas"};
}

std::string named(const Case& c) {
  return std::to_string(c.m) + " " + std::to_string(c.n) + " " + std::to_string(c.k) + (c.ta ? " a'" : "") +
         (c.tb ? " b'" : "");
}

// The bits of f on 1, 2 and 3 threads are those of the first.
void check_bits(const Recordable& f, const std::vector<Tensor>& inputs) {
  std::optional<Tensor> first;
  for (int threads : {1, 2, 3}) {
    Compiled compiled(f, {.pool = std::make_shared<Pool>(threads)});
    const Tensor result = compiled(std::span<const Tensor>(inputs))[0];
    if (!first) first = result;
    CHECK_MESSAGE(identical(*first, result), threads, " threads");
  }
}

bool has_bf16() { return ops::onednn::lacks_bf16().empty(); }

constexpr MatmulOptions in_bf16(const Case& c) { return {c.ta, c.tb, Precision::bf16}; }

std::string told(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return "[" + error.op() + "] " + error.message();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("gemm: either library equals the definition at awkward shapes") {
  for (const std::string& library : libraries()) {
    const Environment chosen("TAPIR_BLAS", library);
    for (const Case& c : with_flags(awkward)) {
      const Tensor a = left(c), b = right(c);
      const Tensor y = matmul(a, b, {c.ta, c.tb}).tensor();
      CHECK_MESSAGE(worst_error(c, a, 0, b, 0, y, 0, identity) <= rounding(c.k), library, ": ", named(c));
    }
  }
}

TEST_CASE("gemm: batches by either library equal the definition, whatever operand is shared") {
  for (const std::string& library : libraries()) {
    const Environment chosen("TAPIR_BLAS", library);
    for (const Case& c : with_flags({{9, 17, 33}, {130, 140, 130}}))
      for (bool shared_a : {false, true})
        for (bool shared_b : {false, true}) {
          const auto many = [](const Tensor& x, bool is_shared) {
            return is_shared ? x : random(Shape{3} + x.shape());
          };
          const Tensor a = many(left(c), shared_a), b = many(right(c), shared_b);
          const Tensor y = matmul(a, b, {c.ta, c.tb}).tensor();
          for (Index i = 0; i < y.size() / (c.m * c.n); ++i) {
            const double error = worst_error(c, a, shared_a ? 0 : i * c.m * c.k, b,
                                             shared_b ? 0 : i * c.k * c.n, y, i * c.m * c.n, identity);
            CHECK_MESSAGE(error <= rounding(c.k), library, ": ", named(c), ", ", i);
          }
        }
  }
}

TEST_CASE("gemm: threads never change the bits of a product by either library, single or in a batch") {
  for (const std::string& library : libraries()) {
    const Environment chosen("TAPIR_BLAS", library);
    for (const Case& c : with_flags({{128, 400, 784}, {400, 40, 512}, {20, 1030, 130}})) {
      const Recordable f = recordable([c](const Var& a, const Var& b) { return matmul(a, b, {c.ta, c.tb}); });
      check_bits(f, {left(c), right(c)});
    }
    check_bits(recordable([](const Var& a, const Var& b) { return matmul(a, b); }),
               {random({70, 20, 30}), random({70, 30, 24})});
  }
}

TEST_CASE("gemm: the library is chosen by shape") {
  const Environment unset("TAPIR_BLAS", "");
  const auto blas = [](DType dtype, const Case& c) {
    return ops::cut({dtype, c.ta, c.tb, c.m, c.n, c.k}).blas;
  };
  const auto large = ops::onednn::found() ? ops::Blas::onednn : ops::Blas::openblas;
  CHECK(blas(f32, {128, 400, 784}) == large);
  CHECK(blas(f32, {784, 400, 128, true}) == large);
  CHECK(blas(f32, {128, 784, 400, false, true}) == large);
  CHECK(blas(f32, {512, 20, 400, false, true}) == ops::Blas::openblas);
  CHECK(blas(f32, {400, 400, 400, true, true}) == ops::Blas::openblas);
  CHECK(blas(f32, {64, 64, 64}) == ops::Blas::openblas);
  CHECK(blas(f32, {4000, 1, 4000}) == ops::Blas::openblas);
  CHECK(blas(f64, {512, 512, 512}) == ops::Blas::openblas);
}

TEST_CASE("gemm: TAPIR_BLAS decides, and what it cannot name is refused") {
  const ops::Product product{f32, false, false, 512, 512, 512};
  {
    const Environment chosen("TAPIR_BLAS", "openblas");
    CHECK(ops::cut(product).blas == ops::Blas::openblas);
  }
  {
    const Environment chosen("TAPIR_BLAS", "mkl");
    CHECK(told([&] { ops::cut(product); }) == "[gemm] TAPIR_BLAS is \"mkl\"; it can be openblas or onednn");
  }
  const Environment chosen("TAPIR_BLAS", "onednn");
  if (ops::onednn::found())
    CHECK(ops::cut(product).blas == ops::Blas::onednn);
  else
    CHECK(told([&] { ops::cut(product); }) ==
          "[gemm] TAPIR_BLAS is onednn, but this build of tapir has no oneDNN");
}

TEST_CASE("bf16: numbers are rounded to the nearest with eight bits, ties to even; NaN stays") {
  std::vector<float> x = {0.0F,      -0.0F,  1.0F,      1.00390625F, 1.01171875F,   3.4e38F, INFINITY,
                          -INFINITY, 1e-40F, -2.5e-39F, 0.1F,        std::nanf(""), -1.0F};
  for (Index i = 0; i < 200; ++i)
    x.push_back(static_cast<float>(random({1}, f64).at(0) * std::exp(0.3 * static_cast<double>(i) - 30)));
  std::vector<std::uint16_t> y(x.size());
  ops::onednn::round_to_bf16(x.data(), y.data(), static_cast<Index>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto back = std::bit_cast<float>(std::uint32_t{y[i]} << 16);
    if (std::isnan(x[i]))
      CHECK(std::isnan(back));
    else if (std::isinf(x[i]) || std::abs(x[i]) > 3.39e38F)
      CHECK((std::isinf(back) && std::signbit(back) == std::signbit(x[i])));
    else if (std::abs(x[i]) < 1.2e-38F)
      CHECK(std::abs(back - x[i]) <= std::ldexp(1.0, -134));  // half the spacing of bf16's subnormal numbers
    else
      CHECK(static_cast<double>(back) == bf16_of(x[i]));
  }
}

TEST_CASE("bf16: a product is that of the rounded operands, summed in f32") {
  if (!has_bf16()) return;
  for (const Case& c : with_flags(awkward)) {
    const Tensor a = left(c), b = right(c);
    const Tensor y = matmul(a, b, in_bf16(c)).tensor();
    REQUIRE(y.type() == Type{f32, {c.m, c.n}});
    CHECK_MESSAGE(worst_error(c, a, 0, b, 0, y, 0, bf16_of) <= rounding(c.k), named(c));
    // An operand is off by 2^-9 at most of the power of two above it, hence by 2^-8 of itself.
    const double bound = std::ldexp(1.0, -7) + std::ldexp(1.0, -16) + 2 * rounding(c.k);
    const double error = worst_error(c, a, 0, b, 0, y, 0, identity);
    CHECK_MESSAGE(error <= bound, named(c));
    if (c.k > 0) CHECK_MESSAGE(error > 1e-5, named(c), ": f32 would be that exact");
  }
}

TEST_CASE("bf16: batches, and the bits on any number of threads") {
  if (!has_bf16()) return;
  const Case c{33, 20, 40};
  const Tensor a = random({70, 33, 40}), b = random({70, 40, 20});
  const Tensor y = matmul(a, b, in_bf16(c)).tensor();
  for (Index i : {0, 1, 69})
    CHECK(worst_error(c, a, i * 33 * 40, b, i * 40 * 20, y, i * 33 * 20, bf16_of) <= rounding(40));
  check_bits(recordable([=](const Var& p, const Var& q) { return matmul(p, q, in_bf16(c)); }), {a, b});
  for (const Case& each : with_flags({{128, 400, 784}, {784, 400, 128}}))
    check_bits(recordable([=](const Var& p, const Var& q) { return matmul(p, q, in_bf16(each)); }),
               {left(each), right(each)});
}

TEST_CASE("bf16: NaN and infinity propagate") {
  if (!has_bf16()) return;
  Tensor a = random({40, 40});
  a.mutable_view<float>()[40] = NAN;
  a.mutable_view<float>()[80] = INFINITY;
  const Tensor y = matmul(a, random({40, 40}), {.precision = Precision::bf16}).tensor();
  CHECK(std::isfinite(y.at(0)));
  for (Index j = 0; j < 40; ++j) {
    CHECK(std::isnan(y.at(40 + j)));
    CHECK(std::isinf(y.at(80 + j)));
  }
}

TEST_CASE("bf16: derivatives of such a product are such products, and no other product is") {
  if (!has_bf16()) return;
  const auto tape = Tape::make();
  const Var x = tape->input({f32, {4, 3}}), w = tape->input({f32, {3, 5}}), v = tape->input({f32, {5, 2}});
  const Var y = matmul(matmul(x, w, {.precision = Precision::bf16}), v);
  grad(sum(y * y), std::vector<Var>{x, w, v});
  int bf16 = 0, full = 0;
  for (int i = 0; i < tape->size(); ++i)
    if (tape->node(i).op->name() == "matmul") ++(tape->node(i).attrs.has("precision") ? bf16 : full);
  CHECK(bf16 == 3);
  CHECK(full == 3);
}

TEST_CASE("bf16: what is refused, and what is missing is named") {
  const auto product = [](DType dtype) {
    matmul(Tensor(Type{dtype, {2, 2}}), Tensor(Type{dtype, {2, 2}}), {.precision = Precision::bf16});
  };
  CHECK(told([&] { product(f64); }) == "[matmul] precision bf16 is for f32: a is f64[2,2], b is f64[2,2]");
  if (has_bf16())
    CHECK(told([&] { product(f32); }) == "nothing");
  else if (ops::onednn::found())
    CHECK(
        told([&] { product(f32); }) ==
        "[matmul] precision bf16 is not to be had: this machine's processor has neither AVX512_BF16 nor AMX");
  else
    CHECK(told([&] { product(f32); }) == "[matmul] precision bf16 is not to be had: this build of tapir has "
                                         "no oneDNN (Debian's libdnnl-dev; CMake "
                                         "option TAPIR_ONEDNN)");
}
