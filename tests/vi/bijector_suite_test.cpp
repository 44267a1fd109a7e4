// The suite: every facet of every bijector in the list, against its oracle.
// SPDX-License-Identifier: BSD-3-Clause
#include "bijector_suite.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/batch.hpp>

#include "recorded_run.hpp"
#include "recording.hpp"

namespace tapir::vi::test {

std::vector<BijectorRow>& bijector_rows() {
  static std::vector<BijectorRow> rows;
  return rows;
}

Tensor tame(Index m, Index n) {
  Tensor x = irregular({m, n}, 0.41);
  for (double& e : x.mutable_view<double>()) e *= 2;
  return x;
}

std::vector<Index> lower_triangle(Index n, bool with_diagonal) {
  std::vector<Index> elements;
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < i + (with_diagonal ? 1 : 0); ++j) elements.push_back(i * n + j);
  return elements;
}

namespace {

using Matrix = std::vector<Point>;

struct Case {
  const BijectorRow& row;
  Parameters parameters;

  Bijector bijector(DType dtype = f64) const {
    std::vector<Var> vars;
    for (const Tensor& parameter : parameters) vars.emplace_back(parameter.cast(dtype));
    return row.make(vars);
  }
  Shape point() const { return row.x.shape().drop_front(1); }
  Index count() const { return row.x.shape()[0]; }
  Tensor x(Index i) const { return row.x.rows(i, i + 1).reshaped(point()); }
  Point oracle(const Point& x) const { return row.forward(parameters, x); }
};

template <class F>
void for_each_case(const F& f) {
  REQUIRE(bijector_rows().size() >= 16);
  for (const BijectorRow& row : bijector_rows()) {
    for (std::size_t i = 0; i < row.cases.size(); ++i) {
      CAPTURE(row.name);
      CAPTURE(i);
      f(Case{row, row.cases[i]});
    }
  }
}

std::vector<Index> all(Index count) {
  std::vector<Index> elements;
  for (Index i = 0; i < count; ++i) elements.push_back(i);
  return elements;
}

// The elements of a point of this set that are free.
std::vector<Index> free_elements(const Support& set, const Shape& point) {
  switch (set.kind()) {
    case Support::Kind::simplex: return all(point.size() - 1);
    case Support::Kind::lower_cholesky:
    case Support::Kind::positive_definite: return lower_triangle(point.back(), true);
    case Support::Kind::correlation_cholesky: return lower_triangle(point.back(), false);
    default: return all(point.size());
  }
}

std::vector<Index> free_before(const Case& c) { return free_elements(c.bijector().domain(), c.point()); }
std::vector<Index> free_after(const Case& c) {
  if (!c.row.free.empty()) return c.row.free;
  return free_elements(c.bijector().codomain(), c.bijector().forward_shape(c.point()));
}

// The element that moves with a free one, to keep the point in its set, and by how much. Itself if there is
// none.
struct Bound {
  Index element;
  double factor;
};
Bound bound_to(const Case& c, Index element) {
  const Index n = c.point().rank() > 0 ? c.point().back() : 1;
  const Support domain = c.bijector().domain();
  if (domain == Support::Kind::simplex) return {n - 1, -1};
  if (domain == Support::Kind::positive_definite) return {element % n * n + element / n, 1};
  return {element, 1};
}

template <class T>
void move_element(const Case& c, std::span<T> x, Index element, long double to) {
  const auto at = static_cast<std::size_t>(element);
  const Bound bound = bound_to(c, element);
  const T step = static_cast<T>(to) - x[at];
  x[at] += step;
  if (bound.element != element)
    x[static_cast<std::size_t>(bound.element)] += static_cast<T>(bound.factor) * step;
}

// The derivative by a free element, from those by all.
double by_free(const Case& c, const Tensor& gradient, Index element) {
  const Bound bound = bound_to(c, element);
  const double g = gradient.at(element);
  return bound.element == element ? g : g + bound.factor * gradient.at(bound.element);
}

// A gradient that is 0 where nothing was recorded.
std::vector<Var> gradient(const Var& y, const std::vector<Var>& xs) {
  if (y.is_recorded()) return grad(y, xs, {.allow_unused = true});
  std::vector<Var> result;
  for (const Var& x : xs) result.push_back(zeros(x.type()));
  return result;
}

Point elements(const Tensor& tensor) {
  Point result;
  for (Index i = 0; i < tensor.size(); ++i) result.push_back(tensor.at(i));
  return result;
}

// log |det| by elimination with pivots.
long double log_determinant(Matrix m) {
  long double result = 0;
  for (std::size_t k = 0; k < m.size(); ++k) {
    const auto larger = [&](const Point& a, const Point& b) { return std::abs(a[k]) < std::abs(b[k]); };
    std::iter_swap(m.begin() + static_cast<std::ptrdiff_t>(k),
                   std::max_element(m.begin() + static_cast<std::ptrdiff_t>(k), m.end(), larger));
    result += std::log(std::abs(m[k][k]));
    for (std::size_t i = k + 1; i < m.size(); ++i)
      for (std::size_t j = m.size(); j-- > k;) m[i][j] -= m[i][k] / m[k][k] * m[k][j];
  }
  return result;
}

// log of the factor between volumes; where there are more elements than free ones, of the volume in their
// space.
long double log_volume(const Matrix& m) {
  if (m.size() == m[0].size()) return log_determinant(m);
  Matrix gram(m[0].size(), Point(m[0].size()));
  for (const Point& row : m)
    for (std::size_t i = 0; i < row.size(); ++i)
      for (std::size_t j = 0; j < row.size(); ++j) gram[i][j] += row[i] * row[j];
  return log_determinant(gram) / 2;
}

// Of the free elements of y by those of x, by differences of the oracle.
Matrix oracle_jacobian(const Case& c, const Point& x) {
  const auto before = free_before(c);
  const auto after = free_after(c);
  Matrix result(after.size(), Point(before.size()));
  for (std::size_t j = 0; j < before.size(); ++j) {
    const auto k = static_cast<std::size_t>(before[j]);
    for (std::size_t i = 0; i < after.size(); ++i)
      result[i][j] = central_difference(
          [&](long double to) {
            Point moved = x;
            move_element(c, std::span(moved), before[j], to);
            return c.oracle(moved)[static_cast<std::size_t>(after[i])];
          },
          x[k], 0x1p-12L * std::max(0.01L, std::abs(x[k])));
  }
  return result;
}

std::vector<Tensor> with(std::vector<Tensor> parameters, const Tensor& x) {
  parameters.push_back(x);
  return parameters;
}

// What `f(bijector, x)` gives on a tape, by the parameters and x.
using Use = std::function<std::vector<Var>(const Bijector&, const Var&)>;
std::vector<Tensor> run(const Case& c, const Tensor& x, const Use& f, DType dtype = f64) {
  Parameters inputs;
  for (const Tensor& tensor : with(c.parameters, x)) inputs.push_back(tensor.cast(dtype));
  return run_recorded(inputs, [&](const std::vector<Var>& v) {
    return f(c.row.make({v.begin(), v.end() - 1}), v.back());
  });
}

// The gradient of the sum of `f(bijector, x)` by every parameter and by x.
std::vector<Tensor> gradients(const Case& c, const Tensor& x,
                              const std::function<Var(const Bijector&, const Var&)>& f, DType dtype = f64) {
  Parameters inputs;
  for (const Tensor& tensor : with(c.parameters, x)) inputs.push_back(tensor.cast(dtype));
  return run_recorded(inputs, [&](const std::vector<Var>& v) {
    return gradient(sum(f(c.row.make({v.begin(), v.end() - 1}), v.back())), v);
  });
}

// Weights that tell the elements apart.
Var weights(const Var& y) { return irregular(y.shape(), 0.77, *y.dtype()); }

const Use everything = [](const Bijector& b, const Var& x) -> std::vector<Var> {
  const auto [y, log_det] = b.forward_and_log_det(x);
  const auto [back, log_det_back] = b.inverse_and_log_det(y);
  return {y, log_det, back, log_det_back, b.forward(x), b.inverse(y)};
};

// Neither an edge nor so close to 0 that derivatives like 1/y are beyond the largest number.
bool is_inside(const Bijector& b, const Tensor& y, double excluded) {
  const auto x = numbers(y);
  const double least = y.dtype() == f64 ? 0x1p-1020 : 0x1p-124;
  const bool is_tiny =
      std::any_of(x.begin(), x.end(), [&](double e) { return e != 0 && std::abs(e) < least; });
  return excluded == 0 && !is_tiny && !b.codomain().violation(y);
}

bool has_nan(const Tensor& tensor) {
  const auto x = numbers(tensor);
  return std::any_of(x.begin(), x.end(), [](double e) { return std::isnan(e); });
}

// 1e4 points whose elements are between 1e-30 and `largest` in size.
Tensor random_points(const Shape& point, double largest, bool positive) {
  std::mt19937_64 engine(7);
  std::uniform_real_distribution<double> exponent(-30, std::log10(largest));
  std::uniform_real_distribution<double> linear(-largest, largest);
  std::bernoulli_distribution coin;
  Tensor x(Type{f64, Shape{10000} + point});
  for (double& e : x.mutable_view<double>()) {
    e = coin(engine) ? linear(engine) : std::pow(10, exponent(engine)) * (coin(engine) ? 1 : -1);
    if (positive) e = std::abs(e);
  }
  return x;
}

}  // namespace

