// Distribution: any law, and how its parameters' axes are read at a site.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// An axis of a site that a plate has opened.
struct PlateAxis {
  std::string name;
  Index size = 0;
};

struct Aligned;
struct PerElement;

/// Any law, by value. Copies share it.
///
/// `sample`, `log_prob` and `aligned` check plain parameters. A recorded one that turns out not to be in its set makes
/// NaN of every density and draw, and the checked run mode says the same of it.
///
///   errors  "[Normal] scale is -1, needs to be positive"
///           "[Normal] scale is -1 at [2] of f64[3], needs to be positive"
///           "[Normal] loc is nan, needs to be finite"
///           "[Normal] loc is f32[] and scale f64[]; the parameters of a law have one dtype"
class Distribution {
 public:
  template <class L>
    requires(!std::same_as<L, Distribution> && Law<L>)
  Distribution(L law)  // NOLINT(google-explicit-constructor)
      : model_(std::make_shared<const ModelOf<L>>(std::move(law))) {}

  std::string_view name() const { return model_->name(); }
  bool is_pathwise() const { return model_->is_pathwise(); }
  bool is_atomic() const { return model_->is_atomic(); }
  bool is_circular() const { return model_->is_circular(); }
  bool has_cdf() const { return model_->has_cdf(); }
  bool has_tails() const { return model_->has_tails(); }
  Support support() const { return model_->support(); }
  /// The axes of one value.
  Shape own_shape() const { return model_->own_shape(); }
  int own_rank() const { return own_shape().rank(); }
  /// The parameters' shapes without the axes they consume, broadcast together.
  Shape batch_shape(Where where = here()) const { return vi::batch_shape(name(), parameters(), where); }
  /// Of the parameters; none if all are bare numbers.
  std::optional<DType> dtype() const { return vi::dtype(parameters()); }
  std::vector<LawParameter> parameters() const;
  /// The law with every parameter passed through `f`.
  Distribution each(const ParameterMap& f) const { return model_->each(f); }
  /// Throws if a plain parameter is not in its set.
  void check(Where where = here()) const;

  /// A value of `shape` ++ own_shape().
  ///
  ///   errors  "[Normal] parameters of shape [20] do not broadcast to a draw of [3]"
  Var sample(const Key& key, const Shape& shape, Where where = here()) const;
  /// x's shape without own axes; the law's batch shape broadcasts with it.
  ///
  ///   errors  "[Categorical] x is f64[2]; categories are i64"
  ///           "[Poisson] x is i64[3]; beside parameters of f64 it has to be f64"
  Var log_prob(Arg x) const;
  std::optional<Var> mean(Where where = here()) const { return model_->mean(where); }
  std::optional<Var> variance(Where where = here()) const { return model_->variance(where); }
  std::optional<Var> entropy(Where where = here()) const { return model_->entropy(where); }
  std::optional<Var> cdf(Arg x) const { return model_->cdf(x); }
  std::optional<Var> icdf(Arg p) const { return model_->icdf(p); }
  /// log P(X <= x), log P(X > x), and the x with P(X > x) = q.
  std::optional<Var> log_cdf(Arg x) const { return model_->log_cdf(x); }
  std::optional<Var> log_sf(Arg x) const { return model_->log_sf(x); }
  std::optional<Var> isf(Arg q) const { return model_->isf(q); }
  /// The values of the support on a leading axis: [m] ++ own_shape().
  std::optional<Var> enumerate(Where where = here()) const { return model_->enumerate(where); }

  /// The law at a site within `plates`, outermost first. Its batch shape is read from the left: axis i is plate i (of
  /// its size or 1); later axes are own axes, which only a law of scalars can have. Fewer axes cover the outer plates
  /// and are shared by the inner ones.
  ///
  ///   errors  "[Normal] loc f64[20] at plate "images" of 128: its first axis is 20; add the plate with
  ///           expand_dims(loc, 0), or own axes with iid(Normal{..}, {20})"
  ///           "[Normal] loc f64[128,5] in 1 plate: the axes [5] are left over, and a law whose value has axes takes no
  ///           more; open a plate for them"
  Aligned aligned(std::span<const PlateAxis> plates, Where where = here()) const;

  /// The law itself if it is an L.
  template <Law L>
  const L* as() const {
    return type() == typeid(L) ? static_cast<const L*>(address()) : nullptr;
  }
  /// What the law is, and where: for tables by type.
  std::type_index type() const { return model_->type(); }
  const void* address() const { return model_->law(); }
  /// What `iid` was applied to, its parameters ready to broadcast against values with the axes of `iid`, and these.
  /// Itself and no axes for every other law.
  PerElement per_element(Where where = here()) const;

 private:
  Distribution checked(Where where) const;

