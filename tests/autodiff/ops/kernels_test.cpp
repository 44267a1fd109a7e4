// Kernels: special values, and that an element's bits depend on its operands alone, on every instruction set.
// SPDX-License-Identifier: BSD-3-Clause
#include "kernels_support.hpp"

#include <tapir/autodiff/ops/kernels/sets.hpp>
#include <tapir/autodiff/tensor/error.hpp>

#include <array>

using namespace tapir;
using namespace tapir::kernels_test;

namespace {

/// Every rule there is.
struct Rule {
  const char* name;
  int operands;
  bool integers = false;     // has a kernel for i64
  bool rounds_once = false;  // at most, in every step
};

const Rule all_rules[] = {
    {"add", 2, true, true},
    {"sub", 2, true, true},
    {"mul", 2, true, true},
    {"div", 2, false, true},
    {"neg", 1, true, true},
    {"pow", 2},
    {"square", 1, true, true},
    {"sqrt", 1, false, true},
    {"rsqrt", 1, false, true},
    {"abs", 1, true, true},
    {"sign", 1, true, true},
    {"maximum", 2, true, true},
    {"minimum", 2, true, true},
    {"exp", 1},
    {"expm1", 1},
    {"log", 1},
    {"log1p", 1},
    {"logaddexp", 2},
    {"sin", 1},
    {"cos", 1},
    {"tan", 1},
    {"atan", 1},
    {"atan2", 2},
    {"tanh", 1},
    {"sigmoid", 1},
    {"log_sigmoid", 1},
    {"softplus", 1},
    {"relu", 1, false, true},
    {"elu", 1},
    {"gelu", 1},
    {"silu", 1},
    {"erf", 1},
    {"erfc", 1},
    {"lgamma", 1},
    {"digamma", 1},
    {"stirling_rest", 1},
    {"factorial_rest", 1},
    {"log_minus_digamma", 1},
    {"stirling_excess", 2},
    {"log_minus_digamma_fall", 2},
    {"trigamma_excess", 1},
    {"ndtr", 1},
    {"log_ndtr", 1},
    {"normal_hazard", 1},
    {"log1mexp", 1},
    {"exp_remainder", 1},
    {"log_ratio", 2},
    {"itakura_saito", 2},
    {"log_hypot", 2},
    {"reciprocal_re", 2},
    {"logit", 1},
    {"xlogy", 2},
    {"xlog1py", 2},
    {"i0e", 1},
    {"i1e", 1},
    {"log_i0", 1},
    {"poisson_inverse", 2},
    {"binomial_inverse", 3},
    {"equal", 2, true, true},
    {"not_equal", 2, true, true},
    {"less", 2, true, true},
    {"less_equal", 2, true, true},
    {"greater", 2, true, true},
    {"greater_equal", 2, true, true},
    {"logical_and", 2, true, true},
    {"logical_or", 2, true, true},
    {"logical_xor", 2, true, true},
    {"logical_not", 1, true, true},
    {"where", 3, true, true},
    {"isfinite", 1, false, true},
    {"isnan", 1, false, true},
    {"floor", 1, false, true},
    {"ceil", 1, false, true},
    {"round", 1, false, true},
};

/// Operands of mixed magnitudes, so that a batch holds easy and hard ones at once.
template <class T>
std::vector<std::vector<T>> mixed_operands() {
  if constexpr (std::is_same_v<T, Index>) {
    std::vector<Index> a = {std::numeric_limits<Index>::min(), std::numeric_limits<Index>::max(), 0, 1, -1};
    std::mt19937_64 random(6);
    for (int i = 0; i < 300; ++i) a.push_back(static_cast<Index>(random()) >> (random() % 64));
    return {a, shuffled(a, 7), shuffled(a, 8)};
  } else {
    const std::vector<T> a = shuffled(numbers<T>(9, 30), 10);
    return {a, shuffled(a, 11), shuffled(a, 12)};
  }
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class T>
void check_bits(const Rule& rule) {
  const auto operands = mixed_operands<T>();
  const std::size_t n = operands[0].size();
  for (InstructionSet set : supported_sets()) {
    const TileKernel kernel = kernels::find_tile(rule.name, dtype_of<T>, set);
    REQUIRE((kernel != nullptr));
    const auto run = [&](const std::vector<std::vector<T>>& from, std::size_t first, std::size_t count,
                         T* out) {
      const void* in[] = {&from[0][first], &from[1][first], &from[2][first]};
      kernel(in, out, static_cast<Index>(count));
    };
    std::vector<T> alone(n), out(n);
    for (std::size_t i = 0; i < n; ++i) run(operands, i, 1, &alone[i]);

    INFO(std::string(rule.name) << " on " << name_of(set) << ", " << name_of(dtype_of<T>));
    run(operands, 0, n, out.data());
    CHECK(same_bits(out, alone));
    bool same = true;
    for (std::size_t size = 1; size <= 67; ++size) {
      for (std::size_t first = size % 5; first < n; first += size)
        run(operands, first, std::min(size, n - first), &out[first]);
      same = same && same_bits(out, alone);
    }
    for (std::size_t offset = 0; offset < 40; ++offset) {
      run(operands, offset, 67, out.data());
      same = same && std::memcmp(out.data(), &alone[offset], 67 * sizeof(T)) == 0;
    }
    CHECK(same);

    // Other neighbours: sorted by size, so that easy ones are among themselves.
    std::vector<std::size_t> order(n);
    for (std::size_t i = 0; i < n; ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
      return std::memcmp(&operands[0][i], &operands[0][j], sizeof(T)) < 0;
    });
    std::vector<std::vector<T>> sorted(3, std::vector<T>(n));
    std::vector<T> wanted(n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < 3; ++k) sorted[k][i] = operands[k][order[i]];
      wanted[i] = alone[order[i]];
    }
    run(sorted, 0, n, out.data());
    CHECK(same_bits(out, wanted));

    for (int k = 0; k < rule.operands; ++k) {
      auto copies = operands;
      const void* in[] = {copies[0].data(), copies[1].data(), copies[2].data()};
      kernel(in, copies[static_cast<std::size_t>(k)].data(), static_cast<Index>(n));
      CHECK_MESSAGE(same_bits(copies[static_cast<std::size_t>(k)], alone), "in the place of operand " << k);
    }
  }
}

