// Tape: a flat, typed, printable list of nodes.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tapir/autodiff/tape/op.hpp>

namespace tapir {

/// Plain data. `path` names the frames that were open when it was recorded: "decode/0".
struct Node {
  const Op* op;
  std::vector<Ref> inputs;
  Attrs attrs;
  std::vector<Type> types;
  Where where;
  std::string path;
};

/// A store commits after the guard: `cell` takes the value of `value`.
struct Store {
  Ref cell;
  Ref value;
};

/// A tape with its inputs and results named: what scan and checkpoint carry as an attribute. Its inputs are all the
/// values it uses, captures included.
struct Body {
  std::shared_ptr<Tape> tape;
  std::vector<Ref> inputs;
  std::vector<Ref> outputs;
};

class Tape : public std::enable_shared_from_this<Tape> {
  struct Secret {};

 public:
  static std::shared_ptr<Tape> make() { return std::make_shared<Tape>(Secret{}); }
  /// A tape for a body: a place on `outer` (or on a tape outside it) that meets this one becomes an input of it.
  static std::shared_ptr<Tape> make_body(std::shared_ptr<Tape> outer);
  explicit Tape(Secret) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // ---- recording ----
  /// The next input. `name` is for printing.
  Var input(const Type& type, std::string name = {});
  /// The leaf of a cell; the same leaf each time.
  Var cell(const std::shared_ptr<Cell>& cell);
  Var literal(const Tensor& value, Where where = {});
  /// A value that a transform will replace; a program that still needs it is an Error.
  Var placeholder(const Type& type);
  /// Adds a node, or finds its equal. The inputs are of this tape and fit the operation.
  std::vector<Var> record(const Op& op, std::vector<Ref> inputs, Attrs attrs, Where where);
  /// A place of an outer tape as a value of this body; the same input each time.
  Var capture(const Var::Place& outer);
  /// Ends the recording of a body: what it took from outside, in the order of its inputs after the declared ones. It
  /// forgets the outer tape, one of whose nodes will hold it.
  std::vector<Var::Place> close_body();
  /// This tape lies inside a body being recorded within `other`, or is it.
  bool is_within(const Tape& other) const;

  /// When all guards are finite, `cell` (a leaf of a cell) takes `value`; twice for one cell is an Error.
  void store(const Var& cell, const Var& value, Where where = here());
  /// A value that has to be finite before anything is stored.
  void guard(const Var& value);

  // ---- reading ----
  int size() const { return static_cast<int>(nodes_.size()); }
  const Node& node(int i) const { return nodes_[static_cast<std::size_t>(i)]; }
  const Type& type(Ref ref) const { return node(ref.node).types[static_cast<std::size_t>(ref.result)]; }
  Var var(Ref ref) { return {shared_from_this(), ref}; }
  const std::vector<int>& inputs() const { return inputs_; }
  const std::vector<Store>& stores() const { return stores_; }
  const std::vector<Ref>& guards() const { return guards_; }
  /// Signature of node i.
  std::vector<Type> input_types(int i) const;
  /// Which nodes the given results depend on, themselves included.
  std::vector<bool> ancestors(const std::vector<Ref>& of) const;
  /// Which nodes depend on the given nodes, themselves included.
  std::vector<bool> descendants(const std::vector<int>& of) const;

  /// One line per node: "%3 = mul f32[2] %1 %2   # decode/0 model.cpp:31".
  std::string str() const;
  std::string str(int i) const;
  /// Throws if a node's inputs do not precede it or its types are not what its shape rule gives.
  void validate() const;
  /// Describes the first difference between two recordings of one function, guards and stores included; empty if they
  /// are equal.
  static std::string difference(const Tape& first, const Tape& second);

 private:
  friend class Frame;
  struct Open {
    Where where;
    std::size_t path_length;
    bool user;
  };

  Where user_line(Where where) const;
  std::size_t hash(const Node& node) const;

  std::deque<Node> nodes_;
  std::unordered_multimap<std::size_t, int> known_;
  std::map<const Cell*, int> cells_;
  std::vector<int> inputs_;
  std::vector<Store> stores_;
  std::vector<Ref> guards_;
  std::shared_ptr<Tape> outer_;
  std::vector<Var::Place> captures_;
  std::map<std::pair<const Tape*, Ref>, Ref> captured_;
  std::vector<Open> frames_;
  std::string path_;
};

/// While it lives, what is recorded carries the user's line and a path. Nested frames keep the outermost line.
class Frame {
 public:
  struct User {};

  Frame(std::shared_ptr<Tape> tape, Where where, std::string_view name);
  /// The library calls the user's code: lines inside are the user's again.
  Frame(std::shared_ptr<Tape> tape, User, std::string_view name = {});
  /// Rules inherit line and path from the node they treat.
  Frame(std::shared_ptr<Tape> tape, const Node& node);
  ~Frame();
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

 private:
  std::shared_ptr<Tape> tape_;
  std::string replaced_;
};

/// Binds the parameters of one `Params` to a tape while recording; a second binding at once is an Error.
class Bind {
 public:
  Bind(std::shared_ptr<Binding> binding, std::shared_ptr<Tape> tape, Where where = here());
  ~Bind();
  Bind(const Bind&) = delete;
  Bind& operator=(const Bind&) = delete;

 private:
  std::shared_ptr<Binding> binding_;
};

/// The innermost tape among the operands, null if all are plain.
std::shared_ptr<Tape> tape_of(std::span<const Var> operands);

/// Runs `f`, a composition of operations, for a caller at `where`: what it records carries that line and `name` in its
/// path, and its errors tell that line.
template <class F>
auto composed(Where where, std::string_view name, std::initializer_list<Var> operands, F&& f) {
  auto tape = tape_of(std::span<const Var>(operands.begin(), operands.size()));
  try {
    if (!tape) return f();
    Frame frame(tape, where, name);
    return f();
  } catch (const Error& error) {
    throw error.at(where);
  }
}

namespace ops {
extern const Op input;    // attrs: index, name
extern const Op cell;     // attrs: cell, path
extern const Op literal;  // attrs: value
extern const Op placeholder;
}  // namespace ops

}  // namespace tapir
