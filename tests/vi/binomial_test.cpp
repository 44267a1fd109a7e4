// Binomial: its row, its errors, large totals, totals that differ.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/binomial.hpp>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/kl.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

long double log1p_exp(long double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

// 0 log 0 = 0.
long double times(long double x, long double log_p) { return x == 0 ? 0 : x * log_p; }

long double log_probability(const Parameters& p, long double x) {
  const long double n = p[0].item(), logits = p[1].item();
  if (x > n) return -INFINITY;
  return boost::math::lgamma(n + 1) - boost::math::lgamma(x + 1) - boost::math::lgamma(n - x + 1) -
         times(x, log1p_exp(-logits)) - times(n - x, log1p_exp(logits));
}

// A rounding of log sigmoid moves log p by |x - mean| of it: in f32 more than 1e-5 where the deviation is
// 1e3.
const Listed row{{
    .name = "Binomial",
    .make = [](const std::vector<Var>& p) { return Binomial{.total_count = p[0], .logits = p[1]}; },
    .cases = {scalars({12, 0.4}), scalars({12, -1.3}), scalars({1, 2}), scalars({40, 0}), scalars({100, -3}),
              scalars({100, 4}), scalars({0, 1}), scalars({5, -69}), scalars({5, infinity}),
              scalars({5, -infinity})},
    .extremes = {scalars({1e6, -69}), scalars({1e6, -11}), scalars({1e6, 12}), scalars({1e4, 0.3})},
    .log_prob = log_probability,
    .cdf =
        [](const Parameters& p, long double x) {
          const long double n = p[0].item(), logits = p[1].item();
          return x >= n ? 1 : boost::math::ibeta(n - x, x + 1, 1 / (1 + std::exp(logits)));
        },
    .points =
        [](const Parameters& p) {
          std::vector<double> x;
          const double n = p[0].item(), q = 1 / (1 + std::exp(p[1].item()));
          const double mean = n / (1 + std::exp(-p[1].item())), width = std::sqrt(mean * q);
          const double low = n <= 100 ? 0 : std::max(0.0, std::floor(mean - 12 * width - 20));
          const double high = n <= 100 ? n : std::min(n, std::floor(mean + 12 * width + 20));
          for (double k = low; k <= high; k += std::max(1.0, std::floor((high - low) / 500))) x.push_back(k);
          return x;
        },
    .outside = {-1, 0.5, 101, -infinity, infinity},
    .random =
        [](std::mt19937_64& noise) {
          const double size = std::uniform_real_distribution<double>(0, 20)(noise);
          return std::vector<double>{std::floor(std::exp2(size)),
                                     std::normal_distribution<double>(0, 10)(noise)};
        },
}};

}  // namespace

TEST_CASE("Binomial: parameter errors name the law, the parameter and the value") {
  const Where at{"model.cpp", 7};
  CHECK(
      error_of([&] {
        Distribution(Binomial{2.5, 0}).check(at);
      }) ==
      "[Binomial] total_count is 2.5, needs to be a whole number in [0, 9007199254740992] (at model.cpp:7)");
  CHECK(error_of([&] {
          Distribution(Binomial{2, NAN}).check(at);
        }) == "[Binomial] logits is nan, needs to be a number (at model.cpp:7)");
  CHECK(error_of([&] {
          Binomial::probs(2, {1.5, at});
        }) == "[Binomial] probs is 1.5, needs to lie in [0, 1] (at model.cpp:7)");
  CHECK(error_of([&] {
          Binomial({column({1, 2}), 0}).enumerate(at);
        }) ==
        "[Binomial] total_count is f64[2]: not all elements have the same values to list (at model.cpp:7)");
  CHECK(error_of([&] {
          Binomial({Tape::make()->input({f64, {}}), 0}).enumerate(at);
        }) ==
        "[Binomial] total_count is recorded; the values can be listed only if it is plain (at model.cpp:7)");
}

