// The scan row: running a body, and its derivatives as further scans.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/transforms/scan.hpp>

#include <algorithm>
#include <cstring>
#include <optional>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/exec/program.hpp>
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/body.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

namespace tapir {
namespace {

// Operands: carries, xs, captures. The body's inputs: carries, slices of xs, the iteration, captures. Results: final
// carries, stacked outputs, and the history of carries: what each iteration began with.
struct Layout {
  std::size_t carries;
  std::size_t xs;
  std::size_t outputs;
  Index length;
  bool reverse;

  static Layout of(const Attrs& attrs) {
    const auto& body = *attrs.get<std::shared_ptr<const Body>>("body");
    const auto carries = static_cast<std::size_t>(attrs.get<Index>("carries"));
    return {carries, static_cast<std::size_t>(attrs.get<Index>("xs")), body.outputs.size() - carries,
            attrs.get<Index>("length"), attrs.flag("reverse")};
  }
};

const Body& body_of(const Attrs& attrs) { return *attrs.get<std::shared_ptr<const Body>>("body"); }

Type stacked(const Type& type, Index length) { return {type.dtype, Shape{length} + type.shape}; }

Var row_of(const Var& x, Index i) { return squeeze(slice(x, 0, i, i + 1), 0); }

std::vector<Type> scan_types(const Signature& s) {
  const Layout l = Layout::of(s.attrs);
  const Body& body = body_of(s.attrs);
  std::vector<Type> types;
  for (std::size_t c = 0; c < l.carries; ++c) types.push_back(s[c]);
  for (std::size_t o = 0; o < l.outputs; ++o)
    types.push_back(stacked(body.tape->type(body.outputs[l.carries + o]), l.length));
  for (std::size_t c = 0; c < l.carries; ++c) types.push_back(stacked(s[c], l.length));
  return types;
}

// ---- running ----

// Runs a body again and again where carries, inputs and results lie. Results that nobody reads are not written.
struct Loop {
  Layout layout;
  std::shared_ptr<const Body> body;
  Index block;  // iterations that are one program, if that is worth it; or 1
  std::vector<std::size_t> carry_bytes = {};
  std::vector<std::size_t> x_bytes = {};
  std::vector<std::size_t> row_bytes = {};  // of outputs, then of carries in the history
  // Made in the first run, when it is known which rows are asked for.
  std::optional<Program> one = {};  // iteration
  std::optional<Program> several = {};
  std::vector<std::size_t> asked = {};  // rows
  // Carries lie in the history, or in turns in one of two places.
  std::vector<std::vector<std::byte>> rooms = {};
  std::vector<std::byte*> now = {};
  Index iteration = 0;
  std::vector<const void*> in = {};
  std::vector<void*> out = {};

  void run(const Buffers& b);

