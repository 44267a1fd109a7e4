// Var: a place on a tape, or a plain value. Arg: a Var and the line that passed it.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <tapir/autodiff/tensor/tensor.hpp>

namespace tapir {

class Tape;

/// Result `result` of node `node` of a tape.
struct Ref {
  int node = -1;
  int result = 0;
  friend bool operator==(const Ref&, const Ref&) = default;
  friend auto operator<=>(const Ref&, const Ref&) = default;
};

/// Live storage: a parameter, or a trainer's state. What a program reads anew on each run and may store to.
struct Cell {
  std::string path;
  Tensor value;
};

/// The tape on which the parameters of one `Params` are leaves at this moment, if any.
struct Binding {
  std::shared_ptr<Tape> tape;
};

/// A value of a program: a bare number (its dtype stays open until it meets a tensor), a tensor, a place on a tape
/// that is being recorded, or a parameter. A parameter is a leaf of the tape to which its `Params` is bound, and its
/// current value otherwise. Operations on plain values compute; operations that touch a tape record.
class Var {
 public:
  struct Place {
    std::shared_ptr<Tape> tape;
    Ref ref;
  };
  struct Parameter {
    std::shared_ptr<Cell> cell;
    std::shared_ptr<Binding> binding;
  };

  Var() : Var(0.0) {}
  template <class A>
    requires std::is_arithmetic_v<A> Var(A number)
        : value_(static_cast<double>(number)) {}       // NOLINT(google-explicit-constructor)
    Var(Tensor tensor) : value_(std::move(tensor)) {}  // NOLINT(google-explicit-constructor)
    /// A tensor made of bare numbers only: its dtype is as open as theirs.
    static Var open(Tensor tensor);
    Var(std::shared_ptr<Tape> tape, Ref ref) : value_(Place{std::move(tape), ref}) {}
    explicit Var(Parameter parameter) : value_(std::move(parameter)) {}

    bool is_number() const { return std::holds_alternative<double>(value_); }
    /// Made of bare numbers only.
    bool is_open() const { return open_ || is_number(); }
    bool is_parameter() const { return std::holds_alternative<Parameter>(value_); }
    /// On a tape: a place, or a parameter that is bound at this moment.
    bool is_recorded() const;
    /// The parameter behind this Var; null if it is none.
    const Parameter* parameter() const { return std::get_if<Parameter>(&value_); }

    /// Where it lies now: a bound parameter becomes its leaf. Null for plain values.
    std::optional<Place> place() const;
    /// The plain value. A recorded one is not readable: an Error that says what to use instead.
    Tensor tensor(Where where = here()) const;
    /// The plain value as one number.
    double item(Where where = here()) const;
    double number() const { return std::get<double>(value_); }

    /// Type of the value; a bare number is f64[].
    Type type() const;
    Shape shape() const { return type().shape; }
    int rank() const { return type().shape.rank(); }
    /// The dtype; none while it is open.
    std::optional<DType> dtype() const;

   private:
    std::variant<double, Tensor, Place, Parameter> value_;
    bool open_ = false;
};

/// A Var and the line of the call to which it was passed: the parameter type of every operation.
struct Arg {
  Var var;
  Where where;

  template <class T>
    requires(std::convertible_to<T, Var> && !std::same_as<std::remove_cvref_t<T>, Arg>)
  Arg(T&& value, Where at = here()) : var(std::forward<T>(value)), where(at) {}  // NOLINT

  operator const Var&() const { return var; }  // NOLINT(google-explicit-constructor)
  Shape shape() const { return var.shape(); }
  Type type() const { return var.type(); }
  int rank() const { return var.rank(); }
};

}  // namespace tapir
