// Tapes as a whole: validation, comparison, stores, leaves, reachability.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/ops.hpp>

#include "support/errors.hpp"

using namespace tapir;
using tapir::test::at_line;
using tapir::test::text_of_error;

namespace {

// Nothing of the library gives access to a recorded node; a fault has to be planted past it.
Node& broken(Tape& tape, int i) { return const_cast<Node&>(tape.node(i)); }

struct Small {
  std::shared_ptr<Tape> tape = Tape::make();
  Var x = tape->input({f64, {2, 3}}, "x");
  Var y = sum(Arg(exp(x), Where{"model.cpp", 31}), {0});
};

std::shared_ptr<Cell> cell(const std::string& path, double value = 1.0) {
  return std::make_shared<Cell>(Cell{path, Tensor(value)});
}

}  // namespace

// ---- validate ----

TEST_CASE("validate: what was recorded is valid") {
  const Small s;
  CHECK(text_of_error([&] { s.tape->validate(); }) == "no error");
}

TEST_CASE("validate: an operand that does not precede its node is found") {
  for (const Ref fault : {Ref{1, 0}, Ref{2, 0}, Ref{-1, 0}, Ref{9, 0}, Ref{0, 1}, Ref{0, -1}}) {
    const Small s;
    broken(*s.tape, 1).inputs[0] = fault;
    CHECK(text_of_error([&] {
            s.tape->validate();
          }).find("[validate] an operand does not precede its node: ") == 0);
  }
}

TEST_CASE("validate: types that the shape rule does not give are found") {
  const Small s;
  broken(*s.tape, 2).types[0] = {f64, {2}};
  CHECK(text_of_error([&] { s.tape->validate(); }) ==
        "[validate] types are not what the shape rule gives: %2 = sum f64[2] %1 {axes=-2 keep_dims=0}   # "
        "model.cpp:31 (at model.cpp:31)");
  broken(*s.tape, 2).types = {};
  CHECK_THROWS_AS(s.tape->validate(), Error);
}

TEST_CASE("validate: operands that the operation refuses are found") {
  const Small s;
  const Var z = s.x * s.x;
  broken(*s.tape, z.place()->ref.node).inputs[1] = s.y.place()->ref;
  CHECK(text_of_error([&] { s.tape->validate(); }).find("[mul] shapes differ: f64[2,3] and f64[3]") == 0);
}

// ---- comparison ----

namespace {

std::shared_ptr<Tape> recorded(const std::function<void(Tape&, const Var&)>& f) {
  auto tape = Tape::make();
  f(*tape, tape->input({f64, {2}}, "x"));
  return tape;
}

std::string difference_of(const std::function<void(Tape&, const Var&)>& f,
                          const std::function<void(Tape&, const Var&)>& g) {
  return Tape::difference(*recorded(f), *recorded(g));
}

const Where nowhere{};

}  // namespace

TEST_CASE("comparing: equal recordings do not differ, whatever their lines") {
  CHECK(difference_of([](Tape&, const Var& x) { exp(x); }, [](Tape&, const Var& x) { exp(x); }) == "");
}

TEST_CASE("comparing: a constant, an operation, an operand, a number of nodes") {
  const auto scaled = [](double by) {
    return [by](Tape& tape, const Var& x) { Arg(tape.literal(Tensor(by)), nowhere).var* Arg(x, nowhere); };
  };
  CHECK(difference_of(scaled(0.5), scaled(0.25))
            .find("node 1: it was  %1 = literal f64[] {value=f64[] {0.5}}  and is now  %1 = literal f64[] "
                  "{value=f64[] "
                  "{0.25}}") == 0);
  CHECK(difference_of([](Tape&, const Var& x) { exp(Arg(x, nowhere)); },
                      [](Tape&, const Var& x) { sin(Arg(x, nowhere)); }) ==
        "node 1: it was  %1 = exp f64[2] %0  and is now  %1 = sin f64[2] %0");
  CHECK(difference_of([](Tape&, const Var& x) { exp(Arg(exp(Arg(x, nowhere)), nowhere)); },
                      [](Tape&, const Var& x) { exp(Arg(x, nowhere)); }) ==
        "the number of nodes: it was 3 and is now 2, from  %2 = exp f64[2] %1");
}

