// Context: what a model or a guide is a function of.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/stochastic/stochastic.hpp>
#include <tapir/vi/message.hpp>

namespace tapir::vi {

class Context;

/// A plate that is open while this lives. Sites made inside have one more axis, after those of the plates
/// around it and before their own.
class [[nodiscard]] OpenPlate {
 public:
  OpenPlate(const OpenPlate&) = delete;
  OpenPlate& operator=(const OpenPlate&) = delete;
  ~OpenPlate();

  /// Which elements of the plate are present, i64[count].
  ///
  ///   errors  "[plate] which 128 of the 60000 elements of "images" are present was not said; open it with
  ///           their index"
  Var index(Where where = here()) const;

 private:
  friend class Context;
  OpenPlate(Context& context, Plate plate, std::optional<Var> index)
      : context_(context), plate_(std::move(plate)), index_(std::move(index)) {}

  Context& context_;
  Plate plate_;
  std::optional<Var> index_;
};

/// Handlers that see the sites made while this lives, after those that were there before.
class [[nodiscard]] OpenHandlers {
 public:
  OpenHandlers(const OpenHandlers&) = delete;
  OpenHandlers& operator=(const OpenHandlers&) = delete;
  ~OpenHandlers();

 private:
  friend class Context;
  OpenHandlers(Context& context, std::size_t count) : context_(context), count_(count) {}

  Context& context_;
  std::size_t count_;
};

struct ContextOptions {
  /// Where `param` finds and makes parameters.
  std::optional<Params> params = {};
  Handlers handlers = {};
  /// What layers such as dropout ask.
  bool training = false;
};

/// One run of a model or a guide: its noise, its sites, its open plates. On plain values it generates data;
/// with a recorded key it records.
class Context final {
 public:
  explicit Context(Key key, ContextOptions options = {});
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// A latent value, of shape plates ++ own axes. The estimator, of the gradient by the parameters of a
  /// guide's law, is by default pathwise where the law allows it, else the score function with a running mean
  /// as its baseline. In a model that replays a guide it says nothing.
  ///
  ///   errors  "[sample] there is a site "z" already"
  ///           "[sample] site "z": Bernoulli has no pathwise gradient; name another estimator, such as
  ///           ScoreFunction"
  ///           "[sample] site "z": ends of Uniform move with parameters; a score function has no gradient there"
  ///           "[sample] site "z": the key is a plain value: each replay would draw the same; make its
  ///           counter an input"
  Var sample(const std::string& name, const Distribution& law, std::optional<Estimator> estimator = {},
             Where where = here());
  /// Data, of exactly the shape plates ++ own axes; neither side is stretched.
  ///
  ///   errors  "[observe] site "x", plate "images": 64 rows, but the plate was opened with 60"
  ///           "[observe] site "x": the data are f64[60,783], the law Bernoulli in these plates has values of
  ///           shape [60,784]"
  void observe(const std::string& name, const Distribution& law, Arg value);
  /// A parameter, made with `init` when it is asked for first. It is kept as free numbers, which
  /// `biject_to(support)` takes to their values: a positive one as its logarithm, one of the unit interval as
  /// its logit. `init` and the result are values of the support.
  ///
  ///   errors  "[param] "s" is -1, needs to be positive"; "[param] "p" is 1, needs to lie in (0, 1)"
  ///           "[param] "k": zeros and ones have no gradient; a parameter is continuous"
  ///           "[param] "w" is f64[3]; here it would be f64[4]"
  Var param(const std::string& name, const Tensor& init, const Support& support = Support::real,
            Where where = here());
  Var param(const std::string& name, double init, const Support& support = Support::real,
            Where where = here());

  /// Opens a plate of `size` elements, of which `count` are present: a minibatch. Without a count all are.
  ///
  ///   errors  "[plate] "images" is open already"; "[plate] "images": 70 rows of a plate of 60"
  ///           "[plate] "images" has 64 of 60000 elements here, and had 60 of 60000 before"
  OpenPlate plate(const std::string& name, Index size, Where where = here());
  OpenPlate plate(const std::string& name, Index size, Index count, Where where = here());
  /// The elements named by `index`, i64[count].
  OpenPlate plate(const std::string& name, Index size, Arg index);

  /// Handlers for a part of the run.
  ///
  ///   example  const auto valid = c.with({mask(is_known)});
  OpenHandlers with(Handlers handlers);

  bool training() const { return options_.training; }
  /// A stream of noise of one's own, not that of a site of this name.
  Key key(std::string_view name) const { return key_ / "key" / name; }
  DType dtype() const { return key_.dtype(); }
  const Plates& plates() const { return plates_; }
  const Handlers& handlers() const { return options_.handlers; }
  /// In the order in which they were made.
  const std::vector<Message>& messages() const { return messages_; }
  const Message* find(const std::string& name) const;

 private:
  friend class OpenPlate;
  friend class OpenHandlers;

  Message begin(const std::string& name, const Distribution& law, const char* op, Where where);
  Var draw(const Message& message, const Distribution& law) const;
  void finish(Message message);
  OpenPlate open(Plate plate, std::optional<Var> index, Where where);

  Key key_;
  ContextOptions options_;
  Plates plates_;
  Plates seen_;
  std::vector<Message> messages_;
};

}  // namespace tapir::vi