template <class T>
void check_special_values() {
  constexpr T inf = infinity<T>, nan = nan_of<T>;
  struct Case {
    const char* rule;
    std::array<T, 3> in;
    T out;
  };
  const Case cases[] = {
      {"maximum", {nan, 1}, nan},
      {"maximum", {1, nan}, nan},
      {"minimum", {nan, 1}, nan},
      {"minimum", {1, nan}, nan},
      {"maximum", {-inf, 1}, 1},
      {"minimum", {inf, nan}, nan},
      {"relu", {nan}, nan},
      {"relu", {-inf}, 0},
      {"relu", {inf}, inf},
      {"relu", {T(-0.0)}, 0},
      {"sign", {nan}, nan},
      {"sign", {-inf}, -1},
      {"neg", {0}, T(-0.0)},
      {"exp", {-inf}, 0},
      {"exp", {inf}, inf},
      {"exp", {T(-0.0)}, 1},
      {"expm1", {T(-0.0)}, T(-0.0)},
      {"expm1", {-inf}, -1},
      {"expm1", {inf}, inf},
      {"log", {0}, -inf},
      {"log", {T(-0.0)}, -inf},
      {"log", {-1}, nan},
      {"log", {-inf}, nan},
      {"log", {inf}, inf},
      {"log", {1}, 0},
      {"log1p", {-1}, -inf},
      {"log1p", {-2}, nan},
      {"log1p", {T(-0.0)}, T(-0.0)},
      {"log1p", {inf}, inf},
      {"logaddexp", {-inf, -inf}, -inf},
      {"logaddexp", {inf, inf}, inf},
      {"logaddexp", {inf, -inf}, inf},
      {"logaddexp", {-inf, 3}, 3},
      {"logaddexp", {nan, inf}, nan},
      {"logaddexp", {-inf, nan}, nan},
      {"sin", {inf}, nan},
      {"cos", {-inf}, nan},
      {"tan", {inf}, nan},
      {"sin", {T(-0.0)}, T(-0.0)},
      {"tan", {T(-0.0)}, T(-0.0)},
      {"cos", {0}, 1},
      {"tanh", {inf}, 1},
      {"tanh", {-inf}, -1},
      {"tanh", {T(-0.0)}, T(-0.0)},
      {"sigmoid", {-inf}, 0},
      {"sigmoid", {inf}, 1},
      {"log_sigmoid", {-inf}, -inf},
      {"log_sigmoid", {nan}, nan},
      {"softplus", {-inf}, 0},
      {"softplus", {inf}, inf},
      {"softplus", {nan}, nan},
      {"elu", {-inf}, -1},
      {"elu", {inf}, inf},
      {"elu", {nan}, nan},
      {"gelu", {-inf}, T(-0.0)},
      {"gelu", {inf}, inf},
      {"gelu", {nan}, nan},
      {"silu", {-inf}, T(-0.0)},
      {"silu", {inf}, inf},
      {"silu", {std::numeric_limits<T>::lowest()}, T(-0.0)},
      {"erf", {inf}, 1},
      {"erf", {-inf}, -1},
      {"erf", {T(-0.0)}, T(-0.0)},
      {"erfc", {inf}, 0},
      {"erfc", {-inf}, 2},
      {"erfc", {0}, 1},
      {"sqrt", {-1}, nan},
      {"rsqrt", {0}, inf},
      {"rsqrt", {inf}, 0},
      {"pow", {0, 0}, 1},
      {"pow", {nan, 0}, 1},
      {"pow", {1, nan}, 1},
      {"pow", {-1, inf}, 1},
      {"pow", {-2, 3}, -8},
      {"pow", {-2, T(0.5)}, nan},
      {"pow", {T(-0.0), -3}, -inf},
      {"pow", {0, -inf}, inf},
      {"pow", {-inf, -1}, T(-0.0)},
      {"pow", {2, 10}, 1024},
      {"atan2", {0, -1}, T(3.14159265358979324L)},
      {"atan2", {T(-0.0), T(-0.0)}, T(-3.14159265358979324L)},
      {"atan2", {0, 0}, 0},
      {"atan2", {inf, inf}, T(0.785398163397448310L)},
      {"atan2", {nan, 0}, nan},
      {"atan2", {0, nan}, nan},
      {"round", {T(0.5)}, 0},
      {"round", {T(1.5)}, 2},
      {"round", {T(2.5)}, 2},
      {"round", {T(-2.5)}, -2},
      {"round", {inf}, inf},
      {"floor", {T(-0.5)}, -1},
      {"ceil", {T(-0.5)}, T(-0.0)},
      {"equal", {nan, nan}, 0},
      {"not_equal", {nan, nan}, 1},
      {"not_equal", {1, nan}, 1},
      {"less", {nan, 1}, 0},
      {"less_equal", {1, 1}, 1},
      {"greater", {2, 1}, 1},
      {"greater_equal", {1, nan}, 0},
      {"equal", {0, T(-0.0)}, 1},
      {"logical_and", {2, nan}, 1},
      {"logical_and", {2, 0}, 0},
      {"logical_or", {0, T(-0.0)}, 0},
      {"logical_or", {0, nan}, 1},
      {"logical_xor", {3, 2}, 0},
      {"logical_xor", {0, T(0.5)}, 1},
      {"logical_not", {nan}, 0},
      {"logical_not", {T(-0.0)}, 1},
      {"where", {1, 2, nan}, 2},
      {"where", {0, nan, 3}, 3},
      {"where", {T(-0.0), inf, 3}, 3},
      {"where", {nan, 2, 3}, 2},
      {"where", {T(0.5), -inf, nan}, -inf},
      {"isfinite", {inf}, 0},
      {"isfinite", {nan}, 0},
      {"isfinite", {std::numeric_limits<T>::max()}, 1},
      {"isnan", {nan}, 1},
      {"isnan", {-inf}, 0},
      {"isnan", {0}, 0},
      {"div", {1, 0}, inf},
      {"div", {0, 0}, nan},
  };
  for (InstructionSet set : supported_sets())
    for (const Case& c : cases) {
      const T out = apply<T>(c.rule, set, {{c.in[0]}, {c.in[1]}, {c.in[2]}})[0];
      INFO(std::string(c.rule) << "(" << c.in[0] << ", " << c.in[1] << ", " << c.in[2] << ") on "
                               << name_of(set));
      if (std::isnan(c.out)) {
        CHECK(std::isnan(out));
      } else {
        CHECK(out == c.out);
        CHECK(std::signbit(out) == std::signbit(c.out));
      }
    }
}
}  // namespace

