// Reduction kernels: accuracy, an order that n and inner alone decide, NaN and empty axes, on every instruction set.
// SPDX-License-Identifier: BSD-3-Clause
#include "kernels_support.hpp"

using namespace tapir;
using namespace tapir::kernels_test;

namespace {

struct Extents {
  Index outer, n, inner;

  std::size_t size() const { return static_cast<std::size_t>(outer * n * inner); }
  std::size_t results() const { return static_cast<std::size_t>(outer * inner); }
};

// Around the widths of batches, of short rows, of blocks; narrow and wide inner axes.
const Extents shapes[] = {{1, 1, 1},    {3, 2, 1},    {40, 10, 1},  {17, 32, 1},  {17, 33, 1}, {5, 64, 1},
                          {2, 1023, 1}, {3, 1025, 1}, {1, 9000, 1}, {1, 1, 5},    {2, 7, 2},   {3, 100, 3},
                          {2, 300, 7},  {4, 19, 8},   {3, 33, 15},  {2, 257, 16}, {2, 64, 17}, {1, 513, 31},
                          {2, 100, 33}, {2, 40, 100}, {1, 700, 65}, {1, 2000, 1}};

template <class T>
std::vector<T> reduce(std::string_view name, InstructionSet set, const std::vector<T>& in, Extents e) {
  const kernels::ReduceKernel kernel = kernels::find_reduce(name, dtype_of<T>, set);
  REQUIRE((kernel != nullptr));
  std::vector<T> out(e.results());
  kernel(in.data(), out.data(), 0, e.outer, e.n, e.inner);
  return out;
}

template <class T>
std::vector<T> uniform(std::size_t count, double low, double high, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> distribution(low, high);
  std::vector<T> values(count);
  for (T& v : values) v = static_cast<T>(distribution(random));
  return values;
}

/// One result by the definition, in long double.
template <class T, class F>
Wide by_definition(const std::vector<T>& in, Extents e, std::size_t result, Wide start, const F& combine) {
  const Index outer = static_cast<Index>(result) / e.inner, column = static_cast<Index>(result) % e.inner;
  Wide total = start;
  for (Index i = 0; i < e.n; ++i)
    total =
        combine(total, static_cast<Wide>(in[static_cast<std::size_t>((outer * e.n + i) * e.inner + column)]));
  return total;
}

template <class T>
void check_accuracy() {
  constexpr double unit = std::numeric_limits<T>::epsilon();
  for (InstructionSet set : supported_sets())
    for (const Extents& e : shapes) {
      INFO(name_of(set) << " " << name_of(dtype_of<T>) << "[" << e.outer << "," << e.n << "," << e.inner
                        << "]");
      const auto x = uniform<T>(e.size(), -1, 1, 1);
      const auto near_one = uniform<T>(e.size(), 0.99, 1.01, 2);
      const auto sum = reduce<T>("sum", set, x, e), product = reduce<T>("prod", set, near_one, e);
      const auto most = reduce<T>("max", set, x, e), least = reduce<T>("min", set, x, e);
      double sum_error = 0, product_error = 0;
      bool extremes = true;
      for (std::size_t r = 0; r < e.results(); ++r) {
        const Wide magnitude = by_definition(x, e, r, 0, [](Wide a, Wide b) { return a + std::fabs(b); });
        const Wide wanted = by_definition(x, e, r, 0, [](Wide a, Wide b) { return a + b; });
        sum_error = std::max(sum_error,
                             static_cast<double>(std::fabs(static_cast<Wide>(sum[r]) - wanted) / magnitude));
        const Wide times = by_definition(near_one, e, r, 1, [](Wide a, Wide b) { return a * b; });
        product_error = std::max(
            product_error, static_cast<double>(std::fabs(static_cast<Wide>(product[r]) - times) / times));
        const auto max = [](Wide a, Wide b) { return std::max(a, b); };
        const auto min = [](Wide a, Wide b) { return std::min(a, b); };
        extremes = extremes && static_cast<Wide>(most[r]) == by_definition(x, e, r, -2, max) &&
                   static_cast<Wide>(least[r]) == by_definition(x, e, r, 2, min);
      }
      // A chain holds at most 64 numbers of a block, and lanes and blocks are combined pairwise: fewer than 80 half units
      // in the worst case for a sum; a product's error grows with n like a random walk.
      CHECK(sum_error <= 40 * unit);
      CHECK(product_error <= 3 * std::sqrt(static_cast<double>(e.n)) * unit);
      CHECK(extremes);
    }
}

template <class T>
void check_splits() {
  for (InstructionSet set : supported_sets())
    for (const char* name : {"sum", "sum_squares", "prod", "max", "min"}) {
      const kernels::ReduceKernel kernel = kernels::find_reduce(name, dtype_of<T>, set);
      bool same = true;
      for (const Extents& e : shapes) {
        const auto x = uniform<T>(e.size(), -2, 2, 3);
        const auto whole = reduce<T>(name, set, x, e);
        for (Index step : {1, 2, 3, 7, 16}) {
          std::vector<T> split(whole.size());
          for (Index first = 0; first < e.outer; first += step)
            kernel(x.data(), split.data(), first, std::min(e.outer, first + step), e.n, e.inner);
          same = same && std::memcmp(whole.data(), split.data(), whole.size() * sizeof(T)) == 0;
        }
        // The same numbers elsewhere in memory, at another alignment.
        std::vector<T> moved(x.size() + 1);
        std::copy(x.begin(), x.end(), moved.begin() + 1);
        std::vector<T> out(whole.size());
        kernel(moved.data() + 1, out.data(), 0, e.outer, e.n, e.inner);
        same = same && std::memcmp(whole.data(), out.data(), whole.size() * sizeof(T)) == 0;
      }
      CHECK_MESSAGE(same, std::string(name) << " on " << name_of(set));
    }
}

template <class T>
void check_squares() {
  for (InstructionSet set : supported_sets())
    for (const Extents& e : shapes) {
      const auto x = uniform<T>(e.size(), -2, 2, 5);
      auto squares = x;
      for (T& value : squares) value *= value;
      const auto at_once = reduce<T>("sum_squares", set, x, e), after = reduce<T>("sum", set, squares, e);
      INFO(name_of(set) << " [" << e.outer << "," << e.n << "," << e.inner << "]");
      CHECK(std::memcmp(at_once.data(), after.data(), after.size() * sizeof(T)) == 0);
    }
}

template <class T>
void check_nan() {
  for (InstructionSet set : supported_sets())
    for (const char* name : {"sum", "sum_squares", "prod", "max", "min"})
      for (const Extents& e : shapes) {
        const auto x = uniform<T>(e.size(), -1, 1, 4);
        for (std::size_t at : {std::size_t(0), x.size() / 2, x.size() - 1}) {
          auto poisoned = x;
          poisoned[at] = std::numeric_limits<T>::quiet_NaN();
          const Index flat = static_cast<Index>(at);
          const auto hit = static_cast<std::size_t>(flat / (e.n * e.inner) * e.inner + flat % e.inner);
          const auto clean = reduce<T>(name, set, x, e), out = reduce<T>(name, set, poisoned, e);
          bool right = std::isnan(out[hit]);
          for (std::size_t r = 0; r < out.size(); ++r)
            if (r != hit) right = right && std::memcmp(&out[r], &clean[r], sizeof(T)) == 0;
          INFO(std::string(name) << " on " << name_of(set) << " [" << e.outer << "," << e.n << "," << e.inner
                                 << "] at " << at);
          CHECK(right);
        }
      }
}

}  // namespace

