// Bijector: a differentiable map and its inverse, between the sets that laws and parameters live in.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/vi/law.hpp>

namespace tapir::vi {

/// The axes of one point, before and after.
struct Ranks {
  int domain = 0;
  int codomain = 0;
  friend bool operator==(const Ranks&, const Ranks&) = default;
};

/// What a direction gives, and log |det J| of that direction there.
struct ValueAndLogDet {
  Var value;
  Var log_det;
};

/// A bijector: a small struct with these members.
///
///   name             static constexpr std::string_view: begins its errors
///   ranks()          the axes of a point: exp {0, 0}; a vector onto a matrix {1, 2}
///   domain(), codomain()  sets of points, or of their elements
///   each(f)          the bijector with every parameter passed through `f(ParameterInfo, Var) -> Var`
///   forward(x), inverse(y)
///   log_det(x, y)    log |det dy/dx| at x, where y = forward(x). Both are given, so that neither direction
///                    computes anything twice. Where the directions share more than x and y, in its place
///                    forward_and_log_det(x) and inverse_and_log_det(y)
///
/// and, where they exist: forward_shape(shape, where), inverse_shape(shape, where), between the shapes of
/// points, where they differ; direction(), 1 if it ascends and -1 if it descends, maps of numbers only;
/// image(set), of a part of the domain; excludes(y), where codomain() does not tell all; is_like(other), for
/// what is no parameter; is_bijective(), false for a map that is none, see UnitVector.
///
/// A density of x is one of y = forward(x) by log p(y) = log p(x) - log_det. Where points have more numbers
/// than freedom (simplices, triangles), densities are those of the free numbers: all but the last of a
/// simplex, the lower triangle of a matrix; so are those of the laws there.
template <class B>
concept Bijection = std::copy_constructible<B> && requires(const B& b, const Arg& x, const ParameterMap& f) {
  { B::name } -> std::convertible_to<std::string_view>;
  { b.ranks() } -> std::same_as<Ranks>;
  { b.domain() } -> std::convertible_to<Support>;
  { b.codomain() } -> std::convertible_to<Support>;
  { b.each(f) } -> std::same_as<B>;
  { b.forward(x) } -> std::convertible_to<Var>;
  { b.inverse(x) } -> std::convertible_to<Var>;
} &&(
    requires(const B& b, const Arg& x) {
      { b.log_det(x, x) } -> std::convertible_to<Var>;
    } ||
    requires(const B& b, const Arg& x) {
      { b.forward_and_log_det(x) } -> std::same_as<ValueAndLogDet>;
      { b.inverse_and_log_det(x) } -> std::same_as<ValueAndLogDet>;
    });

/// Any bijector, by value. Copies share it. The axes of a value before those of a point are many points.
///
/// All four directions check plain parameters and the shape.
///
///   shapes    x [batch.., point] -> value [batch.., point'], log_det [batch..]; parameters broadcast with it
///   errors    "[Affine] scale is 0, needs to be finite and not 0"
///             "[StickBreaking] x is f64[]; a point has 1 axis"
///   example   auto [y, log_det] = Bijector(Exp{}).forward_and_log_det(x);
class Bijector {
 public:
  template <class B>
    requires(!std::same_as<B, Bijector> && Bijection<B>)
  Bijector(B bijector)  // NOLINT(google-explicit-constructor)
      : model_(std::make_shared<const ModelOf<B>>(std::move(bijector))) {}

  std::string_view name() const { return model_->name(); }
  Ranks ranks() const { return model_->ranks(); }
  Support domain() const { return model_->domain(); }
  Support codomain() const { return model_->codomain(); }
  /// False for a map whose `log_det` is not that of a change of variables.
  bool is_bijective() const { return model_->is_bijective(); }
  std::vector<LawParameter> parameters() const;
  Bijector each(const ParameterMap& f) const { return model_->each(f); }
  /// Throws if a plain parameter is not in its set.
  void check(Where where = here()) const;

  Var forward(Arg x) const;
  Var inverse(Arg y) const;
  ValueAndLogDet forward_and_log_det(Arg x) const;
  ValueAndLogDet inverse_and_log_det(Arg y) const;

  /// `shape` with the axes of a point replaced.
  Shape forward_shape(const Shape& shape, Where where = here()) const;
  Shape inverse_shape(const Shape& shape, Where where = here()) const;
  /// 1 where it ascends, -1 where it descends; none unless it maps numbers.
  std::optional<Var> direction(Where where = here()) const { return model_->direction(where); }
  /// What becomes of a part of the domain: its ends move where it is connected and the map one of numbers;
  /// otherwise the codomain, which may be larger than the image: its inner ends are then the part's ends and all parameters.
  Support image(const Support& part, Where where = here()) const;
  /// Whether that image is exact.
  bool knows_image(const Support& part, Where where = here()) const;

