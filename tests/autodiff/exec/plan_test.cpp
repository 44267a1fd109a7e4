// Plans: what runs, in how many passes, in which memory. Numbers here are exact.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/program.hpp>

#include <doctest/doctest.h>

#include <tapir/autodiff/exec/arena.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "support/errors.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

struct Recording {
  std::shared_ptr<Tape> tape = Tape::make();

  Var input(const Shape& shape, DType dtype = f64) { return tape->input({dtype, shape}); }
  Var cell(const Tensor& value) {
    cells.push_back(std::make_shared<Cell>(Cell{"cell " + std::to_string(cells.size()), value}));
    return tape->cell(cells.back());
  }
  Program program(std::initializer_list<Var> outputs, bool fuse = true, int threads = 1) const {
    std::vector<Ref> refs;
    for (const Var& output : outputs) refs.push_back(output.place()->ref);
    return {tape, refs, std::make_shared<Pool>(threads), {.fuse = fuse}};
  }

  std::vector<std::shared_ptr<Cell>> cells;
};

Tensor vector(std::initializer_list<double> values) { return {{static_cast<Index>(values.size())}, values}; }

std::vector<Tensor> run(Program program, std::initializer_list<Tensor> inputs) {
  CHECK(program.run({inputs.begin(), inputs.size()}));
  return {program.outputs().begin(), program.outputs().end()};
}

// A column of matrices, or a row of numbers between 0 and 1 that differ.
Tensor numbers(const Shape& shape, DType dtype = f64) {
  return normal(Key(7, dtype) / shape.str(), shape).tensor();
}

}  // namespace

TEST_CASE("plan: what no result needs does not run") {
  Recording r;
  const Var x = r.input({8});
  const Var y = exp(x);
  cholesky(matmul(reshape(x, {8, 1}), reshape(x, {1, 8})));
  sum(log(x));
  const Program program = r.program({y});
  CHECK(program.facts().nodes == 1);
  CHECK(program.facts().steps == 1);
  CHECK(program.facts().arena_bytes == 0);
}

TEST_CASE("plan: a program of inputs, constants and aliases runs nothing") {
  Recording r;
  const Var x = r.input({6});
  Program program =
      r.program({x, reshape(x, {2, 3}), reshape(stop_gradient(x), {3, 2}), r.tape->literal(Tensor(2.0))});
  CHECK(program.facts().steps == 0);
  const Tensor in[] = {vector({1, 2, 3, 4, 5, 6})};
  program.run(in);
  CHECK(identical(program.outputs()[1], in[0].reshaped({2, 3})));
  CHECK(identical(program.outputs()[2], in[0].reshaped({3, 2})));
  CHECK(program.outputs()[3].item() == 2);
}

TEST_CASE("plan: an elementwise chain is one pass without an arena; unfused, every node is a step") {
  Recording r;
  const Var x = r.input({1000});
  const Var y = tanh(exp(x) * 2.0 + x) / (1.0 + square(x));
  const ProgramFacts fused = r.program({y}).facts();
  CHECK(fused.nodes == 7);
  CHECK(fused.steps == 1);
  CHECK(fused.fused_passes == 1);
  CHECK(fused.arena_bytes == 0);
  const ProgramFacts unfused = r.program({y}, false).facts();
  CHECK(unfused.nodes == 9);  // and both stretched numbers
  CHECK(unfused.steps == 9);
}

TEST_CASE("plan: a chain of any length keeps two values when it is not fused") {
  Recording r;
  Var x = r.input({1000});
  for (int i = 0; i < 20; ++i) x = sin(x);
  // The result of each is read once, by the next; 1000 numbers take 8000 bytes, a multiple of 64.
  CHECK(r.program({x}, false).facts().arena_bytes == 2 * 8000);
  CHECK(r.program({x}).facts().arena_bytes == 0);
}

TEST_CASE("plan: memory is given back after the last reader, and taken again") {
  Recording r;
  const Var x = r.input({20, 20});
  // Products are steps of their own: at most two are alive, the operand and the result of the next.
  Var y = x;
  for (int i = 0; i < 10; ++i) y = matmul(y, x);
  CHECK(r.program({y}).facts().arena_bytes == 2 * 3200);
  // One that is read at the end stays.
  const Var first = matmul(x, x);
  Var z = first;
  for (int i = 0; i < 10; ++i) z = matmul(z, x);
  CHECK(r.program({matmul(z, first)}).facts().arena_bytes == 3 * 3200);
}

