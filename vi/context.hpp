// Context: what a model or a guide is a function of.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/stochastic/stochastic.hpp>
#include <tapir/vi/message.hpp>

namespace tapir::vi {

class Context;

/// A plate that is open while this lives. Sites made inside have one more axis in front of their own.
class [[nodiscard]] OpenPlate {
 public:
  OpenPlate(const OpenPlate&) = delete;
  OpenPlate& operator=(const OpenPlate&) = delete;
  ~OpenPlate();

  /// Which elements of the plate are present, i64[count].
  const Var& index() const { return index_; }

 private:
  friend class Context;
  OpenPlate(Context& context, Var index) : context_(context), index_(std::move(index)) {}

  Context& context_;
  Var index_;
};

struct ContextOptions {
  /// Where `param` finds and makes parameters.
  std::optional<Params> params = {};
  Handlers handlers = {};
  /// What layers such as dropout ask.
  bool training = false;
};

/// One run of a model or a guide: its noise, its sites, its open plates. On plain values it generates data; with a
/// recorded key it records.
class Context final {
 public:
  explicit Context(Key key, ContextOptions options = {});
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// A latent value, of shape plates ++ own axes. Without an estimator: pathwise where the law allows it, else the
  /// score function with a running mean as its baseline.
  ///
  ///   errors  "[sample] there is a site "z" already"; "[sample] site "z": Bernoulli has no pathwise gradient; .."
  Var sample(const std::string& name, const Distribution& law, std::optional<Estimator> estimator = {},
             Where where = here());
  /// Data, of exactly the shape plates ++ own axes; neither side is stretched.
  ///
  ///   errors  "[observe] site "x", plate "images": 64 rows, but the plate was opened with 60"
  void observe(const std::string& name, const Distribution& law, Arg value);
  /// A parameter, made with `init` when it is asked for first. A positive one is kept as its logarithm, one of the unit
  /// interval as its logit: `init` and the result are values of the support.
  Var param(const std::string& name, const Tensor& init, const Support& support = Support::real, Where where = here());
  Var param(const std::string& name, double init, const Support& support = Support::real, Where where = here());

  /// Opens a plate of `size` elements, of which `count` are present: a minibatch. Without a count all are.
  ///
  ///   errors  "[plate] "images" is open already"; "[plate] "images": 70 rows of a plate of 60"
  OpenPlate plate(const std::string& name, Index size, Where where = here());
  OpenPlate plate(const std::string& name, Index size, Index count, Where where = here());
  /// The elements named by `index`, i64[count].
  OpenPlate plate(const std::string& name, Index size, Arg index);

  bool training() const { return options_.training; }
  /// A stream of noise of one's own.
  Key key(std::string_view name) const { return key_ / name; }
  DType dtype() const { return key_.dtype(); }
  const Plates& plates() const { return plates_; }
  /// In the order in which they were made.
  const std::vector<Message>& messages() const { return messages_; }
  const Message* find(const std::string& name) const;

 private:
  friend class OpenPlate;

  Message begin(const std::string& name, const Distribution& law, const char* op, Where where);
  void finish(Message message);
  OpenPlate open(const std::string& name, Index size, Index count, Var index, Where where);

  Key key_;
  ContextOptions options_;
  Plates plates_;
  std::vector<Message> messages_;
};

}  // namespace tapir::vi