TEST_CASE("every bijector: forward is the oracle's, to 1e-13 in f64 and 1e-5 in f32") {
  for_each_case([](const Case& c) {
    for (DType dtype : {f64, f32}) {
      const Case rounded{c.row, [&] {
                           Parameters p;
                           for (const Tensor& t : c.parameters) p.push_back(t.cast(dtype).cast(f64));
                           return p;
                         }()};
      for (Index i = 0; i < c.count(); ++i) {
        const Tensor x = c.x(i).cast(dtype);
        const Var y = c.bijector(dtype).forward(x);
        CHECK(y.type() == Type{dtype, c.bijector().forward_shape(x.shape())});
        const Point expected = rounded.oracle(elements(x));
        REQUIRE(y.tensor().size() == static_cast<Index>(expected.size()));
        for (std::size_t k = 0; k < expected.size(); ++k)
          CHECK(near(y.tensor().at(static_cast<Index>(k)), expected[k], dtype == f64 ? 1e-13 : 1e-5));
      }
    }
  });
}

TEST_CASE("every bijector: log_det is the log determinant of the oracle's Jacobian, to 1e-9") {
  for_each_case([](const Case& c) {
    for (Index i = 0; i < c.count(); ++i) {
      const auto log_det = c.bijector().forward_and_log_det(c.x(i)).log_det;
      CHECK(log_det.type() == Type{f64, {}});
      const long double expected = log_volume(oracle_jacobian(c, elements(c.x(i))));
      CAPTURE(log_det.item());
      CAPTURE(static_cast<double>(expected));
      CHECK(near(log_det.item(), expected, 1e-9));
      const auto in_f32 = c.bijector(f32).forward_and_log_det(c.x(i).cast(f32)).log_det;
      CHECK(near(in_f32.item(), log_det.item(), 2e-5));
    }
  });
}