 private:
  void begin(const Buffers& b);
  void run(Program& program, const Buffers& b, Index first, Index count);
  std::byte* row(const Buffers& b, std::size_t k, Index at) const {
    return static_cast<std::byte*>(b.out[layout.carries + k]) + static_cast<std::size_t>(at) * row_bytes[k];
  }
  // Where the iteration that comes `nth` finds a carry, or where the last one leaves it.
  std::byte* place(const Buffers& b, std::size_t carry, Index nth) {
    const bool is_result = nth == layout.length;
    const std::size_t k = layout.outputs + carry;
    if (b.out[is_result ? carry : layout.carries + k])
      return is_result ? static_cast<std::byte*>(b.out[carry])
                       : row(b, k, layout.reverse ? layout.length - 1 - nth : nth);
    std::byte* room = rooms[carry].data();
    return now[carry] == room ? room + carry_bytes[carry] : room;
  }
};

// How many iterations become one program: many, where they are a few small operations each, which are then packed.
Index block_of(const Layout& l, const Body& body) {
  constexpr Index most_elements = 16, longest = 128, shortest = 8, most_nodes = 8192;
  for (int i = 0; i < body.tape->size(); ++i) {
    const Node& node = body.tape->node(i);
    if ((*node.op)->body) return 1;
    for (const Type& type : node.types)
      if (node.op->kind() != Kind::leaf && type.size() > most_elements) return 1;
  }
  const Index most = std::min({longest, most_nodes / std::max(body.tape->size(), 1), l.length});
  if (most < shortest) return 1;
  for (Index block = most; block >= std::max(shortest, most / 2); --block)
    if (l.length % block == 0) return block;
  return most;
}

// Inputs: carries, `block` rows of xs, the first row's number, captures. Results: carries, and the rows that are asked
// for: of outputs, and of what each iteration but the first begins with.
Program iterations(const Layout& l, const Body& body, Index block, const std::vector<std::size_t>& asked) {
  const auto tape = Tape::make();
  std::vector<Var> inputs;
  for (std::size_t i = 0; i < body.inputs.size(); ++i) {
    const Type& type = body.tape->type(body.inputs[i]);
    inputs.push_back(tape->input(i >= l.carries && i < l.carries + l.xs ? stacked(type, block) : type));
  }
  std::vector<std::vector<Var>> rows(l.outputs + l.carries);
  std::vector<Var> now = inputs;
  for (Index t = 0; t < block; ++t) {
    const Index at = l.reverse ? block - 1 - t : t;
    for (std::size_t x = l.carries; x < l.carries + l.xs; ++x) now[x] = row_of(inputs[x], at);
    now[l.carries + l.xs] = inputs[l.carries + l.xs] + at;
    for (std::size_t c = 0; c < l.carries && t > 0; ++c) rows[l.outputs + c].push_back(now[c]);
    const std::vector<Var> results = brought_to(tape, inlined(body, now));
    std::copy_n(results.begin(), l.carries, now.begin());
    for (std::size_t o = 0; o < l.outputs; ++o) rows[o].push_back(results[l.carries + o]);
  }
  std::vector<Ref> results;
  for (std::size_t c = 0; c < l.carries; ++c) results.push_back(now[c].place()->ref);
  for (std::size_t k : asked) {
    std::vector<Var>& list = rows[k];
    if (list.empty()) continue;  // one iteration has the history that it began with
    if (l.reverse) std::reverse(list.begin(), list.end());
    results.push_back((list.size() > 1 ? stack(list, 0) : expand_dims(list[0], 0)).place()->ref);
  }
  return Program(tape, results, std::make_shared<Pool>(1));
}

void Loop::begin(const Buffers& b) {
  for (std::size_t k = 0; k < row_bytes.size(); ++k)
    if (b.out[layout.carries + k]) asked.push_back(k);
  if (block > 1) several.emplace(iterations(layout, *body, block, asked));
  if (layout.length % block > 0 || block == 1) one.emplace(iterations(layout, *body, 1, asked));
}

void Loop::run(const Buffers& b) {
  if (!one && !several) begin(b);
  in[layout.carries + layout.xs] = &iteration;
  std::copy_n(b.in + layout.carries + layout.xs, in.size() - layout.carries - layout.xs - 1,
              in.begin() + static_cast<std::ptrdiff_t>(layout.carries + layout.xs + 1));
  for (std::size_t c = 0; c < layout.carries; ++c) {
    now[c] = place(b, c, 0);
    std::memcpy(now[c], b.in[c], carry_bytes[c]);
  }
  Index done = 0;
  if (several)
    for (; done + block <= layout.length; done += block) run(*several, b, done, block);
  for (; done < layout.length; ++done) run(*one, b, done, 1);
}

// In memory, iterations lie as xs do, whichever comes first.
void Loop::run(Program& program, const Buffers& b, Index first, Index count) {
  iteration = layout.reverse ? layout.length - first - count : first;
  for (std::size_t c = 0; c < layout.carries; ++c) {
    in[c] = now[c];
    out[c] = now[c] = place(b, c, first + count);
  }
  for (std::size_t x = 0; x < layout.xs; ++x)
    in[layout.carries + x] = static_cast<const std::byte*>(b.in[layout.carries + x]) +
                             static_cast<std::size_t>(iteration) * x_bytes[x];
  std::size_t next = layout.carries;
  for (std::size_t k : asked) {
    const bool is_history = k >= layout.outputs;
    if (is_history && count == 1) continue;
    out[next++] = row(b, k, is_history && !layout.reverse ? iteration + 1 : iteration);
  }
  program.run(in.data(), out.data());
}

Kernel scan_kernel(const Signature& s) {
  const Layout l = Layout::of(s.attrs);
  const auto& body = s.attrs.get<std::shared_ptr<const Body>>("body");
  auto loop = std::make_shared<Loop>(Loop{.layout = l, .body = body, .block = block_of(l, *body)});
  for (std::size_t x = 0; x < l.xs; ++x)
    loop->x_bytes.push_back(body->tape->type(body->inputs[l.carries + x]).bytes());
  for (std::size_t o = 0; o < l.outputs; ++o)
    loop->row_bytes.push_back(body->tape->type(body->outputs[l.carries + o]).bytes());
  for (std::size_t c = 0; c < l.carries; ++c) {
    loop->carry_bytes.push_back(s[c].bytes());
    loop->row_bytes.push_back(s[c].bytes());
    loop->rooms.emplace_back(2 * s[c].bytes());
  }
  loop->now.resize(l.carries);
  loop->in.resize(body->inputs.size());
  loop->out.resize(body->outputs.size() + l.carries);
  return Kernel([loop](const Buffers& b) { loop->run(b); });
}

// ---- rules ----

std::vector<Var> part(std::span<const Var> vars, std::size_t first, std::size_t count) {
  return {vars.begin() + static_cast<std::ptrdiff_t>(first),
          vars.begin() + static_cast<std::ptrdiff_t>(first + count)};
}

void append(std::vector<Var>& to, std::span<const Var> more) {
  to.insert(to.end(), more.begin(), more.end());
}

bool floats(const Var& x) { return is_floating(x.type().dtype); }

Var or_zeros(const std::optional<Var>& g, const Type& type) { return g ? *g : zeros(type); }

// Backwards, the cotangents of the carries and the sums of those of the captures are carried; the body is computed
// again from what each iteration began with.
Tangents scan_vjp(const Recorded& r, const Tangents& g) {
  const Layout l = Layout::of(r.attrs);
  const Body& body = body_of(r.attrs);
  const std::vector<Var> xs = part(r.inputs, l.carries, l.xs);
  const std::vector<Var> captures = part(r.inputs, l.carries + l.xs, r.inputs.size() - l.carries - l.xs);
  const std::vector<Var> history = part(r.outputs, l.carries + l.outputs, l.carries);
  std::vector<std::size_t> carried;   // floating carries
  std::vector<std::size_t> captured;  // floating captures whose cotangent is asked for
  std::vector<std::size_t> given;     // results with a cotangent per iteration
  std::vector<Var> init;
  for (std::size_t c = 0; c < l.carries; ++c)
    if (floats(r.inputs[c])) {
      carried.push_back(c);
      init.push_back(or_zeros(g[c], r.inputs[c].type()));
    }
  for (std::size_t k = 0; k < captures.size(); ++k)
    if (floats(captures[k]) && r.needs[l.carries + l.xs + k]) {
      captured.push_back(k);
      init.push_back(zeros(captures[k].type()));
    }
  std::vector<Var> slices = xs;
  append(slices, history);
  for (std::size_t o = 0; o < l.outputs + l.carries; ++o)
    if (g[l.carries + o]) {
      given.push_back(o);
      slices.push_back(*g[l.carries + o]);
    }
  auto step = [&](std::span<const Var> carry, std::span<const Var> x, const Var& i) -> ScanStep {
    const auto tape = carry.empty() ? x[0].place()->tape : carry[0].place()->tape;
    std::vector<Var> inputs = part(x, l.xs, l.carries);
    append(inputs, x.first(l.xs));
    inputs.push_back(i);
    append(inputs, brought_to(tape, captures));
    const std::vector<Var> results = inlined(body, inputs);
    std::vector<Var> ys;
    std::vector<Var> gs;
    for (std::size_t c = 0; c < carried.size(); ++c) {
      ys.push_back(results[carried[c]]);
      gs.push_back(carry[c]);
    }
    std::vector<std::optional<Var>> of_history(l.carries);
    for (std::size_t o = 0; o < given.size(); ++o) {
      const Var& cotangent = x[l.xs + l.carries + o];
      if (given[o] >= l.outputs) {
        of_history[given[o] - l.outputs] = cotangent;
        continue;
      }
      ys.push_back(results[l.carries + given[o]]);
      gs.push_back(cotangent);
    }
    const Tangents back = vjp(ys, gs, inputs);
    ScanStep result;
    for (std::size_t c : carried) {
      const Var own = or_zeros(back[c], inputs[c].type());
      result.carry.push_back(of_history[c] ? own + *of_history[c] : own);
    }
    for (std::size_t k = 0; k < captured.size(); ++k) {
      const auto& more = back[l.carries + l.xs + 1 + captured[k]];
      const Var& so_far = carry[carried.size() + k];
      result.carry.push_back(more ? so_far + *more : so_far);
    }
    for (std::size_t x_at = 0; x_at < l.xs; ++x_at)
      if (floats(xs[x_at]))
        result.outputs.push_back(or_zeros(back[l.carries + x_at], inputs[l.carries + x_at].type()));
    return result;
  };
  const ScanResult done = scan(step, init, slices, {.length = l.length, .reverse = !l.reverse});
  Tangents result(r.inputs.size());
  for (std::size_t c = 0; c < carried.size(); ++c) result[carried[c]] = done.carry[c];
  for (std::size_t k = 0; k < captured.size(); ++k)
    result[l.carries + l.xs + captured[k]] = done.carry[carried.size() + k];
  std::size_t o = 0;
  for (std::size_t x = 0; x < l.xs; ++x)
    if (floats(xs[x])) result[l.carries + x] = done.outputs[o++];
  return result;
}

// Forward: values and tangents are carried side by side.
Tangents scan_jvp(const Recorded& r, const Tangents& t) {
  const Layout l = Layout::of(r.attrs);
  const Body& body = body_of(r.attrs);
  const std::size_t operands = l.carries + l.xs;
  const std::vector<Var> captures = part(r.inputs, operands, r.inputs.size() - operands);
  auto with_tangents = [&](std::size_t first, std::size_t count) {
    std::vector<Var> both = part(r.inputs, first, count);
    for (std::size_t i = first; i < first + count; ++i)
      if (floats(r.inputs[i])) both.push_back(or_zeros(t[i], r.inputs[i].type()));
    return both;
  };
  auto step = [&](std::span<const Var> carry, std::span<const Var> x, const Var& i) -> ScanStep {
    const auto tape = carry.empty() ? x[0].place()->tape : carry[0].place()->tape;
    std::vector<Var> inputs = part(carry, 0, l.carries);
    append(inputs, x.first(l.xs));
    inputs.push_back(i);
    append(inputs, brought_to(tape, captures));
    std::vector<Var> by;
    std::vector<Var> ts;
    auto add = [&](const Var& value, const Var& tangent) {
      by.push_back(value);
      ts.push_back(tangent);
    };
    std::size_t next = l.carries;
    for (std::size_t c = 0; c < l.carries; ++c)
      if (floats(inputs[c])) add(inputs[c], carry[next++]);
    next = l.xs;
    for (std::size_t k = 0; k < l.xs; ++k)
      if (floats(x[k])) add(inputs[l.carries + k], x[next++]);
    for (std::size_t k = 0; k < captures.size(); ++k)
      if (t[operands + k]) add(inputs[operands + 1 + k], brought_to(tape, {&*t[operands + k], 1})[0]);
    const std::vector<Var> results = inlined(body, inputs);
    const Tangents pushed = jvp(results, by, ts);
    ScanStep out{part(results, 0, l.carries), part(results, l.carries, l.outputs)};
    for (std::size_t c = 0; c < l.carries; ++c)
      if (floats(results[c])) out.carry.push_back(or_zeros(pushed[c], results[c].type()));
    append(out.outputs, std::vector<Var>());
    for (std::size_t o = l.carries; o < results.size(); ++o)
      if (floats(results[o])) out.outputs.push_back(or_zeros(pushed[o], results[o].type()));
    // What an iteration began with, too.
    for (std::size_t c = 0; c < l.carries; ++c)
      if (floats(results[c]))
        out.outputs.push_back(
            carry[l.carries +
                  static_cast<std::size_t>(std::count_if(
                      r.inputs.begin(), r.inputs.begin() + static_cast<std::ptrdiff_t>(c), floats))]);
    return out;
  };
  const ScanResult done = scan(step, with_tangents(0, l.carries), with_tangents(l.carries, l.xs),
                               {.length = l.length, .reverse = l.reverse});
  Tangents result(r.outputs.size());
  std::size_t next = l.carries;
  for (std::size_t c = 0; c < l.carries; ++c)
    if (floats(r.outputs[c])) result[c] = done.carry[next++];
  next = l.outputs;
  for (std::size_t o = l.carries; o < r.outputs.size(); ++o)
    if (floats(r.outputs[o])) result[o] = done.outputs[next++];
  return result;
}

// The new axis stands behind the axis of iterations while the loop runs.
Var behind(const Var& x) {
  std::vector<int> order;
  for (int axis = 0; axis < x.rank(); ++axis) order.push_back(axis);
  std::swap(order[0], order[1]);
  return transpose(x, order);
}

std::vector<Var> scan_batch(const Recorded& r, std::span<const Widened> in, Index count) {
  const Layout l = Layout::of(r.attrs);
  const Body& body = body_of(r.attrs);
  std::vector<Var> init;
  std::vector<Var> xs;
  for (std::size_t c = 0; c < l.carries; ++c)
    init.push_back(in[c].batched ? in[c].value
                                 : broadcast_to(in[c].value, Shape{count} + in[c].value.shape()));
  for (std::size_t x = l.carries; x < l.carries + l.xs; ++x)
    xs.push_back(in[x].batched ? behind(in[x].value) : in[x].value);
  auto step = [&](std::span<const Var> carry, std::span<const Var> x, const Var& i) -> ScanStep {
    std::vector<Widened> inputs;
    for (const Var& c : carry) inputs.push_back({c, true});
    for (std::size_t k = 0; k < l.xs; ++k) inputs.push_back({x[k], in[l.carries + k].batched});
    inputs.push_back({i, false});
    for (std::size_t k = l.carries + l.xs; k < in.size(); ++k) inputs.push_back(in[k]);
    const auto results = inlined_batched(body, inputs, count);
    ScanStep out{part(results, 0, l.carries), part(results, l.carries, l.outputs)};
    append(out.outputs, part(carry, 0, l.carries));
    return out;
  };
  const ScanResult done = scan(step, init, xs, {.length = l.length, .reverse = l.reverse});
  std::vector<Var> results = done.carry;
  for (const Var& output : done.outputs) results.push_back(behind(output));
  return results;
}

const Op scan_op{{.name = "scan",
                  .shape = scan_types,
                  .kernel = scan_kernel,
                  .batch = scan_batch,
                  .vjp = scan_vjp,
                  .jvp = scan_jvp,
                  .spares = true,
                  .body = true}};

// ---- the front ----

Index length_of(std::span<const Var> xs, Index asked, Where where) {
  Index length = asked;
  for (const Var& x : xs) {
    if (x.rank() == 0)
      throw Error("scan", "an x is " + x.type().str() + "; it needs an axis to walk along", where);
    if (length >= 0 && x.shape()[0] != length)
      throw Error("scan",
                  "xs have lengths " + std::to_string(length) + " and " + std::to_string(x.shape()[0]),
                  where);
    length = x.shape()[0];
  }
  if (length < 0) throw Error("scan", "without xs, a length has to be given", where);
  return length;
}

void check_carry(std::span<const Var> before, std::span<const Var> after, Where where) {
  if (before.size() != after.size())
    throw Error("scan",
                std::to_string(before.size()) + " values are carried in and " + std::to_string(after.size()) +
                    " out",
                where);
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i].type() != after[i].type())
      throw Error("scan", "the carry is " + before[i].type().str() + " and becomes " + after[i].type().str(),
                  where);
}