TEST_CASE("reductions: a sum of squares has the bits of the sum of the squares") {
  check_squares<float>();
  check_squares<double>();
}

TEST_CASE("kernels: reductions agree with long double") {
  check_accuracy<float>();
  check_accuracy<double>();
}

TEST_CASE("kernels: the f32 sum of ten million numbers keeps six digits") {
  const auto x = uniform<float>(10'000'000, 0, 1, 5);
  Wide wanted = 0;
  for (float v : x) wanted += static_cast<Wide>(v);
  for (InstructionSet set : supported_sets()) {
    const float sum = reduce<float>("sum", set, x, {1, 10'000'000, 1})[0];
    CHECK(std::fabs(static_cast<Wide>(sum) - wanted) <= 1e-6L * wanted);
    const auto columns = reduce<float>("sum", set, x, {1, 2'500'000, 4});
    const Wide total = static_cast<Wide>(columns[0]) + static_cast<Wide>(columns[1]) +
                       static_cast<Wide>(columns[2]) + static_cast<Wide>(columns[3]);
    CHECK(std::fabs(total - wanted) <= 1e-6L * wanted);
  }
}

TEST_CASE("kernels: a reduction's bits do not depend on how its rows are split") {
  check_splits<float>();
  check_splits<double>();
}

TEST_CASE("kernels: NaN reaches its own result of a reduction and no other") {
  check_nan<float>();
  check_nan<double>();
}

TEST_CASE("kernels: an empty axis reduces to the neutral element") {
  for (InstructionSet set : supported_sets())
    for (const Extents& e : {Extents{2, 0, 1}, Extents{2, 0, 3}, Extents{1, 0, 40}}) {
      const auto all = [&](std::string_view name, auto value) {
        const auto out = reduce<decltype(value)>(name, set, {}, e);
        CHECK(std::all_of(out.begin(), out.end(), [&](auto v) { return v == value; }));
      };
      all("sum", 0.0f);
      all("prod", 1.0);
      all("max", -std::numeric_limits<float>::infinity());
      all("min", std::numeric_limits<double>::infinity());
      all("sum", Index(0));
      all("max", std::numeric_limits<Index>::min());
      all("min", std::numeric_limits<Index>::max());
    }
}

TEST_CASE("kernels: reductions of whole numbers are exact") {
  std::mt19937_64 random(6);
  for (InstructionSet set : supported_sets())
    for (const Extents& e : shapes) {
      std::vector<Index> x(e.size());
      for (Index& v : x) v = static_cast<Index>(random() % 2000) - 1000;
      const auto sum = reduce<Index>("sum", set, x, e), most = reduce<Index>("max", set, x, e),
                 least = reduce<Index>("min", set, x, e);
      bool right = true;
      for (std::size_t r = 0; r < e.results(); ++r) {
        right = right &&
                static_cast<Wide>(sum[r]) == by_definition(x, e, r, 0, [](Wide a, Wide b) { return a + b; });
        right = right && static_cast<Wide>(most[r]) ==
                             by_definition(x, e, r, -2000, [](Wide a, Wide b) { return std::max(a, b); });
        right = right && static_cast<Wide>(least[r]) ==
                             by_definition(x, e, r, 2000, [](Wide a, Wide b) { return std::min(a, b); });
      }
      CHECK(right);
    }
  CHECK(reduce<Index>("prod", InstructionSet::sse4_2, {2, 3, -7}, {1, 3, 1})[0] == -42);
}