TEST_CASE("every bijector: log_det is the log determinant of what jacobian records, to 1e-11") {
  for_each_case([](const Case& c) {
    const auto before = free_before(c);
    const auto after = free_after(c);
    const auto results = run(c, c.x(0), [](const Bijector& b, const Var& x) -> std::vector<Var> {
      const auto [y, log_det] = b.forward_and_log_det(x);
      return {reshape(jacobian(y, x), {-1, x.shape().size()}), log_det};
    });
    Matrix m(after.size(), Point(before.size()));
    for (std::size_t i = 0; i < after.size(); ++i)
      for (std::size_t j = 0; j < before.size(); ++j)
        m[i][j] = by_free(c, results[0].rows(after[i], after[i] + 1), before[j]);
    CHECK(near(results[1].item(), log_volume(m), 1e-11));
  });
}

TEST_CASE("every bijector: there and back again, to 1e-11 in f64 and 2e-4 in f32; log_det changes its sign") {
  for_each_case([](const Case& c) {
    for (DType dtype : {f64, f32}) {
      const double tolerance = dtype == f64 ? 1e-11 : 2e-4;
      const Bijector b = c.bijector(dtype);
      const auto [y, log_det] = b.forward_and_log_det(c.row.x.cast(dtype));
      const auto [x, back] = b.inverse_and_log_det(y);
      CHECK(x.type() == Type{dtype, c.row.x.shape()});
      CHECK(back.type() == Type{dtype, {c.count()}});
      for (Index i = 0; i < c.row.x.size(); ++i) CHECK(near(x.tensor().at(i), c.row.x.at(i), tolerance));
      for (Index i = 0; i < c.count(); ++i)
        CHECK(near(back.tensor().at(i), -log_det.tensor().at(i), tolerance));
      const auto again = b.forward(x);
      for (Index i = 0; i < again.tensor().size(); ++i)
        CHECK(near(again.tensor().at(i), y.tensor().at(i), tolerance));
    }
  });
}