// mpmath, 60 digits: loggamma of the formula in the header. A rounding of log sigmoid moves log p by |x -
// mean| of it.
TEST_CASE("Binomial: log_prob keeps 1e-12 for totals of 1e6 and 1e9, and loses what its conditioning loses "
          "for 2^52") {
  struct Checked {
    double n, logits, x, expected;
  };
  const Checked points[] = {
      {1000000, -0.80000000000000004, 0, -371100.66594777771224},
      {1000000, -0.80000000000000004, 306325, -39.131429078428325007},
      {1000000, -0.80000000000000004, 309886, -7.1009726205640101194},
      {1000000, -0.80000000000000004, 310950, -9.0530452438545609482},
      {1000000, -0.80000000000000004, 323900, -453.44059993641897606},
      {1000000, 0, 0, -693147.18055994530942},
      {1000000, 0, 496000, -39.133856222695921762},
      {1000000, 0, 499850, -7.1785468373018924837},
      {1000000, 0, 501000, -9.1335462149596644836},
      {1000000, 0, 515000, -457.20062099102818911},
      {1000000, 5, 0, -5006715.3484891180686},
      {1000000, 5, 992654, -36.462189555550757666},
      {1000000, 5, 993282, -5.3693629090096711667},
      {1000000, 5, 993470, -7.3186233668282599984},
      {1000000, 5, 995753, -522.30291195923508818},
      {1000000, -20, 0, -0.0020611536203143807032},
      {1000000, -20, 1, -6.1865505956560402766},
      {1000000, -20, 7, -51.818669608981310099},
      {1000000, -69, 0, -1.0806392777072784945e-24},
      {1000000, -69, 1, -55.184489442035725896},
      {1000000, -69, 7, -394.81660845536099572},
      {1000000000, -0.80000000000000004, 0, -371100665.94777771224},
      {1000000000, -0.80000000000000004, 309908513, -42.511943270452525808},
      {1000000000, -0.80000000000000004, 310021131, -10.554470632300462388},
      {1000000000, -0.80000000000000004, 310054770, -12.509438005529184942},
      {1000000000, -0.80000000000000004, 310464288, -460.39218390229120789},
      {1000000000, 0, 0, -693147180.55994530942},
      {1000000000, 0, 499873508, -42.587876708710467417},
      {1000000000, 0, 499995256, -10.632435343323597271},
      {1000000000, 0, 500031622, -12.587326038701233602},
      {1000000000, 0, 500474341, -460.58625988302383117},
      {1000000000, 5, 0, -5006715348.4891180686},
      {1000000000, 5, 993286522, -40.742828874506340344},
      {1000000000, 5, 993306375, -8.8189771163200922885},
      {1000000000, 5, 993312305, -10.773331346635055621},
      {1000000000, 5, 993384500, -460.49355268390796739},
      {1000000000, -20, 0, -2.0611536203143807032},
      {1000000000, -20, 1, -1.3378877833679695471},
      {1000000000, -20, 9, -8.353588603878150011},
      {1000000000, -69, 0, -1.0806392777072784945e-21},
      {1000000000, -69, 1, -48.276734163053588844},
      {1000000000, -69, 7, -346.46230052344053625},
      {4503599627370496, -0.80000000000000004, 0, -1671288820879354.6186},
      {4503599627370496, -0.80000000000000004, 1396230562964232, -50.169665578090894076},
      {4503599627370496, -0.80000000000000004, 1396230801957599, -18.214664563344532627},
      {4503599627370496, -0.80000000000000004, 1396230873345228, -20.169664523922276488},
      {4503599627370496, -0.80000000000000004, 1396231742412018, -468.1696091085782058},
      {4503599627370496, 0, 0, -3121657384082679.6044},
      {4503599627370496, 0, 2251799545249792, -50.247618047203374219},
      {4503599627370496, 0, 2251799803618918, -18.29261805077958428},
      {4503599627370496, 0, 2251799880794112, -20.247618047203305385},
      {4503599627370496, 0, 2251800820318208, -468.24761804721819362},
      {4503599627370496, 5, 0, -22548241377805735.157},
      {4503599627370496, 5, 4473457662667740, -48.434035128032206854},
      {4503599627370496, 5, 4473457704800312, -16.479049887738742279},
      {4503599627370496, 5, 4473457717385366, -18.434050096304535152},
      {4503599627370496, 5, 4473457870594718, -466.43486222787752442},
      {4503599627370496, -20, 0, -9282610.6764011937296},
      {4503599627370496, -20, 9258236, -40.969507391269643409},
      {4503599627370496, -20, 9281696, -8.9857810291881617083},
      {4503599627370496, -20, 9288704, -10.940562511882504814},
      {4503599627370496, -20, 9374012, -457.46808457362713673},
      {4503599627370496, -69, 0, -4.866766648404421373e-15},
      {4503599627370496, -69, 1, -32.956346610882848777},
      {4503599627370496, -69, 7, -239.2195876372453312},
  };
  for (const auto& [n, logits, x, expected] : points) {
    const double y = Binomial{n, logits}.log_prob(Tensor(x)).item();
    const double conditioning =
        n < 1e10 ? 0 : 2e-16 * (2 + std::abs(logits)) * std::abs(x - n / (1 + std::exp(-logits)));
    CAPTURE(n);
    CAPTURE(logits);
    CAPTURE(x);
    CAPTURE(y / expected - 1);
    CHECK(near(y, expected, std::max(1e-12, conditioning / std::max(1.0, std::abs(expected)))));
  }
}