TEST_CASE("kernels: special values are those of the table") {
  check_special_values<float>();
  check_special_values<double>();
}

TEST_CASE("kernels: an element's bits depend on its operands alone, in place too") {
  for (const Rule& rule : all_rules) {
    check_bits<float>(rule);
    check_bits<double>(rule);
    if (rule.integers) check_bits<Index>(rule);
  }
}
TEST_CASE("kernels: what the standard rounds once has the same bits on every instruction set") {
  const auto check = [](auto zero) {
    using T = decltype(zero);
    const auto operands = mixed_operands<T>();
    for (const Rule& rule : all_rules) {
      if (!rule.rounds_once) continue;
      const auto base = apply<T>(rule.name, InstructionSet::sse4_2, operands);
      for (InstructionSet set : supported_sets()) {
        INFO(std::string(rule.name) << " on " << name_of(set));
        CHECK(same_bits(apply<T>(rule.name, set, operands), base));
      }
    }
  };
  check(0.0f);
  check(0.0);
}

TEST_CASE("kernels: whole numbers wrap around, compare and select exactly") {
  constexpr Index low = std::numeric_limits<Index>::min(), high = std::numeric_limits<Index>::max();
  struct Case {
    const char* rule;
    std::array<Index, 3> in;
    Index out;
  };
  const Case cases[] = {
      {"add", {high, 1}, low},
      {"sub", {low, 1}, high},
      {"mul", {high, 2}, -2},
      {"neg", {low}, low},
      {"abs", {low}, low},
      {"abs", {-3}, 3},
      {"sign", {-9}, -1},
      {"sign", {0}, 0},
      {"square", {-3}, 9},
      {"maximum", {-1, high}, high},
      {"minimum", {low, 5}, low},
      {"equal", {high, high - 1}, 0},
      {"less", {high - 1, high}, 1},
      {"greater_equal", {low, low}, 1},
      {"logical_and", {2, 4}, 1},
      {"logical_xor", {2, 4}, 0},
      {"logical_not", {0}, 1},
      {"where", {7, 1, 2}, 1},
      {"where", {0, 1, 2}, 2},
  };
  for (InstructionSet set : supported_sets())
    for (const Case& c : cases) {
      INFO(std::string(c.rule) << " of " << c.in[0] << ", " << c.in[1]);
      CHECK(apply<Index>(c.rule, set, {{c.in[0]}, {c.in[1]}, {c.in[2]}})[0] == c.out);
    }
}