TEST_CASE("every bijector: recorded and computed values are the same bits, and so are one point and many") {
  for_each_case([](const Case& c) {
    for (DType dtype : {f64, f32}) {
      const auto recorded = run(c, c.row.x, everything, dtype);
      const auto computed = everything(c.bijector(dtype), c.row.x.cast(dtype));
      for (std::size_t k = 0; k < computed.size(); ++k) CHECK(identical(recorded[k], computed[k].tensor()));
      CHECK(identical(recorded[0], recorded[4]));
      CHECK(identical(recorded[2], recorded[5]));
    }
    for (Index i = 0; i < c.count(); ++i) {
      const auto one = everything(c.bijector(), c.x(i));
      const auto many = everything(c.bijector(), c.row.x);
      for (std::size_t k = 0; k < one.size(); ++k)
        CHECK(identical(one[k].tensor(), many[k].tensor().rows(i, i + 1).reshaped(one[k].shape())));
    }
  });
}

TEST_CASE("every bijector: batch gives the points one by one, bit by bit") {
  for_each_case([](const Case& c) {
    const auto tape = Tape::make();
    const Var one = tape->input({f64, c.point()});
    const Var many = tape->input({f64, c.row.x.shape()});
    const auto outputs = everything(c.bijector(), one);
    const std::vector<Replacement> seeds{{one, many}};
    std::vector<Ref> refs;
    for (const Var& result : batch(outputs, seeds, c.count())) {
      const auto place = result.place();
      refs.push_back(place ? place->ref : tape->literal(result.tensor()).place()->ref);
    }
    Program program(tape, refs);
    program.run(std::vector<Tensor>{c.x(0), c.row.x});
    for (Index i = 0; i < c.count(); ++i) {
      const auto single = everything(c.bijector(), c.x(i));
      for (std::size_t k = 0; k < single.size(); ++k)
        CHECK(identical(program.outputs()[k].rows(i, i + 1).reshaped(single[k].shape()), single[k].tensor()));
    }
  });
}

TEST_CASE("every bijector: results lie in the codomain, preimages in the domain") {
  for_each_case([](const Case& c) {
    for (DType dtype : {f64, f32}) {
      const Bijector b = c.bijector(dtype);
      const Tensor y = b.forward(c.row.x.cast(dtype)).tensor();
      CHECK(!b.codomain().violation(y));
      CHECK(!b.domain().violation(b.inverse(y).tensor()));
      for (double outside : numbers(b.excludes(y))) CHECK(outside == 0);
    }
  });
}

TEST_CASE("every bijector: gradients of forward and log_det by x and parameters are central differences") {
  for_each_case([](const Case& c) {
    const Tensor x = c.x(1);
    const auto check = [&](const std::function<Var(const Bijector&, const Var&)>& f) {
      const auto results = gradients(c, x, f);
      const auto inputs = with(c.parameters, x);
      for (std::size_t k = 0; k < inputs.size(); ++k) {
        const bool is_x = k + 1 == inputs.size();
        for (const Index i : is_x ? free_before(c) : all(inputs[k].size())) {
          const auto value = [&](long double to) {
            auto moved = inputs;
            auto numbers_of = moved[k].mutable_view<double>();
            if (is_x)
              move_element(c, numbers_of, i, to);
            else
              numbers_of[static_cast<std::size_t>(i)] = static_cast<double>(to);
            const Case there{c.row, {moved.begin(), moved.end() - 1}};
            return static_cast<long double>(sum(f(there.bijector(), moved.back())).item());
          };
          const long double at = inputs[k].at(i);
          const long double expected =
              central_difference(value, at, 0x1p-9L * (at == 0 ? 0.1L : std::abs(at)));
          CAPTURE(k);
          CAPTURE(i);
          CHECK(near(is_x ? by_free(c, results[k], i) : results[k].at(i), expected, 1e-7));
        }
      }
    };
    check([](const Bijector& b, const Var& v) {
      const Var y = b.forward(v);
      return y * weights(y);
    });
    check([](const Bijector& b, const Var& v) { return b.forward_and_log_det(v).log_det; });
  });
}

