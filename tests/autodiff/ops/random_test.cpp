// Noise: known answers, laws, and the independence of streams, steps, iterations and elements.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <algorithm>
#include <set>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <doctest/doctest.h>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/philox.hpp>
#include <tapir/autodiff/transforms/batch.hpp>

#include "derivative_rule.hpp"

// Seeds are fixed: a test passes or fails for ever. The stated rate is that of failing for a newly chosen seed, if the
// generator were perfect.
namespace tapir::test {
namespace {

using ops::Philox;

Key at_step(Index seed, Index step, DType dtype = f64) { return Key(Var(Tensor({2}, {seed, step})), dtype); }

std::uint64_t joined(std::uint32_t low, std::uint32_t high) {
  return low | static_cast<std::uint64_t>(high) << 32;
}

// The p value at which `count` elements of `uniform` fall into bins by `bin`.
template <class Bin>
double chi_square(const std::vector<double>& draws, int bins, const Bin& bin) {
  std::vector<double> counts(static_cast<std::size_t>(bins));
  for (double u : draws) counts[static_cast<std::size_t>(bin(u))] += 1;
  const double expected = static_cast<double>(draws.size()) / bins;
  double statistic = 0;
  for (double count : counts) statistic += (count - expected) * (count - expected) / expected;
  return boost::math::cdf(boost::math::complement(boost::math::chi_squared(bins - 1), statistic));
}

double normal_cdf(double x) { return boost::math::erfc(-x / std::sqrt(2.0)) / 2; }

// sqrt(n) times the correlation of two samples of a law of mean 0 and variance 1: standard normal if independent.
double correlation_score(const std::vector<double>& a, const std::vector<double>& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
  return total / std::sqrt(static_cast<double>(a.size()));
}

}  // namespace

TEST_CASE("philox4x32-10 gives the known answers of Random123") {
  struct Known {
    std::uint32_t counter[4], key[2], result[4];
  };
  const Known known[] = {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
                         {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                          {0xffffffff, 0xffffffff},
                          {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
                         {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                          {0xa4093822, 0x299f31d0},
                          {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (const Known& k : known) {
    const Philox philox{.key = joined(k.key[0], k.key[1]), .sequence = joined(k.counter[2], k.counter[3])};
    const auto block = philox.block(joined(k.counter[0], k.counter[1]));
    CHECK(block[0] == joined(k.result[0], k.result[1]));
    CHECK(block[1] == joined(k.result[2], k.result[3]));
  }
}

TEST_CASE("words of a sequence are the same wherever a run of them begins and ends") {
  const Philox philox{.key = 3, .sequence = 5};
  for (Index first : {0, 1, 62, 63, 64, 1000001})
    for (Index count : {0, 1, 2, 3, 63, 64, 65, 200}) {
      std::vector<std::uint64_t> words(static_cast<std::size_t>(count) + 1, 99);
      philox.fill(first, count, words.data());
      bool same = true;
      for (Index i = 0; i < count; ++i) {
        const auto word = static_cast<std::uint64_t>(first + i);
        same = same && words[static_cast<std::size_t>(i)] == philox.block(word / 2)[word % 2];
      }
      CHECK(same);
      CHECK(words.back() == 99);
    }
}

TEST_CASE("draws are what an independent program in Python gives for (seed, step, iterations, path)") {
  const auto check = [](const Key& key, const std::vector<double>& doubles,
                        const std::vector<double>& floats) {
    CHECK(numbers(uniform(key, {4})) == doubles);
    CHECK(numbers(uniform(key.as(f32), {2, 2})) == floats);
  };
  check(Key(0), {0x1.2e5e50348e65fp-1, 0x1.c963b3c9627b6p-2, 0x1.d257e9c05ba58p-4, 0x1.d49487f7a4e7bp-1},
        {0x1.2e5e52p-1, 0x1.c963b4p-2, 0x1.d257fp-4, 0x1.d49486p-1});
  check(at_step(7, 3) / "encode" / "hidden",
        {0x1.9e74ca623d7e3p-1, 0x1.8d070c0754253p-1, 0x1.5bdab09323cf9p-1, 0x1.652a79433034bp-1},
        {0x1.9e74cap-1, 0x1.8d070ep-1, 0x1.5bdab2p-1, 0x1.652a7ap-1});
  check((at_step(-1, 12345678901) / "z").at(4).at(2),
        {0x1.ded5c8085adf4p-3, 0x1.fae1bd44ecda1p-1, 0x1.0c01ac2bdac9ep-2, 0x1.557b6020ac7ecp-3},
        {0x1.ded5c8p-3, 0x1.fae1bep-1, 0x1.0c01acp-2, 0x1.557b68p-3});
}

TEST_CASE("the inverse normal distribution function agrees with Boost in the middle and in both tails") {
  std::vector<double> p;
  for (int i = 1; i < 4000; ++i) p.push_back(i / 4000.0);
  for (int e = 3; e < 54; ++e) p.push_back(std::ldexp(1.1, -e));
  for (int e = 3; e < 53; ++e) p.push_back(1 - std::ldexp(1.0, -e));
  p.push_back(0x1p-53);
  std::vector<double> together = p;
  ops::normal_quantiles(together.data(), static_cast<Index>(p.size()));
  double worst = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double x = ops::normal_quantile(p[i]);
    CHECK(x == together[i]);
    const double expected =
        static_cast<double>(-std::sqrt(2.0L) * boost::math::erfc_inv(2 * static_cast<long double>(p[i])));
    worst = std::max(worst, expected == 0 ? std::abs(x) : std::abs(x / expected - 1));
  }
  CHECK(worst < 1e-15);  // the algorithm is good for 1 part in 10^16
}

TEST_CASE("both dtypes draw from the same bits") {
  const Key key = Key(1) / "dtype";
  const auto wide = numbers(uniform(key, {1000}));
  const auto narrow = numbers(uniform(key.as(f32), {1000}));
  for (std::size_t i = 0; i < wide.size(); ++i) CHECK(std::abs(wide[i] - narrow[i]) <= 0x1p-24);
  CHECK(identical(normal(key, {1000}).tensor().cast(f32), normal(key.as(f32), {1000}).tensor()));
}

TEST_CASE("a normal draw is the quantile of the uniform one, and an element knows only its place") {
  const Key key = Key(2);
  const auto u = numbers(uniform(key, {70, 301}));
  const auto x = numbers(normal(key, {70 * 301}));
  const auto first = numbers(normal(key, {5}));
  for (std::size_t i = 0; i < u.size(); ++i) CHECK(x[i] == ops::normal_quantile(u[i]));
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(x[i] == first[i]);
}

TEST_CASE("neither end of (0, 1) is drawn") {
  for (DType dtype : {f32, f64}) {
    const auto u = numbers(uniform(Key(3, dtype), {1 << 22}));
    CHECK(*std::min_element(u.begin(), u.end()) > 0);
    CHECK(*std::max_element(u.begin(), u.end()) < 1);
  }
}

TEST_CASE(
    "uniform draws are uniform: chi-square of leading and trailing digits, false alarms 1 in 10^5 each") {
  const auto u = numbers(uniform(Key(4) / "chi", {1 << 20}));
  const auto leading = [](double x) { return static_cast<int>(x * 256); };
  const auto trailing = [](double x) {
    return static_cast<int>(static_cast<std::uint64_t>(x * 0x1p52) % 256);
  };
  for (double p : {chi_square(u, 256, leading), chi_square(u, 256, trailing)}) {
    CHECK(p > 0.5e-5);
    CHECK(p < 1 - 0.5e-5);
  }
  // Neighbouring elements together, of one block and of two.
  for (std::size_t offset : {0U, 1U}) {
    std::vector<double> pairs;
    for (std::size_t i = offset; i + 1 < u.size(); i += 2)
      pairs.push_back((std::floor(u[i] * 16) * 16 + std::floor(u[i + 1] * 16)) / 256);
    const double p = chi_square(pairs, 256, leading);
    CHECK(p > 0.5e-5);
    CHECK(p < 1 - 0.5e-5);
  }
}

TEST_CASE("normal draws are normal: Kolmogorov-Smirnov, 10^6 draws, false alarms 1 in 10^6") {
  for (DType dtype : {f32, f64}) {
    auto x = numbers(normal(Key(5, dtype) / "ks", {1000000}));
    std::sort(x.begin(), x.end());
    const double n = static_cast<double>(x.size());
    double distance = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double cdf = normal_cdf(x[i]);
      const double below = static_cast<double>(i) / n;
      distance = std::max({distance, cdf - below, below + 1 / n - cdf});
    }
    // P(sqrt(n) D > t) is at most 2 exp(-2 t^2).
    CHECK(std::sqrt(n) * distance < std::sqrt(std::log(2e6) / 2));
  }
}

TEST_CASE("normal moments are within 5 standard errors: 10^6 draws, false alarms 6 in 10^7 each") {
  const auto x = numbers(normal(Key(6) / "moments", {1000000}));
  const double root = std::sqrt(static_cast<double>(x.size()));
  double m[5] = {};
  for (double e : x)
    for (int k = 1; k <= 4; ++k) m[k] += std::pow(e, k) / (root * root);
  CHECK(std::abs(m[1]) * root < 5);
  CHECK(std::abs(m[2] - 1) * root < 5 * std::sqrt(2.0));
  CHECK(std::abs(m[3]) * root < 5 * std::sqrt(15.0));
  CHECK(std::abs(m[4] - 3) * root < 5 * std::sqrt(96.0));
}

TEST_CASE("streams, steps, seeds and iterations are uncorrelated: |z| < 5, false alarms 6 in 10^7 each") {
  const Shape shape{200000};
  const Key key = at_step(8, 0);
  const auto draw = [&](const Key& k) { return numbers(normal(k, shape)); };
  const auto base = draw(key / "a");
  const std::vector<Key> others = {
      key / "b",           key / "a" / "a",        key,
      at_step(8, 1) / "a", at_step(8, 2) / "a",    at_step(8, Index{1} << 32) / "a",
      at_step(9, 0) / "a", at_step(-8, 0) / "a",   (key / "a").at(0),
      (key / "a").at(1),   (key / "a").at(0).at(0)};
  for (std::size_t i = 0; i < others.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(correlation_score(base, draw(others[i]))) < 5);
  }
  for (std::size_t lag : {1U, 2U, 3U, 64U}) {
    const std::vector<double> shifted(base.begin() + static_cast<std::ptrdiff_t>(lag), base.end());
    CHECK(std::abs(correlation_score(shifted, base)) < 5);
  }
}

TEST_CASE("one element over many steps, streams or iterations is uniform: chi-square, false alarms 1 in 10^5 "
          "each") {
  std::vector<double> steps, streams, iterations;
  const Key key = Key(10) / "site";
  for (Index i = 0; i < 20000; ++i) {
    steps.push_back(uniform(at_step(10, i), {}).item());
    streams.push_back(uniform(Key(10) / ("site " + std::to_string(i)), {}).item());
    iterations.push_back(uniform(key.at(i), {}).item());
  }
  for (const auto& draws : {steps, streams, iterations}) {
    CHECK(std::set<double>(draws.begin(), draws.end()).size() == draws.size());
    const double p = chi_square(draws, 100, [](double u) { return static_cast<int>(u * 100); });
    CHECK(p > 0.5e-5);
    CHECK(p < 1 - 0.5e-5);
  }
}

TEST_CASE("a path is its segments, in order") {
  const Key key(11);
  CHECK((key / "a/b").stream() == (key / "a" / "b").stream());
  CHECK((key / "a/b").stream() != (key / "b/a").stream());
  CHECK((key / "ab").stream() != (key / "a" / "b").stream());
  CHECK((key / "").stream() != key.stream());
  CHECK((key / "a").counter().tensor().view<Index>()[0] == 11);
}

TEST_CASE("nested iterations chain in order") {
  const Key key(12);
  const auto counter = [](const Key& k) { return numbers(k.counter()); };
  CHECK(counter(key.at(1).at(2)) != counter(key.at(2).at(1)));
  CHECK(counter(key.at(0)) != counter(key.at(0).at(0)));
  CHECK(key.at(3).counter().type() == Type{i64, {3}});
  CHECK(key.at(Tensor(Index{3})).counter().tensor().view<Index>()[2] ==
        key.at(3).counter().tensor().view<Index>()[2]);
}

TEST_CASE("leading axes of a counter draw by themselves") {
  const Key key(Tensor({2, 2}, {Index{1}, Index{0}, Index{1}, Index{5}}), f32);
  for (Index own : {3, 5000}) {
    const Tensor both = normal(key / "z", {2, own}).tensor();
    CHECK(identical(both.rows(0, 1).reshaped({own}), normal(at_step(1, 0, f32) / "z", {own}).tensor()));
    CHECK(identical(both.rows(1, 2).reshaped({own}), normal(at_step(1, 5, f32) / "z", {own}).tensor()));
  }
  const Tensor folded = key.at(Tensor({2}, {Index{7}, Index{8}})).counter().tensor();
  CHECK(identical(folded.rows(1, 2).reshaped({3}), at_step(1, 5).at(8).counter().tensor()));
}

TEST_CASE("under batch, each counter draws by itself, and so does each iteration") {
  const Tensor counter({2}, {Index{3}, Index{4}});
  const Tensor counters({2, 2}, {Index{5}, Index{6}, Index{7}, Index{8}});
  const auto of_counters = compile([](Var one, Var many) {
    const Var z = normal(Key(one, f32) / "z", {2, 3});
    return batch(std::vector{z}, std::vector{Replacement{one, many}}, 2)[0];
  })(counter, counters)[0];
  CHECK(
      identical(of_counters.rows(1, 2).reshaped({2, 3}), normal(at_step(7, 8, f32) / "z", {2, 3}).tensor()));

  const auto of_iterations = compile([](Var one, Var i, Var many) {
    const Var z = uniform((Key(one, f64) / "z").at(i), {4});
    return batch(std::vector{z}, std::vector{Replacement{i, many}}, 3)[0];
  })(counter, Tensor(Index{0}), Tensor::iota(i64, 3))[0];
  for (Index i : {0, 1, 2})
    CHECK(identical(of_iterations.rows(i, i + 1).reshaped({4}),
                    uniform((at_step(3, 4) / "z").at(Tensor(i)), {4}).tensor()));
}

TEST_CASE("the bits of a draw do not depend on the number of threads") {
  Pool one(1);
  Pool three(3);
  const Op& op = row_of("normal");
  const auto run = [&](Pool& pool) {
    const std::vector<Type> types{{i64, {3, 2}}};
    const Attrs attrs{{"stream", Index{1}}, {"shape", Shape{3, 30001}}, {"dtype", f64}};
    const Signature signature{types, attrs};
    Tensor y(op.types(signature, {})[0]);
    const Tensor counter({3, 2}, {Index{1}, Index{2}, Index{3}, Index{4}, Index{5}, Index{6}});
    const void* in = counter.data();
    void* out = y.mutable_data();
    op->kernel(signature)({&in, &out, pool});
    return y;
  };
  CHECK(identical(run(one), run(three)));
}

TEST_CASE("on a tape, one key draws one node, and a replay draws from the counter") {
  const auto tape = Tape::make();
  const Key key(tape->input({i64, {2}}, "counter"), f32);
  const Var a = normal(key / "z", {3});
  const int size = tape->size();
  const Var b = normal(key / "z", {3});
  CHECK(tape->size() == size);
  CHECK(a.place()->ref == b.place()->ref);
  CHECK(a.type() == Type{f32, {3}});
  CHECK(normal(key / "w", {3}).place()->ref != a.place()->ref);
  CHECK(key.at(tape->input({i64, {}}, "i")).counter().type() == Type{i64, {3}});
  tape->validate();
}

TEST_CASE("noise errors name the operation, the type and the file") {
  const Key wrong(Var(column({1, 2})), f64);
  CHECK(error_of([&] { uniform(wrong, {3}); }) ==
        "[uniform] the counter is f64[2]; it has to be i64[..,2] or i64[..,3] (at random_test.cpp)");
  CHECK(error_of([&] { wrong.at(Tensor(Index{1})); }) ==
        "[fold] the counter is f64[2]; it has to be i64[..,2] or i64[..,3] (at random_test.cpp)");
  CHECK(error_of([&] {
          Key(1).at(Tensor({2}, {Index{1}, Index{2}}));
        }) == "[fold] the iteration is i64[2]; it has to be i64[] (at random_test.cpp)");
  CHECK(error_of([&] { normal(Key(1, i64), {3}); }) ==
        "[normal] is not defined for i64 (at random_test.cpp)");
  CHECK(error_of([&] {
          normal(Key(Var(Tensor(Type{i64, {4, 2}})), f64), {3, 4});
        }) == "[normal] the counter is i64[4,2]; its leading axes have to begin the shape [3,4] (at "
              "random_test.cpp)");
}

}  // namespace tapir::test