std::vector<Var> rows_of(std::span<const Var> xs, Index i) {
  std::vector<Var> rows;
  for (const Var& x : xs) rows.push_back(row_of(x, i));
  return rows;
}

// The tape that an iteration took values from, although carry and xs were plain.
std::shared_ptr<Tape> tape_behind(const ScanStep& step) {
  const auto tape = tape_of(step.carry);
  return tape ? tape : tape_of(step.outputs);
}

// If the first iteration shows that f takes values from a tape, it is all there is: `tape` tells.
ScanResult plain_loop(const ScanFunction& f, std::vector<Var> carry, std::span<const Var> xs, Index length,
                      bool reverse, std::shared_ptr<Tape>& tape, Where where) {
  std::vector<std::vector<Var>> rows;
  for (Index t = 0; t < length; ++t) {
    const Index at = reverse ? length - 1 - t : t;
    ScanStep step = f(carry, rows_of(xs, at), Tensor(at));
    if (t == 0) tape = tape_behind(step);
    if (tape) return {};
    if (t > 0) check_carry(carry, step.carry, where);
    carry = std::move(step.carry);
    rows.resize(step.outputs.size());
    for (std::size_t o = 0; o < step.outputs.size(); ++o) rows[o].push_back(step.outputs[o]);
  }
  ScanResult result{std::move(carry), {}};
  for (auto& list : rows) {
    if (reverse) std::reverse(list.begin(), list.end());
    result.outputs.push_back(stack(list, 0, where));
  }
  return result;
}

}  // namespace