TEST_CASE("plan: a value is padded to 64 bytes in the arena") {
  Recording r;
  const Var x = r.input({3, 3});
  const Var y = matmul(matmul(x, x), x);
  CHECK(r.program({y}).facts().arena_bytes == 128);  // 72 bytes, padded
}

TEST_CASE("plan: the arena gives back what was given, joined with its neighbours") {
  Arena arena;
  const auto a = arena.take(100), b = arena.take(64), c = arena.take(1);
  CHECK(a == 0);
  CHECK(b == 128);
  CHECK(c == 192);
  CHECK(arena.size() == 256);
  arena.give(a, 100);
  arena.give(b, 64);
  CHECK(arena.take(192) == 0);  // both together
  CHECK(arena.size() == 256);
  arena.give(c, 1);
  CHECK(arena.take(200) == 192);  // the end is stretched
  CHECK(arena.size() == 448);
}

TEST_CASE("plan: of several free places, the arena takes the smallest that is large enough") {
  Arena arena;
  const auto large = arena.take(640), wall = arena.take(64), small = arena.take(128), end = arena.take(64);
  arena.give(large, 640);
  arena.give(small, 128);
  CHECK(arena.take(100) == small);
  CHECK(arena.take(100) == large);
  CHECK(wall == 640);
  CHECK(end == 832);
  CHECK(arena.take(0) == 128);  // nothing takes 64 bytes too, so that places differ
}

TEST_CASE("plan: an alias changes the type, not the bytes") {
  Recording r;
  const Var x = r.input({2, 3}), column = r.input({3, 1});
  // The row of six is read as a 3 x 2 matrix, stretched against columns of its own.
  const Var matrix = reshape(exp(x), {3, 2});
  const Var y = matrix * column + sum(matrix, 1, true);
  const Tensor a({2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}), b({3, 1}, {1.0, 10.0, 100.0});
  const Tensor result = run(r.program({y}), {a, b})[0];
  const Tensor e = exp(a).tensor();
  for (Index row = 0; row < 3; ++row)
    for (Index i = 0; i < 2; ++i)
      CHECK(result.at(2 * row + i) == e.at(2 * row + i) * b.at(row) + (e.at(2 * row) + e.at(2 * row + 1)));
  CHECK(identical(run(r.program({y}, false), {a, b})[0], result));
}

TEST_CASE("plan: a reshaped row that is stretched keeps the type it was given") {
  Recording r;
  const Var x = r.input({6});
  // [6] -> [6,1] and [1,6]: the same bytes, stretched along different axes, in one pass of 36.
  const Var y = reshape(x, {6, 1}) - 2.0 * reshape(x, {1, 6});
  CHECK(r.program({y}).facts().fused_passes == 2);  // 2x, then the difference
  const Tensor in = vector({1, 2, 3, 4, 5, 6});
  const Tensor result = run(r.program({y}), {in})[0];
  for (Index i = 0; i < 36; ++i) CHECK(result.at(i) == in.at(i / 6) - 2 * in.at(i % 6));
}

TEST_CASE("plan: a reduction ends a pass, and its readers are another") {
  Recording r;
  const Var x = r.input({50, 40});
  const Var y = exp(x) / sum(exp(x), 1, true);
  const ProgramFacts facts = r.program({y}).facts();
  CHECK(facts.steps == 3);
  CHECK(facts.fused_passes == 2);
}

TEST_CASE("plan: what reads one array at the same time shares a pass") {
  Recording r;
  const Var x = r.input({1000});
  const ProgramFacts facts = r.program({sin(x), cos(x), exp(x)}).facts();
  CHECK(facts.nodes == 3);
  CHECK(facts.fused_passes == 1);
}

TEST_CASE("plan: a stretched operand is stored only if something else than a pass reads it") {
  Recording r;
  const Var x = r.input({100, 100}), row = r.input({100});
  CHECK(r.program({x + row}).facts().arena_bytes == 0);
  CHECK(r.program({x + row}).facts().nodes == 1);
  const Var stretched = broadcast_to(row, {100, 100});
  CHECK(r.program({matmul(x, stretched)}).facts().nodes == 2);
  CHECK(r.program({matmul(x, stretched)}).facts().arena_bytes == 80000);
}