TEST_CASE("every bijector: the gradient of there and back is that of nothing, by x and by parameters") {
  for_each_case([](const Case& c) {
    const Tensor x = c.x(1);
    const auto round_trip =
        gradients(c, x, [](const Bijector& b, const Var& v) { return weights(v) * b.inverse(b.forward(v)); });
    const Tensor expected = weights(x).tensor();
    for (const Index i : free_before(c))
      CHECK(near(by_free(c, round_trip.back(), i), by_free(c, expected, i), 1e-10));
    const auto log_dets = gradients(c, x, [](const Bijector& b, const Var& v) {
      const auto [y, log_det] = b.forward_and_log_det(v);
      return log_det + b.inverse_and_log_det(y).log_det;
    });
    for (const Index i : free_before(c)) CHECK(near(by_free(c, log_dets.back(), i), 0, 1e-10));
    for (std::size_t k = 0; k + 1 < round_trip.size(); ++k) {
      for (double g : numbers(round_trip[k])) CHECK(near(g, 0, 1e-10));
      for (double g : numbers(log_dets[k])) CHECK(near(g, 0, 1e-10));
    }
  });
}

TEST_CASE(
    "every bijector: no NaN in values and gradients at 1e4 extreme points, nor back from their results") {
  for_each_case([](const Case& c) {
    for (DType dtype : {f64, f32}) {
      const double largest = dtype == f64 ? c.row.largest : c.row.largest_f32;
      if (largest == 0) continue;
      const Tensor x = random_points(c.point(), largest, c.row.positive).cast(dtype);
      const auto forward = run(
          c, x,
          [](const Bijector& b, const Var& v) -> std::vector<Var> {
            const auto [y, log_det] = b.forward_and_log_det(v);
            return {y, log_det, gradient(sum(y), {v})[0], gradient(sum(log_det), {v})[0]};
          },
          dtype);
      for (const Tensor& result : forward) CHECK(!has_nan(result));
      const Bijector b = c.bijector(dtype);
      const Tensor excluded = b.excludes(forward[0]).tensor();
      const Tensor middle = b.forward(c.x(0).cast(dtype)).tensor();
      const Index size = middle.size();
      Tensor y = forward[0].cast(f64);
      const double furthest = dtype == f64 ? c.row.largest_back : c.row.largest_back_f32;
      for (Index i = 0; i < x.shape()[0]; ++i) {  // results that rounding has put on an edge are left out
        const auto from = numbers(x.rows(i, i + 1));
        const bool is_far =
            std::any_of(from.begin(), from.end(), [&](double e) { return std::abs(e) > furthest; });
        if (!is_far && is_inside(b, forward[0].rows(i, i + 1), excluded.at(i))) continue;
        for (Index k = 0; k < size; ++k)
          y.mutable_view<double>()[static_cast<std::size_t>(i * size + k)] = middle.at(k);
      }
      const auto back = run(
          c, y,
          [](const Bijector& inner, const Var& v) -> std::vector<Var> {
            const auto [back_x, log_det] = inner.inverse_and_log_det(v);
            return {back_x, log_det, gradient(sum(back_x), {v})[0], gradient(sum(log_det), {v})[0]};
          },
          dtype);
      for (const Tensor& result : back) CHECK(!has_nan(result));
    }
  });
}