  struct Model {
    virtual ~Model() = default;
    virtual std::string_view name() const = 0;
    virtual bool is_pathwise() const = 0;
    virtual bool is_atomic() const = 0;
    virtual bool is_circular() const = 0;
    virtual bool has_cdf() const = 0;
    virtual bool has_tails() const = 0;
    virtual Support support() const = 0;
    virtual Shape own_shape() const = 0;
    virtual Distribution each(const ParameterMap& f) const = 0;
    virtual Var sample(const Key& key, const Shape& shape, Where where) const = 0;
    virtual Var log_prob(const Arg& x) const = 0;
    virtual std::optional<Var> mean(Where where) const = 0;
    virtual std::optional<Var> variance(Where where) const = 0;
    virtual std::optional<Var> entropy(Where where) const = 0;
    virtual std::optional<Var> cdf(const Arg& x) const = 0;
    virtual std::optional<Var> icdf(const Arg& p) const = 0;
    virtual std::optional<Var> log_cdf(const Arg& x) const = 0;
    virtual std::optional<Var> log_sf(const Arg& x) const = 0;
    virtual std::optional<Var> isf(const Arg& q) const = 0;
    virtual std::optional<Var> enumerate(Where where) const = 0;
    virtual std::optional<PerElement> per_element(Where where) const = 0;
    virtual std::type_index type() const = 0;
    virtual const void* law() const = 0;
  };
  template <class L>
  struct ModelOf;

  std::shared_ptr<const Model> model_;
};

/// A law of elements and the axes over which they are independent.
struct PerElement {
  Distribution law;
  Shape axes;
};

/// A law at a site: what it says of a value of shape `plates` ++ `own`. `law` is the law of one element, its parameters
/// shaped so that they broadcast from the right; its densities are summed over the own axes that are not its own.
struct Aligned {
  Distribution law;
  Shape plates;
  Shape own;

  Shape value_shape() const { return plates + own; }
  /// A full value.
  Var sample(const Key& key, Where where = here()) const;
  /// One term per element of the plates.
  ///
  ///   errors  "[Bernoulli] the value is f64[128,783]; at this site it has to be [128,784], plates [128] and own axes
  ///           [784]"
  Var log_prob(Arg x) const;
  /// Log densities, entropies or divergences of elements, summed to the plates.
  Var summed(const Var& terms, Where where = here()) const;
};

// ---- templates ----

template <class L>
struct Distribution::ModelOf final : Model {
  explicit ModelOf(L value) : law_(std::move(value)) {}

  std::string_view name() const override { return L::name; }
  bool is_pathwise() const override { return vi::is_pathwise(law_); }
  bool is_atomic() const override { return vi::is_atomic(law_); }
  bool is_circular() const override { return vi::is_circular(law_); }
  bool has_cdf() const override { return vi::has_cdf(law_); }
  bool has_tails() const override { return vi::has_tails(law_); }
  Support support() const override { return law_.support(); }
  Shape own_shape() const override { return vi::own_shape(law_); }
  Distribution each(const ParameterMap& f) const override { return law_.each(f); }
  Var sample(const Key& key, const Shape& shape, Where where) const override {
    return law_.sample(key, shape, where);
  }
  Var log_prob(const Arg& x) const override { return law_.log_prob(x); }
  std::optional<Var> mean(Where where) const override {
    if constexpr (requires { law_.mean(where); }) return law_.mean(where);
    return std::nullopt;
  }
  std::optional<Var> variance(Where where) const override {
    if constexpr (requires { law_.variance(where); }) return law_.variance(where);
    return std::nullopt;
  }
  std::optional<Var> entropy(Where where) const override {
    if constexpr (requires { law_.entropy(where); }) return law_.entropy(where);
    return std::nullopt;
  }
  std::optional<Var> cdf(const Arg& x) const override {
    if constexpr (requires { law_.cdf(x); }) return law_.cdf(x);
    return std::nullopt;
  }
  std::optional<Var> icdf(const Arg& p) const override {
    if constexpr (requires { law_.icdf(p); }) return law_.icdf(p);
    return std::nullopt;
  }
  std::optional<Var> log_cdf(const Arg& x) const override {
    if constexpr (requires { law_.log_cdf(x); }) return law_.log_cdf(x);
    return std::nullopt;
  }
  std::optional<Var> log_sf(const Arg& x) const override {
    if constexpr (requires { law_.log_sf(x); }) return law_.log_sf(x);
    return std::nullopt;
  }
  std::optional<Var> isf(const Arg& q) const override {
    if constexpr (requires { law_.isf(q); }) return law_.isf(q);
    return std::nullopt;
  }
  std::optional<Var> enumerate(Where where) const override {
    if constexpr (requires { law_.enumerate(where); }) return law_.enumerate(where);
    return std::nullopt;
  }
  std::optional<PerElement> per_element(Where where) const override {
    if constexpr (requires {
                    { law_.per_element(where) } -> std::same_as<std::optional<PerElement>>;
                  }) {
      return law_.per_element(where);
    } else if constexpr (requires { law_.per_element(where); }) {
      PerElement inner = Distribution(law_.per_element(where)).per_element(where);
      return PerElement{std::move(inner.law), law_.shape + inner.axes};
    }
    return std::nullopt;
  }
  std::type_index type() const override { return typeid(L); }
  const void* law() const override { return &law_; }

 private:
  L law_;
};

}  // namespace tapir::vi
