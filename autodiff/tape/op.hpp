// Op: one row says everything that tapir knows of an operation.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tapir/autodiff/tape/attrs.hpp>
#include <tapir/autodiff/tape/kernel.hpp>
#include <tapir/autodiff/tape/var.hpp>

namespace tapir {

/// What the executor may do with an operation.
///   leaf         no inputs, no kernel: input, cell, literal
///   elementwise  inputs and result of one shape; a tile kernel; fused
///   broadcast    one input, stretched to the `shape` attribute from the right; fused into its readers
///   alias        one input whose bytes are the result's: never executed
///   opaque       everything else; a Kernel
enum class Kind { leaf, elementwise, broadcast, alias, opaque };

/// What is known of a node before it is on a tape.
struct Signature {
  std::span<const Type> inputs;
  const Attrs& attrs;

  const Type& operator[](std::size_t i) const { return inputs[i]; }
  std::size_t size() const { return inputs.size(); }
};

/// A recorded node as a derivative or batching rule sees it: its operands and results are Vars to compute with.
struct Recorded {
  const class Op& op;
  const Attrs& attrs;
  std::vector<Var> inputs;
  std::vector<Var> outputs;
  std::vector<bool> needs;  // the inputs whose derivative is asked for
};

/// Derivatives, one per input or per result; empty where there is none.
using Tangents = std::vector<std::optional<Var>>;

/// An operand in batching: with a new leading axis, or as it was.
struct Widened {
  Var value;
  bool batched = false;
};

/// What the checked run mode says of an operation instead of naming its node: "[operation] message".
struct Explanation {
  std::string operation, message;
};

/// Marks a result axis that follows no single input axis.
inline constexpr int mixed = -1;

/// How the suite makes one operand of a sample.
///   uniform   in [low, high), away from kinks: from whole numbers, from halves, and from the other operands
///   distinct  evenly spaced in [low, high), shuffled
///   integer   i64 whatever the sample's dtype: low .. high, both included
///   whole     whole numbers low .. high in the sample's dtype; the suite takes no derivative by them
///   spd       symmetric positive definite in the last two axes
///   lower     lower triangular in the last two axes, its diagonal in [1, 2)
///   ones      1
/// By an operand that is `once`, the suite takes first derivatives only.
struct Operand {
  enum class Fill { uniform, distinct, integer, whole, spd, lower, ones };
  Shape shape = {};
  double low = -2;
  double high = 2;
  Fill fill = Fill::uniform;
  bool once = false;
};

/// A point at which the suite tests a row in every facet.
struct Sample {
  std::vector<Operand> operands = {};
  Attrs attrs = {};
};

/// Whether derivatives pass an operation.
///   rules  as its vjp and jvp say; an absent one is an error when it is asked for
///   zero   piecewise constant: no derivative flows, silently
enum class Flow { rules, zero };

using ShapeRule = std::function<std::vector<Type>(const Signature&)>;
using KernelRule = std::function<Kernel(const Signature&)>;
using LinksRule = std::function<const ChainLinks*(const Signature&)>;
using TileRule = std::function<TileKernel(const Signature&)>;
using PrologueRule = std::function<std::optional<Prologue>(const Signature&)>;
using EpilogueRule = std::function<std::optional<Epilogue>(const Signature&)>;
using ViewRule = std::function<std::optional<Index>(const Signature&)>;
using JoinRule = std::function<bool(const Signature&)>;
using FollowsRule = std::function<std::vector<int>(const Signature&, int result, int input)>;
using BatchRule = std::function<std::vector<Var>(const Recorded&, std::span<const Widened>, Index count)>;
using ExplainRule = std::function<std::optional<Explanation>(const Attrs&, std::span<const Tensor> operands)>;
using VjpRule = std::function<Tangents(const Recorded&, const Tangents& cotangents)>;
using JvpRule = std::function<Tangents(const Recorded&, const Tangents& tangents)>;

class Op;

/// The fields of an operation's row.
struct Row {
  std::string name = {};
  Kind kind = Kind::opaque;
  ShapeRule shape = {};        // types of the results, or an Error
  KernelRule kernel = {};      // opaque
  PrologueRule prologue = {};  // opaque; none where it cannot begin a pass
  EpilogueRule epilogue = {};  // opaque; none where it cannot end a pass
  TileRule tile = {};          // elementwise; null for dtypes without a kernel
  LinksRule links = {};        // elementwise; null where it cannot be part of a chain
  ViewRule view = {};   // the element of input 0 from which on the result lies there as it is, if it does
  JoinRule joins = {};  // whether the result is the bytes of the inputs, one behind the other
  FollowsRule follows = {};  // null: an opaque row mixes everything, others have rules of their kind
  BatchRule batch = {};      // null: widen all operands, give shape attributes the prefix, apply again
  VjpRule vjp = {};
  JvpRule jvp = {};
  const Op* fold = nullptr;  // elementwise of x and y: applies it to x and the entries of y one after another
  ExplainRule explain = {};  // of a result that is not finite; nothing where an operand began it
  bool linear = false;       // in all its inputs jointly: its jvp is itself
  bool bilinear = false;     // in each of two inputs: product rule
  Flow flow = Flow::rules;
  bool mergeable = true;  // equal nodes are one node
  bool spares = false;    // results behind the first that nobody reads get no memory: their pointers are null
  bool noise = false;     // a draw: attributes `stream` and `shape`; estimators and particles draw it afresh
  bool body = false;      // runs a function of the user's, attribute `body`: no sample can stand for it
  std::vector<DType> dtypes = {DType::f32, DType::f64};
  std::vector<Sample> samples = {};
};

/// An operation. Rows of the library are constants at namespace scope and list themselves in `all()`; a user's own
/// operation is made at run time and kept alive by its nodes.
class Op {
 public:
  struct Unlisted {};

  explicit Op(Row row);
  Op(Row row, Unlisted) : row_(std::move(row)) {}
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;

  const Row& operator*() const { return row_; }
  const Row* operator->() const { return &row_; }
  const std::string& name() const { return row_.name; }
  Kind kind() const { return row_.kind; }

  /// Types of the results; an Error of this operation, telling `where`.
  std::vector<Type> types(const Signature& signature, Where where) const;
  /// For each axis of result `result`, the axis of input `input` that it follows in place, or `mixed`.
  std::vector<int> follows(const Signature& signature, int result, int input) const;

  /// Every row of the library, in order of their names.
  static std::vector<const Op*> all();

 private:
  Row row_;
};

/// Throws "[op] message" from a shape rule; the line is added by whoever records.
[[noreturn]] void reject(const std::string& message);

}  // namespace tapir