TEST_CASE("plan: a pass has an end, however long the chain") {
  Recording r;
  Var x = r.input({10});
  for (int i = 0; i < 1000; ++i) x = 0.5 * sin(x);
  const ProgramFacts facts = r.program({x}).facts();
  CHECK(facts.fused_passes == facts.steps);
  CHECK(facts.steps == 11);  // of 192 nodes at most
  const Tensor in = numbers({10});
  CHECK(identical(run(r.program({x}), {in})[0], run(r.program({x}, false), {in})[0]));
}

TEST_CASE("plan: what only stores need runs after the guard, in place") {
  Recording r;
  const Var x = r.input({100});
  const Var m = r.cell(Tensor(Type{f64, {100}})), w = r.cell(Tensor(Type{f64, {100}}));
  const Var loss = sum(square(x - w));
  r.tape->guard(loss);
  const Var next = 0.9 * m + 0.1 * (x - w);
  r.tape->store(m, next);
  r.tape->store(w, w + 0.5 * next);
  const Program program = r.program({loss});
  CHECK(program.facts().stores_in_place == 2);
  CHECK(program.facts().stores_copied == 0);
  const std::string text = program.str();
  const auto guard = text.find("guard\n");
  REQUIRE(guard != std::string::npos);
  CHECK(text.find("= square") < guard);
  CHECK(text.find("pass of 100 elements", guard) != std::string::npos);
  // The one pass below the guard: both stores.
  CHECK(text.find("pass of", text.find("pass of", guard) + 1) == std::string::npos);
}

TEST_CASE("plan: without a guard, a store of what no result needs is in place too") {
  Recording r;
  const Var n = r.cell(Tensor(0.0));
  r.tape->store(n, n + 1.0);
  Program program = r.program({});
  CHECK(program.facts().stores_in_place == 1);
  for (int i = 0; i < 3; ++i) program.run(std::span<const Tensor>());
  CHECK(r.cells[0]->value.item() == 3);
}

TEST_CASE("plan: a result that is also stored is copied") {
  Recording r;
  const Var x = r.input({4}), c = r.cell(Tensor(Type{f64, {4}}));
  const Var y = x + c;
  r.tape->store(c, y);
  Program program = r.program({y});
  CHECK(program.facts().stores_copied == 1);
  const Tensor in[] = {vector({1, 2, 3, 4})};
  for (int i = 1; i <= 3; ++i) {
    program.run(in);
    CHECK(program.outputs()[0].at(3) == 4.0 * i);
    CHECK(identical(r.cells[0]->value, program.outputs()[0]));
  }
}

TEST_CASE("plan: a cell whose old value is read later is not overwritten before") {
  Recording r;
  const Var x = r.input({4});
  const Var a = r.cell(vector({1, 2, 3, 4})), b = r.cell(Tensor(Type{f64, {4}}));
  r.tape->store(a, a + x);
  r.tape->store(b, flip(a, 0));  // reads the old a in a step of its own
  for (bool fuse : {true, false}) {
    r.cells[0]->value = vector({1, 2, 3, 4});
    run(r.program({}, fuse), {vector({10, 10, 10, 10})});
    CHECK(identical(r.cells[0]->value, vector({11, 12, 13, 14})));
    CHECK(identical(r.cells[1]->value, vector({4, 3, 2, 1})));
  }
}

TEST_CASE("plan: cells that take each other's old value in a row do so in order") {
  Recording r;
  const Var x = r.input({});
  const Var a = r.cell(Tensor(1.0)), b = r.cell(Tensor(2.0)), c = r.cell(Tensor(3.0));
  r.tape->store(a, x);
  r.tape->store(b, a);
  r.tape->store(c, b);
  run(r.program({}), {Tensor(0.0)});
  CHECK(r.cells[0]->value.item() == 0);
  CHECK(r.cells[1]->value.item() == 1);
  CHECK(r.cells[2]->value.item() == 2);
}

TEST_CASE("plan: cells that take each other's value in a circle are an error") {
  Recording r;
  const Var a = r.cell(Tensor(1.0)), b = r.cell(Tensor(2.0));
  r.tape->store(a, b);
  r.tape->store(b, a);
  CHECK(text_of_error([&] { r.program({}); }) ==
        "[store] cells are stored to each other in a circle: " + r.tape->str(a.place()->ref.node));
}

