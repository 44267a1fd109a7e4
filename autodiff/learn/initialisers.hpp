// Initial values of parameters, drawn from a key.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>

#include <tapir/autodiff/ops/random.hpp>

namespace tapir {

/// The initial value of a parameter of a type, drawn from its key: the same whatever else is created, in any order.
using Initialiser = std::function<Tensor(const Key&, const Type&)>;

/// How many values enter and leave one unit of a weight [.., in, out] : in and out, each times the leading axes. A
/// vector counts as both; a scalar as 1.
struct Fans {
  double in = 1;
  double out = 1;
};
Fans fans(const Shape& shape);

/// Namesakes of the laws that the values follow.
namespace initialisers {

Initialiser constant(double value);
Initialiser zeros();
/// Uniform on (-scale, scale).
Initialiser uniform(double scale);
/// Normal of standard deviation `scale`.
Initialiser normal(double scale);

/// Uniform on +- 1 / sqrt(in): values a little smaller than those they are made of, one layer after the other.
///
///   source  LeCun, Bottou, Orr & Mueller 1998, section 4.6, with a third of its variance
Initialiser fan_in_uniform();
/// Uniform on +- sqrt(6 / (in + out)).
///
///   source  Glorot & Bengio 2010, eq. 16
Initialiser glorot_uniform();
/// Normal of variance 2 / (in + out).
Initialiser glorot_normal();
/// Uniform on +- sqrt(6 / in): keeps the variance through relu.
///
///   source  He, Zhang, Ren & Sun 2015, eq. 10
Initialiser he_uniform();
/// Normal of variance 2 / in.
Initialiser he_normal();

/// `gain` times a matrix [.., in, out] with orthonormal rows or columns, whichever are fewer; uniform among those.
/// Leading axes count as rows.
///
///   errors  "[orthogonal] needs a matrix, the parameter is f32[3]"
///   source  Saxe, McClelland & Ganguli 2014; Mezzadri 2007 on the uniform law
Initialiser orthogonal(double gain = 1.0);

}  // namespace initialisers
}  // namespace tapir