ScanResult scan(const ScanFunction& f, std::vector<Var> init, std::vector<Var> xs, ScanOptions options,
                Where where) {
  const Index length = length_of(xs, options.length, where);
  std::vector<Var> operands = init;
  append(operands, xs);
  auto tape = tape_of(operands);
  if (!tape) {
    ScanResult plain = plain_loop(f, init, xs, length, options.reverse, tape, where);
    if (!tape) return plain;
    operands = brought_to(tape, operands);
  }
  const std::vector<Arg> args(operands.begin(), operands.end());
  operands.clear();
  for (const Arg& arg : meet(scan_op, args)) operands.push_back(arg.var);
  std::vector<Type> types;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Type type = operands[i].type();
    types.push_back(i < init.size() ? type : Type{type.dtype, type.shape.drop_front(1)});
  }
  types.push_back({DType::i64, {}});
  std::size_t carries = init.size();
  const RecordedBody recorded = record_body(tape, types, [&](std::span<const Var> in) {
    ScanStep step = f(in.first(carries), in.subspan(carries, xs.size()), in.back());
    const auto body_tape = in.back().place()->tape;
    std::vector<Var> results = brought_to(body_tape, step.carry);
    check_carry(in.first(carries), results, where);
    append(results, brought_to(body_tape, step.outputs));
    return results;
  });
  append(operands, brought_to(tape, recorded.captures));
  std::vector<Arg> all;
  for (const Var& operand : operands) all.emplace_back(operand, where);
  const auto results = apply_all(scan_op, all,
                                 {{"body", recorded.body},
                                  {"carries", static_cast<Index>(carries)},
                                  {"xs", static_cast<Index>(xs.size())},
                                  {"length", length},
                                  {"reverse", Index{options.reverse}}});
  const std::size_t outputs = recorded.body->outputs.size() - carries;
  return {part(results, 0, carries), part(results, carries, outputs)};
}

}  // namespace tapir
