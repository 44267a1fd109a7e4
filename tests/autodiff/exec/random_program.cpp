// Making and running random programs.
// SPDX-License-Identifier: BSD-3-Clause
#include "random_program.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>

#include "support/sample.hpp"

namespace tapir::test {
namespace {

class Maker {
 public:
  Maker(std::uint64_t seed, RandomOptions options) : random_(seed), options_(options) {}

  RandomProgram make() {
    for (const Shape& shape : shapes()) values_.push_back(input({shape, -2, 2}));
    if (coin())
      for (std::size_t i = 0; i < 4; ++i) cells_.push_back(cell(shapes()[i / 2]));
    values_.insert(values_.end(), cells_.begin(), cells_.end());
    for (int i = 0; i < options_.steps; ++i) step();
    for (Index i = 0, n = random_.whole(1, 4); i < n; ++i) program_.outputs.push_back(any());
    program_.outputs.push_back(values_.back());
    guard();
    store();
    return std::move(program_);
  }

 private:
  std::vector<Shape> shapes() const {
    if (options_.large) return {{120, 50}, {50}, {120, 1}, {6000}};
    return {{2, 3}, {3}, {2, 1}, {4}, {1, 3}, {}};
  }

  bool coin() { return random_.whole(0, 1) == 1; }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(random_.whole(0, static_cast<Index>(all.size()) - 1))];
  }

  Var input(const Operand& operand) {
    program_.values.push_back(test::make(operand, options_.dtype, random_));
    if (options_.extreme && operand.fill == Operand::Fill::uniform) spoil(program_.values.back());
    program_.inputs.push_back(program_.tape->input(program_.values.back().type()));
    return program_.inputs.back();
  }