TEST_CASE("Binomial: sums of coins, of each element's own total") {
  const Binomial law{column({1, 4, 9}), column({0.3, -1, 2})};
  CHECK(law.sample(Key(1), {5, 3}).shape() == Shape{5, 3});
  const auto mean = numbers(law.mean());
  CHECK(near(mean[1], 4 / (1 + std::exp(1.0)), 1e-15));
  CHECK(numbers(law.log_prob(column({2, 2, 2})))[0] == -infinity);
}

TEST_CASE("Binomial: probabilities become logits, both ends included") {
  CHECK(near(Binomial::probs(3, 0.25).log_prob(1.0).item(), std::log(27.0 / 64), 1e-15));
  CHECK(Binomial::probs(3, 1.0).log_prob(3.0).item() == 0);
  CHECK(Binomial::probs(3, 1.0).log_prob(2.0).item() == -infinity);
  CHECK(numbers(Binomial::probs(7, column({0, 1})).sample(Key(1), {2})) == std::vector<double>{0, 7});
}

TEST_CASE("Binomial: kl is inf where q has fewer trials, and not known where it has more") {
  CHECK(kl(Binomial{4, 0.3}, Binomial{3, 0.3})->item() == infinity);
  CHECK(!kl(Binomial{3, 0.3}, Binomial{4, 0.3}));
  CHECK(near(kl(Binomial{4, -infinity}, Binomial{3, 0})->item(), 3 * std::log(2.0L), 1e-15));
  const Var n = Tape::make()->input({f64, {}}), m = Tape::make()->input({f64, {}});
  CHECK(kl(Binomial{n, 0.3}, Binomial{n, 0.5}));
  CHECK(!kl(Binomial{n, 0.3}, Binomial{m, 0.5}));
}

TEST_CASE("Binomial: kl of neighbouring laws keeps its digits") {
  const long double p = 1 / (1 + std::exp(-0.3L)), d = 1e-7;
  const double y = kl(Binomial{1e6, 0.3}, Binomial{1e6, 0.3 + 1e-7})->item();
  const long double expected = 1e6L * p * (1 - p) * d * d / 2;
  CHECK(std::abs(y / static_cast<double>(expected) - 1) < 1e-6);
}

}  // namespace tapir::vi::test