TEST_CASE("plan: cells swap what is computed from each other") {
  Recording r;
  const Var a = r.cell(vector({1, 2})), b = r.cell(vector({3, 4}));
  r.tape->store(a, 1.0 * b);
  r.tape->store(b, 1.0 * a);
  run(r.program({}), {});
  CHECK(identical(r.cells[0]->value, vector({3, 4})));
  CHECK(identical(r.cells[1]->value, vector({1, 2})));
}

TEST_CASE("plan: one and the same tensor in two cells stays two values") {
  Recording r;
  const Tensor shared = vector({1, 2});
  const Var a = r.cell(shared), b = r.cell(shared);
  r.tape->store(a, a + 1.0);
  Program program = r.program({a + b});
  program.run(std::span<const Tensor>());
  CHECK(identical(r.cells[0]->value, vector({2, 3})));
  CHECK(identical(r.cells[1]->value, vector({1, 2})));
  CHECK(identical(shared, vector({1, 2})));
  program.run(std::span<const Tensor>());
  CHECK(identical(program.outputs()[0], vector({3, 5})));
}

TEST_CASE("plan: a placeholder that is still needed is an error") {
  Recording r;
  const Var p = r.tape->placeholder({f64, {2}});
  CHECK(text_of_error([&] { r.program({exp(p)}); }) ==
        "[plan] a placeholder is still needed: %0 = placeholder f64[2] {dtype=f64 shape=[2]}");
}

TEST_CASE("plan: an elementwise operation of five operands is an error") {
  const Op five({.name = "five",
                 .kind = Kind::elementwise,
                 .shape = [](const Signature& s) -> std::vector<Type> { return {s[0]}; },
                 .tile = [](const Signature&) -> TileKernel { return [](const void* const*, void*, Index) {}; }},
                Op::Unlisted{});
  Recording r;
  const Var x = r.input({2});
  const Ref ref = x.place()->ref;
  const Var y = r.tape->record(five, {ref, ref, ref, ref, ref}, {}, {})[0];
  CHECK(text_of_error([&] { r.program({y}); }) == "[five] an elementwise operation has at most 4 operands");
}

TEST_CASE("plan: inputs of another number or type are an error") {
  Recording r;
  const Var x = r.input({2});
  Program program = r.program({x});
  const Tensor two[] = {vector({1, 2}), vector({1, 2})}, longer[] = {vector({1, 2, 3})};
  CHECK(text_of_error([&] { program.run(two); }) == "[run] 2 inputs for a program of 1");
  CHECK(text_of_error([&] { program.run(longer); }) == "[run] input 0 is f64[3], the program takes f64[2]");
}

TEST_CASE("plan: empty arrays run") {
  Recording r;
  const Var x = r.input({0, 3});
  const auto results =
      run(r.program({exp(x) + 1.0, sum(x, 0), matmul(x, transpose(x))}), {Tensor(Type{f64, {0, 3}})});
  CHECK(results[0].shape() == Shape{0, 3});
  CHECK(identical(results[1], vector({0, 0, 0})));
}

TEST_CASE("plan: fused or not, on one, two or three threads, large programs have the same bits") {
  for (DType dtype : {f32, f64}) {
    Recording r;
    const Var x = r.input({300, 200}, dtype), w = r.input({200, 150}, dtype), b = r.input({150}, dtype);
    const Var h = gelu(matmul(x, w) + b);
    const Var p = softmax(h) * 2.0 - tanh(cumsum(h, 0) * 0.01);
    const Var loss = mean(square(p - h)) + sum(logsumexp(h, 1)) + norm(sort(h));
    const auto gradients = grad(loss, std::vector<Var>{x, w, b});
    const auto program = [&](bool fuse, int threads) {
      return run(r.program({loss, p, gradients[0], gradients[1], gradients[2]}, fuse, threads),
                 {numbers({300, 200}, dtype), numbers({200, 150}, dtype), numbers({150}, dtype)});
    };
    const auto expected = program(false, 1);
    for (bool fuse : {true, false})
      for (int threads : {1, 2, 3}) {
        const auto actual = program(fuse, threads);
        for (std::size_t i = 0; i < expected.size(); ++i) CHECK(identical(actual[i], expected[i]));
      }
  }
}