  void spoil(Tensor& x) {
    static const std::vector<double> extremes = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e-40, -1e30};
    for (Index i = 0; i < x.size(); ++i)
      if (random_.whole(0, 9) == 0) assign(x, i, one_of(extremes));
  }

  // A floating value of the program's dtype.
  Var any() {
    for (;;)
      if (const Var& x = one_of(values_); x.type().dtype == options_.dtype) return x;
  }

  // Within the domain of a row, whatever x is.
  Var squashed(const Var& x, double low, double high) {
    return low + (high - low) * (0.05 + 0.9 * sigmoid(x));
  }

  Var of_shape(const Shape& shape, const Operand& operand) {
    std::vector<Var> fitting;
    for (const Var& x : values_) {
      Shape both;
      if (x.type().dtype != options_.dtype) continue;
      if (x.shape().size() == shape.size())
        fitting.push_back(reshape(x, shape));
      else if (broadcast_shapes(x.shape(), shape, both) && both == shape)
        fitting.push_back(broadcast_to(x, shape));
    }
    if (fitting.empty()) return input({shape, operand.low, operand.high});
    return squashed(one_of(fitting), operand.low, operand.high);
  }

  bool takes(const Op& op) const {
    const auto& dtypes = op->dtypes;
    return op.kind() != Kind::leaf && !op->samples.empty() && !(options_.smooth && op->flow == Flow::zero) &&
           std::find(dtypes.begin(), dtypes.end(), options_.dtype) != dtypes.end();
  }

  // Any row at one of its samples; elementwise ones in any shape.
  void row() {
    std::vector<const Op*> rows;
    for (const Op* op : Op::all())
      if (takes(*op)) rows.push_back(op);
    const Op& op = *one_of(rows);
    const Sample& sample = one_of(op->samples);
    const bool elementwise = op.kind() == Kind::elementwise;
    const Shape shape = any().shape();
    std::vector<Arg> operands;
    for (Operand operand : sample.operands) {
      if (elementwise) operand.shape = shape;
      const bool given = operand.fill == Operand::Fill::uniform || operand.fill == Operand::Fill::distinct;
      const Var x = given ? of_shape(operand.shape, operand) : input(operand);
      // Gradients of gradients are taken of these programs, too.
      const bool is_cut = operand.once || operand.fill == Operand::Fill::whole;
      operands.emplace_back(is_cut ? stop_gradient(x) : x);
    }
    for (Var& result : apply_all(op, operands, sample.attrs)) values_.push_back(std::move(result));
  }

  void binary() {
    const Var a = any(), b = any();
    Shape both;
    if (!broadcast_shapes(a.shape(), b.shape(), both) || both.size() > 20000) return chain();
    switch (random_.whole(0, options_.smooth ? 3 : 5)) {
    case 0:
      return keep(a + 0.5 * b);
    case 1:
      return keep(tanh(a) * sigmoid(b));
    case 2:
      return keep(maximum(a, b) - 1.0);
    case 3:
      return keep(a / (1.0 + square(b)));
    case 4:
      return keep(where(a > b, tanh(a), b));
    default:
      return keep((a < b) * a);
    }
  }

  // Several steps, some of whose values are read again.
  void chain() {
    const Var a = any();
    const Var b = sin(a), c = b * a + 0.25;
    keep(coin() ? exp(-square(c)) - b : tanh(c) + c);
    if (coin()) keep(b);
  }

  void structure() {
    const Var x = any();
    const int rank = x.rank();
    const int axis = rank > 0 ? static_cast<int>(random_.whole(0, rank - 1)) : 0;
    switch (random_.whole(0, 6)) {
    case 0:
      return keep(reshape(x, {-1}));
    case 1:
      return keep(rank < 4 ? expand_dims(x, axis) : x);
    case 2:
      if (rank >= 2) return keep(transpose(x));
      break;
    case 3:
      if (rank >= 1 && x.shape()[axis] > 1)
        return keep(slice(x, axis, 1, x.shape()[axis], random_.whole(1, 2)));
      break;
    case 4:
      if (rank >= 1 && x.shape().size() < 10000) return keep(concat({x, cos(x)}, axis));
      break;
    case 5:
      if (rank >= 1) return keep(flip(x, axis));
      break;
    default:
      return keep(stop_gradient(x));
    }
    keep(square(reshape(x, {-1})));
  }

  void reduction() {
    const Var x = any();
    if (x.rank() == 0 || x.shape().size() == 0) return chain();
    const Axes axes = coin() ? Axes() : Axes(static_cast<int>(random_.whole(0, x.rank() - 1)));
    const bool keeps = coin();
    const int axis = static_cast<int>(random_.whole(0, x.rank() - 1));
    switch (random_.whole(0, 6)) {
    case 0:
      return keep(mean(x, axes, keeps));
    case 1:
      return keep(max(x, axes, keeps));
    case 2:
      return keep(logsumexp(x, axes, keeps));
    case 3:
      return keep(softmax(x, axis));
    case 4:
      return keep(tanh(x - mean(x, axes, true)));
    case 5:
      return keep(cumsum(x, axis));
    default:
      return keep(sum(square(x), axes, keeps));
    }
  }

  void product() {
    const Var x = any();
    const Index n = x.shape().size();
    const Index k = n % 50 == 0 && n > 0 ? 50 : n % 3 == 0 && n > 0 ? 3 : 1;
    const Var a = reshape(x, {n / k, k});
    const Var b = input({{k, random_.whole(1, 4)}, -1, 1});
    keep(coin() ? matmul(a, b) : transpose(matmul(b, a, {.transpose_a = true, .transpose_b = true})));
  }

  void loop() {
    const Var x = any(), scale = any();
    if (x.shape().size() == 0 || scale.shape().size() == 0) return chain();
    const Var factor = tanh(mean(scale));
    if (coin()) {
      const auto wave = [&](std::span<const Var> v) {
        return std::vector<Var>{sin(v[0] * factor) + cos(v[0])};
      };
      return keep(checkpoint(wave, {x})[0]);
    }
    const auto result = scan(
        [&](std::span<const Var> carry, std::span<const Var>, const Var& i) -> ScanStep {
          const Var next = sin(carry[0] * factor + 0.1 * cast(i, options_.dtype));
          return {{next}, {sum(square(next))}};
        },
        {x}, {}, {.length = random_.whole(1, 3), .reverse = coin()});
    keep(result.carry[0]);
    keep(result.outputs[0]);
  }

  void step() {
    switch (random_.whole(0, 11)) {
    case 0:
    case 1:
    case 2:
      return row();
    case 3:
    case 4:
    case 5:
      return binary();
    case 6:
    case 7:
      return chain();
    case 8:
      return structure();
    case 9:
      return reduction();
    case 10:
      return product();
    default:
      return coin() ? loop() : structure();
    }
  }

  void keep(const Var& x) { values_.push_back(x); }

  Var cell(const Shape& shape) {
    program_.initial.push_back(test::make({shape, -1, 1}, options_.dtype, random_));
    const std::string path = "cell " + std::to_string(program_.cells.size());
    program_.cells.push_back(std::make_shared<Cell>(Cell{path, program_.initial.back()}));
    return program_.tape->cell(program_.cells.back());
  }

  // What a cell takes: something of its own, of another cell, of any value; or another cell's value as it was.
  // Cells take from those before them, as a circle is an error.
  Var next(std::size_t c) {
    const Var& old = cells_[c];
    const Var& other = cells_[static_cast<std::size_t>(random_.whole(0, static_cast<Index>(c)))];
    const Var x = of_shape(old.shape(), {{}, -1, 1});
    switch (random_.whole(0, 6)) {
    case 0:
      return x;
    case 1:
      return 0.9 * old + 0.1 * x;
    case 2:
      return old - 0.1 * square(old) * mean(other);
    case 3:
      return old.shape() == other.shape() ? other : tanh(other * 0 + old);
    case 4:
      return old.shape() == other.shape() ? sin(other) - old : mean(other) * old;
    case 5:
      return old.rank() > 0 ? flip(old, 0) + x : sin(old);
    default:
      return reshape(sin(reshape(old, {-1})), old.shape());
    }
  }

  void store() {
    for (std::size_t c = 0; c < cells_.size(); ++c) {
      Var value = next(c);
      if (value.shape() != cells_[c].shape()) value = mean(value) * cells_[c];
      // Something that reads a new value, and old ones, below the guard.
      if (c > 0 && coin() && last_.shape() == value.shape()) value = value + 0.5 * last_ * cells_[c - 1];
      if (value.shape() != cells_[c].shape()) continue;
      last_ = value;
      program_.tape->store(cells_[c], value);
    }
  }

  void guard() {
    switch (random_.whole(0, 5)) {
    case 0:
      break;
    case 1:
      return program_.tape->guard(log(relu(-square(any()))));
    case 2:
      program_.tape->guard(any());
      break;
    default:
      program_.tape->guard(sum(squashed(any(), -1, 1)));
    }
  }

  Generator random_;
  RandomOptions options_;
  RandomProgram program_;
  std::vector<Var> values_;
  std::vector<Var> cells_;
  Var last_;
};