TEST_CASE(
    "every bijector of all numbers: no NaN in values and gradients at 0, at the least numbers and far out") {
  const std::vector<double> edges{0, -0.0, 5e-324, -5e-324, 1e3, -1e3, 745, -745, 1e300, -1e300, 37, -37};
  for_each_case([&](const Case& c) {
    if (c.row.positive || c.row.largest < 700) return;
    Tensor x(Type{f64, Shape{200} + c.point()});
    auto elements_of = x.mutable_view<double>();
    for (std::size_t k = 0; k < elements_of.size(); ++k)
      elements_of[k] = edges[(k * 7 + k / 12) % edges.size()];
    const auto results = run(c, x, [](const Bijector& b, const Var& v) -> std::vector<Var> {
      const auto [y, log_det] = b.forward_and_log_det(v);
      return {y, log_det, gradient(sum(y), {v})[0], gradient(sum(log_det), {v})[0]};
    });
    for (const Tensor& result : results) CHECK(!has_nan(result));
  });
}

TEST_CASE("every bijector: all cases at once, broadcast, are the cases one by one, bit by bit") {
  for (const BijectorRow& row : bijector_rows()) {
    if (row.cases[0].empty()) continue;
    CAPTURE(row.name);
    const auto cases = static_cast<Index>(row.cases.size());
    std::vector<Var> stacked;
    for (std::size_t k = 0; k < row.cases[0].size(); ++k) {
      std::vector<Var> parts;
      for (const Parameters& p : row.cases) parts.emplace_back(p[k]);
      Var joint = stack(parts);  // [cases] ++ own; then axes of size 1 for the points
      const Shape own = row.cases[0][k].shape();
      const int point = row.x.rank() - 1;
      stacked.push_back(reshape(joint, Shape{cases, 1} + Shape::ones(point - own.rank()) + own));
    }
    const Bijector b = row.make(stacked);
    const auto [y, log_det] = b.forward_and_log_det(row.x);
    CHECK(log_det.shape() == Shape{cases, row.x.shape()[0]});
    for (std::size_t i = 0; i < row.cases.size(); ++i) {
      const auto at = static_cast<Index>(i);
      const auto alone = Case{row, row.cases[i]}.bijector().forward_and_log_det(row.x);
      CHECK(identical(y.tensor().rows(at, at + 1).reshaped(alone.value.shape()), alone.value.tensor()));
      CHECK(identical(log_det.tensor().rows(at, at + 1).reshaped(alone.log_det.shape()),
                      alone.log_det.tensor()));
    }
  }
}

TEST_CASE("every bijector: shapes of points are known without values, there and back") {
  for_each_case([](const Case& c) {
    const Bijector b = c.bijector();
    const Shape after = b.forward_shape(Shape{7, 5} + c.point());
    CHECK(c.point().rank() == b.ranks().domain);
    CHECK(after.rank() == 2 + b.ranks().codomain);
    CHECK(b.inverse_shape(after) == Shape{7, 5} + c.point());
    CHECK(b.forward(c.row.x).shape() == b.forward_shape(c.row.x.shape()));
  });
}

TEST_CASE("every bijector: the direction of a map of numbers is the sign of its slope") {
  for_each_case([](const Case& c) {
    const auto direction = c.bijector().direction();
    if (!direction) return;
    const Matrix slope = oracle_jacobian(c, elements(c.x(0)));
    CHECK(direction->item() == (slope[0][0] > 0 ? 1 : -1));
  });
}

TEST_CASE("every bijector: it is the same as its copy and not as another; each gives its parameters back") {
  for_each_case([](const Case& c) {
    CHECK(same(c.bijector(), c.bijector()));
    const auto list = c.bijector().parameters();
    REQUIRE(list.size() >= c.parameters.size());
    for (const Tensor& parameter : c.parameters)
      CHECK(std::any_of(list.begin(), list.end(),
                        [&](const auto& given) { return identical(given.value.tensor(), parameter); }));
    for (std::size_t k = 0; k < list.size(); ++k)
      for (std::size_t other = 0; other < k; ++other) CHECK(list[k].name != list[other].name);
    for (const BijectorRow& row : bijector_rows())
      for (const Parameters& parameters : row.cases)
        if (row.name != c.row.name || (!parameters.empty() && !identical(parameters[0], c.parameters[0])))
          CHECK(!same(c.bijector(), Case{row, parameters}.bijector()));
  });
}

}  // namespace tapir::vi::test