TEST_CASE("comparing: constants that print alike at six digits are told apart") {
  const auto scaled = [](double by) { return [by](Tape& tape, const Var&) { tape.literal(Tensor(by)); }; };
  CHECK(difference_of(scaled(0.1), scaled(0.1 + 1e-15)) ==
        "node 1: it was  %1 = literal f64[] {value=f64[] {0.1}}  and is now  %1 = literal f64[] "
        "{value=f64[] {0.100000000000001}}");
}

TEST_CASE("comparing: what is stored where, and what is guarded") {
  const auto a = cell("a"), b = cell("b");
  const auto storing = [&](bool swapped, bool guarded) {
    return [=](Tape& tape, const Var&) {
      const Var u = tape.cell(a), v = tape.cell(b);
      const Var sum_of = u + v, product = u * v;
      tape.store(u, swapped ? product : sum_of);
      tape.guard(guarded ? sum_of : product);
    };
  };
  CHECK(difference_of(storing(false, false), storing(false, false)) == "");
  CHECK(difference_of(storing(false, false), storing(true, false)) ==
        "the stores: it was  store %1 <- %3  and is now  store %1 <- %4");
  CHECK(difference_of(storing(false, false), storing(false, true)) ==
        "the guards: it was  guard %4  and is now  guard %3");
  CHECK(difference_of(storing(false, false), [&](Tape& tape, const Var&) {
          const Var u = tape.cell(a), v = tape.cell(b);
          u + v, u* v;
        }).find("the guards: it was  guard %4  and is now  none") == 0);
}

// ---- stores, cells ----

TEST_CASE("store: into a cell of the tape, of its type, once") {
  const auto tape = Tape::make();
  const Var w = tape->cell(cell("w"));
  const Var x = tape->input({f64, {}}, "x");
  int line = __LINE__ + 1;
  CHECK(text_of_error([&] { tape->store(x, w); }) ==
        "[store] the target is not a cell of this tape" + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { tape->store(Var(1.0), w); }) ==
        "[store] the target is not a cell of this tape" + at_line(line));
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { tape->store(w, cast(x, f32)); }) ==
        "[store] a cell of f64[] cannot take f32[]" + at_line(line));
  tape->store(w, x);
  line = __LINE__ + 1;
  CHECK(text_of_error([&] { tape->store(w, w * 2.0); }) ==
        "[store] a second store to one cell: " + tape->str(0) + at_line(line));
  CHECK(tape->stores().size() == 1);
}

TEST_CASE("store: a plain value becomes a literal") {
  const auto tape = Tape::make();
  tape->store(tape->cell(cell("w")), Tensor(5.0));
  CHECK(tape->node(tape->stores()[0].value.node).op == &ops::literal);
}

// ---- reachability ----

TEST_CASE("ancestors and descendants include the start and nothing beside the way") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {}}), u = tape->input({f64, {}});
  const Var a = exp(x);
  const Var b = sin(u);
  const Var c = a * a;
  CHECK(tape->ancestors({c.place()->ref}) == std::vector<bool>{true, false, true, false, true});
  CHECK(tape->descendants({x.place()->ref.node}) == std::vector<bool>{true, false, true, false, true});
  CHECK(tape->descendants({u.place()->ref.node}) == std::vector<bool>{false, true, false, true, false});
  CHECK(tape->ancestors({b.place()->ref}) == std::vector<bool>{false, true, false, true, false});
}

TEST_CASE("reachability looks through stop_gradient") {
  const auto tape = Tape::make();
  const Var x = tape->input({f64, {}});
  const Var y = exp(stop_gradient(x));
  CHECK(tape->descendants({x.place()->ref.node})[static_cast<std::size_t>(y.place()->ref.node)]);
}
