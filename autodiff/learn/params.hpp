// Params: the parameters of a model, by path. Scope: a place among those paths.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tapir/autodiff/learn/initialisers.hpp>
#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

class Scope;

/// The parameters of a model, ordered as they were created, each under a path such as "encode/hidden/weight". A copy
/// is the same parameters.
///
/// A parameter is a Var: its current value, or, while these Params are bound to a tape that is being recorded, a leaf
/// of that tape. One that is created during the recording is a leaf at once.
///
///   example  Params params(/*seed=*/0, f32);
///            nn::Linear encode(params / "encode", 784, 400);
class Params {
 public:
  /// What is known of one parameter. A frozen one is not trained; `learning_rate` multiplies its updates.
  struct Entry {
    std::shared_ptr<Cell> cell;
    bool frozen = false;
    double learning_rate = 1.0;

    const std::string& path() const { return cell->path; }
    Type type() const { return cell->value.type(); }
  };

  explicit Params(Index seed, DType dtype = DType::f32);

  /// The place under which parameters are named `name/..`.
  Scope operator/(std::string_view name) const;

  DType dtype() const;
  /// The source of the initial values.
  Key key() const;
  /// What `Bind`, and so `compile`, makes leaves of a tape.
  std::shared_ptr<Binding> binding() const;

  // ---- reading ----
  const std::vector<Entry>& entries() const;
  std::vector<std::string> paths() const;
  bool contains(std::string_view path) const;
  /// The number of scalars in all parameters.
  Index size() const;
  /// errors  "[params] there is no parameter "decode/w"; there are: decode/weight, decode/bias"
  Var operator[](std::string_view path) const;
  Tensor value(std::string_view path, Where where = here()) const;
  std::map<std::string, Tensor> values() const;
  /// Those that are not frozen.
  std::vector<Var> trainable() const;
  /// Counts the changes of what is trained and how fast, new parameters included: who has recorded that records again.
  Index revision() const;
  /// A table of all parameters.
  std::string str() const;

  // ---- changing ----
  /// errors  "[assign] parameter "w" is f32[3]; it cannot take f32[4]"
  void assign(std::string_view path, const Tensor& value, Where where = here());
  /// Values for all parameters, or for none if anything does not fit.
  ///
  ///   errors  "[assign] these are not the values of the parameters: "b" is missing; "c" is unknown; "w" is f32[3], the
  ///           value f32[4]"
  void assign(const std::map<std::string, Tensor>& values, Where where = here());
  /// An Error, as `assign` would raise it, if the values do not fit.
  void check(const std::map<std::string, Tensor>& values, Where where = here()) const;
  /// The parameters at and below a path keep their values in training. The empty path is all of them.
  ///
  ///   errors  "[freeze] no parameter lies at or below "encod"; there are: encode/weight"
  void freeze(std::string_view prefix, Where where = here());
  void unfreeze(std::string_view prefix, Where where = here());
  /// Their updates are multiplied by `factor`.
  void learning_rate(std::string_view prefix, double factor, Where where = here());

 private:
  friend class Scope;
  struct State;

  Var add(std::string path, Tensor value, Where where);

  std::shared_ptr<State> state_;
};

/// A place among the paths of some Params: what the constructor of a layer takes.
class Scope {
 public:
  Scope(Params params, std::string path = {})  // NOLINT(google-explicit-constructor)
      : params_(std::move(params)), path_(std::move(path)) {}

  Scope operator/(std::string_view name) const;

  /// A new parameter with this value.
  ///
  ///   errors  "[param] there is a parameter "encode/weight" already (at ..)"
  ///           "[param] "encode/weight" would be f64[3], but these parameters are f32; cast it (at ..)"
  Var param(std::string_view name, const Tensor& init, Where where = here()) const;
  /// A new scalar parameter.
  Var param(std::string_view name, double init, Where where = here()) const;
  /// A new parameter whose initial value depends on its path and the seed alone.
  Var param(std::string_view name, const Shape& shape, const Initialiser& init, Where where = here()) const;

  /// A source of noise that is this place's own.
  Key key() const;
  DType dtype() const { return params_.dtype(); }
  const std::string& path() const { return path_; }
  const Params& params() const { return params_; }

 private:
  Params params_;
  std::string path_;
};

}  // namespace tapir
