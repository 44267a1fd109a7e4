// Special functions of double: what scalar rows are made of. Outside their domains they are NaN; they throw nothing.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace tapir::ops::scalar {

double trigamma(double x);
/// NaN for an order that is not a whole number from 1 to 10000.
double polygamma(double order, double x);

}  // namespace tapir::ops::scalar