TEST_CASE("kernels: casts round to nearest, and to whole numbers towards zero; what does not fit is 0") {
  const auto cast = [](auto from, auto to, std::string_view rule, InstructionSet set) {
    using From = decltype(from);
    const TileKernel kernel = kernels::find_tile(rule, dtype_of<From>, set);
    REQUIRE((kernel != nullptr));
    // Nineteen of them, so that vector code is what is tested.
    const std::vector<From> in(19, from);
    std::vector<decltype(to)> out(19, to);
    const void* operands[] = {in.data()};
    kernel(operands, out.data(), 19);
    CHECK(std::all_of(out.begin(), out.end(),
                      [&](auto v) { return v == out[0] || std::isnan(static_cast<double>(v)); }));
    return out[0];
  };
  for (InstructionSet set : supported_sets()) {
    CHECK(cast(0.1f, 0.0, "cast_f32_f64", set) == double(0.1f));
    CHECK(cast(0.1, 0.0f, "cast_f64_f32", set) == 0.1f);
    CHECK(std::isinf(cast(1e300, 0.0f, "cast_f64_f32", set)));
    CHECK(std::isnan(cast(nan_of<double>, 0.0f, "cast_f64_f32", set)));
    CHECK(cast(Index(16777217), 0.0f, "cast_i64_f32", set) == 16777216.0f);
    CHECK(cast(Index(-3), 0.0, "cast_i64_f64", set) == -3.0);
    CHECK(cast(-2.9f, Index(7), "cast_f32_i64", set) == -2);
    CHECK(cast(2.9, Index(7), "cast_f64_i64", set) == 2);
    CHECK(cast(-0x1p63, Index(7), "cast_f64_i64", set) == std::numeric_limits<Index>::min());
    for (double outside : {0x1p63, -0x1.8p63, infinity<double>, -infinity<double>, nan_of<double>}) {
      CHECK(cast(outside, Index(7), "cast_f64_i64", set) == 0);
      CHECK(cast(static_cast<float>(outside), Index(7), "cast_f32_i64", set) == 0);
    }
  }
}

TEST_CASE("kernels: every rule is in every table, and nothing else is found") {
  for (InstructionSet set : supported_sets())
    for (const Rule& rule : all_rules) {
      INFO(std::string(rule.name));
      CHECK((kernels::find_tile(rule.name, f32, set) != nullptr));
      CHECK((kernels::find_tile(rule.name, f64, set) != nullptr));
      CHECK((kernels::find_tile(rule.name, i64, set) != nullptr) == rule.integers);
    }
  CHECK(kernels::supported(kernels::instruction_set()));
  CHECK((kernels::find_tile("exp", f32) == kernels::find_tile("exp", f32, kernels::instruction_set())));
  CHECK((kernels::find_tile("no such rule", f32) == nullptr));
  CHECK((kernels::find_reduce("no such rule", f32) == nullptr));
  CHECK((kernels::find_tile("cast_f32_f64", f64) == nullptr));
}

TEST_CASE("kernels: TAPIR_ISA names a set that this machine has") {
  CHECK(kernels::supported(kernels::set_named("")));
  for (InstructionSet set : {InstructionSet::sse4_2, InstructionSet::avx2, InstructionSet::avx512}) {
    const std::string name(name_of(set));
    if (kernels::supported(set)) {
      CHECK(kernels::set_named(name) == set);
    } else {
      const std::string message = "[kernels] TAPIR_ISA is " + name +
                                  ", which this machine does not have; its best is " +
                                  std::string(name_of(kernels::set_named("")));
      CHECK_THROWS_WITH_AS(kernels::set_named(name), message.c_str(), Error);
    }
  }
  CHECK_THROWS_WITH_AS(kernels::set_named("avx3"),
                       "[kernels] TAPIR_ISA is \"avx3\"; it can be sse4_2, avx2 or avx512", Error);
}