  /// 1 where y is not in the codomain, else 0.
  ///
  ///   shapes  y [batch.., point] -> [batch..]
  Var excludes(Arg y) const;

  /// Equal types, equal structure, equal parameters (one place on a tape, or equal plain values).
  friend bool same(const Bijector& a, const Bijector& b);

  template <Bijection B>
  const B* as() const {
    return model_->type() == typeid(B) ? static_cast<const B*>(model_->bijector()) : nullptr;
  }

 private:
  struct Model {
    virtual ~Model() = default;
    virtual std::string_view name() const = 0;
    virtual Ranks ranks() const = 0;
    virtual Support domain() const = 0;
    virtual Support codomain() const = 0;
    virtual bool is_bijective() const = 0;
    virtual Bijector each(const ParameterMap& f) const = 0;
    virtual Var forward(const Arg& x) const = 0;
    virtual Var inverse(const Arg& y) const = 0;
    virtual ValueAndLogDet forward_and_log_det(const Arg& x) const = 0;
    virtual ValueAndLogDet inverse_and_log_det(const Arg& y) const = 0;
    virtual Shape forward_shape(const Shape& point, Where where) const = 0;
    virtual Shape inverse_shape(const Shape& point, Where where) const = 0;
    virtual std::optional<Var> direction(Where where) const = 0;
    virtual std::optional<Support> image(const Support& part, Where where) const = 0;
    virtual std::optional<Var> excludes(const Arg& y) const = 0;
    virtual bool is_like(const Model& other) const = 0;
    virtual std::type_index type() const = 0;
    virtual const void* bijector() const = 0;
  };
  template <class B>
  struct ModelOf;

  /// The image without inner ends.
  Support outer_image(const Support& part, Where where) const;
  Arg checked(const Arg& x, const char* what, int rank) const;
  ValueAndLogDet settled(ValueAndLogDet result, int rank, Where where) const;

  std::shared_ptr<const Model> model_;
};

bool same(const Bijector& a, const Bijector& b);

// ---- templates ----

template <class B>
struct Bijector::ModelOf final : Model {
  explicit ModelOf(B value) : bijector_(std::move(value)) {}

  std::string_view name() const override { return B::name; }
  Ranks ranks() const override { return bijector_.ranks(); }
  Support domain() const override { return bijector_.domain(); }
  Support codomain() const override { return bijector_.codomain(); }
  bool is_bijective() const override {
    if constexpr (requires { bijector_.is_bijective(); }) return bijector_.is_bijective();
    return true;
  }
  Bijector each(const ParameterMap& f) const override { return bijector_.each(f); }
  Var forward(const Arg& x) const override { return bijector_.forward(x); }
  Var inverse(const Arg& y) const override { return bijector_.inverse(y); }
  ValueAndLogDet forward_and_log_det(const Arg& x) const override {
    if constexpr (requires { bijector_.log_det(x, x); }) {
      const Var y = bijector_.forward(x);
      return {y, bijector_.log_det(x, Arg(y, x.where))};
    } else {
      return bijector_.forward_and_log_det(x);
    }
  }
  ValueAndLogDet inverse_and_log_det(const Arg& y) const override {
    if constexpr (requires { bijector_.log_det(y, y); }) {
      const Var x = bijector_.inverse(y);
      return {x, neg(Arg(bijector_.log_det(Arg(x, y.where), y), y.where))};
    } else {
      return bijector_.inverse_and_log_det(y);
    }
  }
  Shape forward_shape(const Shape& point, Where where) const override {
    if constexpr (requires { bijector_.forward_shape(point, where); })
      return bijector_.forward_shape(point, where);
    return point;
  }
  Shape inverse_shape(const Shape& point, Where where) const override {
    if constexpr (requires { bijector_.inverse_shape(point, where); })
      return bijector_.inverse_shape(point, where);
    return point;
  }
  std::optional<Var> direction(Where where) const override {
    if constexpr (requires { bijector_.direction(where); }) return bijector_.direction(where);
    return std::nullopt;
  }
  std::optional<Support> image(const Support& part, Where where) const override {
    if constexpr (requires { bijector_.image(part, where); }) return bijector_.image(part, where);
    return std::nullopt;
  }
  std::optional<Var> excludes(const Arg& y) const override {
    if constexpr (requires { bijector_.excludes(y); }) return bijector_.excludes(y);
    return std::nullopt;
  }
  bool is_like(const Model& other) const override {
    if (other.type() != type()) return false;
    if constexpr (requires { bijector_.is_like(bijector_); })
      return bijector_.is_like(*static_cast<const B*>(other.bijector()));
    return true;
  }
  std::type_index type() const override { return typeid(B); }
  const void* bijector() const override { return &bijector_; }

 private:
  B bijector_;
};

}  // namespace tapir::vi