bool all_finite(const Tensor& x) {
  for (Index i = 0; i < x.size(); ++i)
    if (!std::isfinite(x.at(i))) return false;
  return true;
}

void reset_cells(const RandomProgram& program) {
  for (std::size_t c = 0; c < program.cells.size(); ++c) program.cells[c]->value = program.initial[c];
}

void append_cells(const RandomProgram& program, std::vector<Tensor>& to) {
  for (const auto& cell : program.cells) to.push_back(cell->value);
}

std::vector<Tensor> step_eagerly(const RandomProgram& program) {
  const Tape& tape = *program.tape;
  std::vector<std::vector<Tensor>> values(static_cast<std::size_t>(tape.size()));
  const auto value = [&](Ref ref) -> const Tensor& {
    return values[static_cast<std::size_t>(ref.node)][static_cast<std::size_t>(ref.result)];
  };
  for (int i = 0; i < tape.size(); ++i) {
    const Node& node = tape.node(i);
    auto& results = values[static_cast<std::size_t>(i)];
    if (node.op == &ops::input) {
      results = {program.values[static_cast<std::size_t>(node.attrs.get<Index>("index"))]};
    } else if (node.op == &ops::cell) {
      results = {node.attrs.get<std::shared_ptr<Cell>>("cell")->value};
    } else if (node.op == &ops::literal) {
      results = {node.attrs.get<Tensor>("value")};
    } else {
      std::vector<Tensor> operands;
      for (Ref ref : node.inputs) operands.push_back(value(ref));
      results = compute(*node.op, operands, node.attrs);
    }
  }
  std::vector<Tensor> result;
  for (Ref ref : program.results()) result.push_back(value(ref));
  if (std::all_of(tape.guards().begin(), tape.guards().end(),
                  [&](Ref ref) { return all_finite(value(ref)); }))
    for (const Store& store : tape.stores())
      tape.node(store.cell.node).attrs.get<std::shared_ptr<Cell>>("cell")->value = value(store.value);
  append_cells(program, result);
  return result;
}

