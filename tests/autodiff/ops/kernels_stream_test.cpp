// Streamed reductions have the bits of whole ones; products with a vector are right, row by row, and read no more.
// SPDX-License-Identifier: BSD-3-Clause
#include "kernels_support.hpp"

using namespace tapir;
using namespace tapir::kernels_test;

namespace {

template <class T>
std::vector<T> uniform(Index count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> distribution(-2, 2);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& v : values) v = static_cast<T>(distribution(random));
  return values;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

struct Extents {
  Index n, inner;
};

// Around rows of two batches, four chains, blocks of 256 rows; narrow, odd and wide inner axes.
const Extents shapes[] = {{1, 1},    {33, 1},   {512, 1},   {4096, 1}, {8191, 1}, {20001, 1},
                          {1, 3},    {100, 3},  {700, 6},   {2501, 7}, {19, 8},   {300, 15},
                          {257, 16}, {513, 31}, {1030, 33}, {40, 400}};

// In tiles of one, two, three .. multiples in turn.
template <class T>
std::vector<T> streamed(const kernels::StreamKernels& stream, const std::vector<T>& x, Extents e) {
  std::vector<std::max_align_t> state(stream.bytes(e.n, e.inner) / sizeof(std::max_align_t) + 1);
  std::vector<T> out(static_cast<std::size_t>(e.inner));
  stream.start(state.data(), e.inner);
  const Index multiple = stream.multiple(e.inner), size = e.n * e.inner;
  Index from = 0;
  for (Index i = 0; from < size; ++i) {
    const Index count = std::min(size - from, (1 + i % 5) * multiple);
    const std::vector<T> tile(x.begin() + from, x.begin() + from + count);  // nothing may be read behind it
    stream.take(state.data(), tile.data(), count);
    from += count;
  }
  stream.finish(state.data(), e.inner, out.data());
  return out;
}

template <class T>
void check_streams() {
  for (InstructionSet set : supported_sets())
    for (const char* name : {"sum", "sum_squares", "prod", "max", "min"}) {
      const auto* stream = kernels::find_stream(name, dtype_of<T>, set);
      REQUIRE(stream != nullptr);
      for (const Extents& e : shapes) {
        const auto x = uniform<T>(e.n * e.inner, 1);
        std::vector<T> whole(static_cast<std::size_t>(e.inner));
        kernels::find_reduce(name, dtype_of<T>, set)(x.data(), whole.data(), 0, 1, e.n, e.inner);
        INFO(std::string(name) << " on " << name_of(set) << " [" << e.n << "," << e.inner << "]");
        CHECK(same_bits(streamed(*stream, x, e), whole));
      }
    }
}

const Extents matrices[] = {{1, 1},   {3, 1},    {8, 2},   {9, 3}, {40, 10},
                            {17, 16}, {100, 33}, {5, 100}, {0, 7}, {6, 0}};

// What is at hand: a matrix that ends where its memory ends, and vectors for both sides.
template <class T>
struct Case {
  Index rows, k;
  std::vector<T> matrix, right, left;
  const kernels::VectorKernels& kernels;

  Case(Extents e, InstructionSet set)
      : rows(e.n),
        k(e.inner),
        matrix(uniform<T>(rows * k, 2)),
        right(uniform<T>(k, 3)),
        left(uniform<T>(rows, 4)),
        kernels(kernels::find_vector(dtype_of<T>, set)) {}

  const T* row(Index i) const { return matrix.data() + i * k; }
  // In two calls.
  std::vector<T> dot(Index cut) const {
    std::vector<T> out(left.size());
    kernels.dot(row(0), row(rows), right.data(), out.data(), cut, k);
    kernels.dot(row(cut), row(rows), right.data(), out.data() + cut, rows - cut, k);
    return out;
  }
  std::vector<T> add_rows(Index cut) const {
    std::vector<T> sums(static_cast<std::size_t>((k + 15) / 16 * 16));
    kernels.add_rows(row(0), row(rows), left.data(), sums.data(), cut, k);
    kernels.add_rows(row(cut), row(rows), left.data() + cut, sums.data(), rows - cut, k);
    sums.resize(right.size());
    return sums;
  }
  // Against the definition: errors over the sum of magnitudes, which any order of the additions keeps below this.
  template <class F>
  void check(const std::vector<T>& out, Index terms, const F& term) const {
    for (std::size_t r = 0; r < out.size(); ++r) {
      Wide total = 0, magnitude = 0;
      for (Index i = 0; i < terms; ++i) {
        total += term(static_cast<Index>(r), i);
        magnitude += std::fabs(term(static_cast<Index>(r), i));
      }
      const Wide bound = static_cast<Wide>(terms + 1) * std::numeric_limits<T>::epsilon() * magnitude;
      CHECK(std::fabs(static_cast<Wide>(out[r]) - total) <= bound);
    }
  }
};

template <class T, class F>
void for_each_case(const F& f) {
  for (InstructionSet set : supported_sets())
    for (const Extents& e : matrices) {
      INFO(name_of(set) << " " << name_of(dtype_of<T>) << "[" << e.n << "," << e.inner << "]");
      f(Case<T>(e, set));
    }
}

template <class T>
void check_products() {
  for_each_case<T>([](const Case<T>& c) {
    const auto at = [&](Index r, Index i) { return static_cast<Wide>(c.row(r)[i]); };
    c.check(c.dot(0), c.k, [&](Index r, Index i) {
      return at(r, i) * static_cast<Wide>(c.right[static_cast<std::size_t>(i)]);
    });
    c.check(c.add_rows(0), c.rows, [&](Index column, Index i) {
      return at(i, column) * static_cast<Wide>(c.left[static_cast<std::size_t>(i)]);
    });
    for (Index cut = 1; cut < c.rows; ++cut) CHECK(same_bits(c.dot(cut), c.dot(0)));
    for (Index cut = 8; cut < c.rows; cut += 8) CHECK(same_bits(c.add_rows(cut), c.add_rows(0)));
  });
}

// A NaN, or an infinity, in a row or a column stays there.
template <class T>
void check_neighbours() {
  for_each_case<T>([](Case<T> c) {
    const auto dot = c.dot(0), sums = c.add_rows(0);
    for (T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()})
      for (std::size_t at = 0; at < c.matrix.size(); ++at) {
        const T kept = std::exchange(c.matrix[at], bad);
        const auto row = at / c.right.size(), column = at % c.right.size();
        const auto bad_dot = c.dot(0), bad_sums = c.add_rows(0);
        bool right = !std::isfinite(bad_dot[row]) && !std::isfinite(bad_sums[column]) &&
                     (std::isnan(bad) || (!std::isnan(bad_dot[row]) && !std::isnan(bad_sums[column])));
        for (std::size_t i = 0; i < dot.size(); ++i) right = right && (i == row || bad_dot[i] == dot[i]);
        for (std::size_t i = 0; i < sums.size(); ++i)
          right = right && (i == column || bad_sums[i] == sums[i]);
        CHECK(right);
        c.matrix[at] = kept;
      }
  });
}

}  // namespace

TEST_CASE("streams: tile by tile, the bits of the whole") {
  check_streams<float>();
  check_streams<double>();
}

TEST_CASE("products with a vector: right, and the same bits wherever the rows are cut") {
  check_products<float>();
  check_products<double>();
}

TEST_CASE("products with a vector: no row looks at its neighbours") {
  check_neighbours<float>();
  check_neighbours<double>();
}
