// Where the axes of plates arrive.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/stochastic/stochastic.hpp>

namespace tapir::test {
namespace {

constexpr int mixed = Arrival::mixed;

struct Recorder {
  std::shared_ptr<Tape> tape = Tape::make();
  Var input(const Shape& shape, DType dtype = f64) const { return tape->input({dtype, shape}); }
};

Arrival follow(const Var& from, int plates, const Var& to) {
  return follow_plates(from, plates, {&to, 1})[0];
}

// The axes at which the first `plates` axes of `from` arrive.
std::vector<int> arrives(const Var& from, int plates, const Var& to) {
  const Arrival arrival = follow(from, plates, to);
  REQUIRE(arrival.reached);
  return arrival.axes;
}

using Places = std::vector<int>;

}  // namespace

TEST_CASE("plates: a value arrives at itself; what does not depend on it is not reached") {
  const Recorder r;
  const Var z = r.input({3, 4, 5});
  const Var other = r.input({3});
  CHECK(arrives(z, 2, z) == Places{0, 1});
  CHECK(arrives(z, 0, z).empty());
  CHECK_FALSE(follow(z, 2, exp(other)).reached);
  CHECK_FALSE(follow(z, 2, Var(1.0)).reached);
  CHECK_FALSE(follow(Var(Tensor({f64, {3}})), 1, exp(other)).reached);
}

TEST_CASE("plates: there and back by transposes") {
  const Recorder r;
  const Var z = r.input({3, 4});
  CHECK(arrives(z, 2, transpose(z)) == Places{1, 0});
  CHECK(arrives(z, 2, transpose(exp(transpose(z)))) == Places{0, 1});
}

TEST_CASE("plates: paths that disagree mix") {
  const Recorder r;
  const Var z = r.input({3, 3});
  CHECK(arrives(z, 2, z + transpose(z)) == Places{mixed, mixed});
  CHECK(arrives(z, 2, z + transpose(transpose(z))) == Places{0, 1});
  CHECK(arrives(z, 2, z - mean(z, 0)) == Places{mixed, 1});
  CHECK(arrives(z, 2, z - mean(z, 1, true)) == Places{0, mixed});
  CHECK(arrives(z, 2, z - mean(z)) == Places{mixed, mixed});
}

TEST_CASE("plates: stretching keeps an axis, and moves it where it is counted from the right") {
  const Recorder r;
  const Var z = r.input({3});
  const Var wide = r.input({3, 3});
  CHECK(arrives(z, 1, broadcast_to(z, {2, 3})) == Places{1});
  CHECK(arrives(z, 1, wide + z) == Places{1});
  CHECK(arrives(z, 1, wide + expand_dims(z, 1)) == Places{0});
}

TEST_CASE("plates: a reshape keeps a plate whose elements stay together, and mixes a merged one") {
  const Recorder r;
  const Var z = r.input({3, 2, 6});
  CHECK(arrives(z, 1, reshape(z, {3, 12})) == Places{0});
  CHECK(arrives(z, 1, reshape(z, {3, 4, 3})) == Places{0});
  CHECK(arrives(z, 1, reshape(z, {1, 3, 12})) == Places{1});
  CHECK(arrives(z, 1, reshape(z, {6, 6})) == Places{mixed});
  CHECK(arrives(z, 1, reshape(z, {36})) == Places{mixed});
  CHECK(arrives(z, 1, reshape(z, {2, 3, 6})) == Places{mixed});
  CHECK(arrives(z, 2, reshape(z, {3, 2, 2, 3})) == Places{0, 1});
}

TEST_CASE("plates: the rows of a product stay apart") {
  const Recorder r;
  const Var z = r.input({3, 4});
  const Var square_one = r.input({3, 3});
  CHECK(arrives(z, 1, matmul(z, r.input({4, 5}))) == Places{0});
  CHECK(arrives(z, 1, matmul(r.input({5, 3}), z)) == Places{mixed});
  CHECK(arrives(square_one, 1, matmul(square_one, square_one)) == Places{mixed});
}

TEST_CASE("plates: reductions and running sums over other axes") {
  const Recorder r;
  const Var z = r.input({3, 4});
  CHECK(arrives(z, 1, sum(z, 1)) == Places{0});
  CHECK(arrives(z, 1, logsumexp(z, -1)) == Places{0});
  CHECK(arrives(z, 1, sum(z, 0)) == Places{mixed});
  CHECK(arrives(z, 2, sum(z, 0)) == Places{mixed, 0});
  CHECK(arrives(z, 1, cumsum(z, 1)) == Places{0});
  CHECK(arrives(z, 1, cumsum(z, 0)) == Places{mixed});
  CHECK(arrives(z, 1, softmax(z, 1)) == Places{0});
  CHECK(arrives(z, 1, softmax(z, 0)) == Places{mixed});
}

TEST_CASE("plates: indices that are drawn keep their plate, rows that they pick do not") {
  const Recorder r;
  const Var z = r.input({3}, i64);
  const Var table = r.input({5, 2});
  CHECK(arrives(z, 1, take(table, z)) == Places{0});
  CHECK(arrives(z, 1, one_hot(z, 5, f64)) == Places{0});
  CHECK(arrives(z, 1, gather(r.input({3, 5}), expand_dims(z, 1), 1)) == Places{0});
  CHECK(arrives(table, 1, take(table, z)) == Places{mixed});
  CHECK(arrives(z, 1, flip(z, 0)) == Places{mixed});
}

TEST_CASE("plates: reachability looks through stop_gradient, comparisons and sites") {
  const Recorder r;
  const Var z = r.input({3});
  const Var later = place_site("w", r.input({3}) < sigmoid(z), ScoreFunction{});
  CHECK(arrives(z, 1, stop_gradient(z)) == Places{0});
  CHECK(arrives(z, 1, later) == Places{0});
  CHECK(arrives(z, 1, sum(stop_gradient(z))) == Places{mixed});
}

}  // namespace tapir::test