// All NaN become one: which of two NaN a sum passes on is the compiler's choice.
Tensor with_one_nan(const Tensor& x) {
  if (!is_floating(x.dtype())) return x;
  Tensor result(x.type());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto from = x.view<T>();
    std::ranges::transform(from, result.mutable_view<T>().begin(), [](T v) {
      if constexpr (std::is_floating_point_v<T>)
        if (std::isnan(v)) return std::numeric_limits<T>::quiet_NaN();
      return v;
    });
  });
  return result;
}

std::string difference(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (!identical(with_one_nan(actual[i]), with_one_nan(expected[i])))
      return "value " + std::to_string(i) + " is " + actual[i].str() + ", it should be " + expected[i].str();
  return {};
}

}  // namespace

std::vector<Ref> RandomProgram::results() const {
  std::vector<Ref> refs;
  for (const Var& output : outputs) refs.push_back(output.place()->ref);
  return refs;
}

RandomProgram random_program(std::uint64_t seed, RandomOptions options) {
  return Maker(seed, options).make();
}

void add_gradient(RandomProgram& program) {
  std::vector<Var> xs;
  for (const Var& input : program.inputs)
    if (is_floating(input.type().dtype)) xs.push_back(input);
  for (const auto& cell : program.cells) xs.push_back(program.tape->cell(cell));
  std::optional<Var> total;
  for (const Var& output : program.outputs)
    if (is_floating(output.type().dtype)) {
      const Var part = cast(sum(tanh(output)), f64);
      total = total ? *total + part : part;
    }
  for (Var& g : grad(*total, xs, {.allow_unused = true}))
    program.outputs.push_back(g.is_recorded() ? g : program.tape->literal(g.tensor()));
}

Outcome run_eagerly(const RandomProgram& program) {
  reset_cells(program);
  Outcome result;
  result.first = step_eagerly(program);
  result.second = step_eagerly(program);
  return result;
}

Outcome run_planned(const RandomProgram& program, bool fuse, int threads) {
  reset_cells(program);
  Program planned(program.tape, program.results(), std::make_shared<Pool>(threads), {.fuse = fuse});
  const auto step = [&] {
    planned.run(program.values);
    std::vector<Tensor> result(planned.outputs().begin(), planned.outputs().end());
    append_cells(program, result);
    return result;
  };
  Outcome result;
  result.first = step();
  result.second = step();
  return result;
}

std::string difference(const Outcome& actual, const Outcome& expected) {
  if (const auto text = difference(actual.first, expected.first); !text.empty()) return "first run: " + text;
  if (const auto text = difference(actual.second, expected.second); !text.empty())
    return "second run: " + text;
  return {};
}

}  // namespace tapir::test
