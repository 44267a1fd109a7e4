// Special functions of double: the rules of scalar rows.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace tapir::ops::scalar {

// Outside their domains, and where a library fails, they are NaN; they throw nothing. Operands are not NaN.

double lgamma(double x);
double digamma(double x);
double trigamma(double x);
/// NaN for an order that is not a whole number from 1 to 10000.
double polygamma(double order, double x);
/// log B(a, b) for a, b > 0.
double lbeta(double a, double b);
/// psi(a + b) - psi(a) for a, a + b > 0, to full precision also where b is small.
double digamma_difference(double a, double b);

double erf_inv(double x);
double erfc_inv(double x);
double ndtri(double p);
double lambert_w(double x);
/// e^x E1(x) for x >= 0.
double exp_e1(double x);
double owens_t(double h, double a);

double gamma_p(double a, double x);
double gamma_q(double a, double x);
double gamma_p_dx(double a, double x);
double gamma_p_da(double a, double x);
/// d log x / d a where P(a, x) stays: the implicit derivative of a gamma variable. x may be too small for a double.
double log_gamma_slope(double a, double log_x);

double betainc(double a, double b, double x);
double betaincc(double a, double b, double x);
double betainc_dx(double a, double b, double x);
double betainc_da(double a, double b, double x);
double betainc_db(double a, double b, double x);
double gamma_p_inv(double a, double p);
double gamma_q_inv(double a, double q);
double betainc_inv(double a, double b, double p);
double betaincc_inv(double a, double b, double q);

/// d logit(x) / d a where I_x(a, b) stays.
double beta_logit_slope(double a, double b, double logit);

double log_gamma_p(double a, double x);
double log_gamma_q(double a, double x);
/// d log P / d log x and -d log Q / d log x.
double gamma_p_elasticity(double a, double x);
double gamma_q_elasticity(double a, double x);
/// log I_x(a, b) by the logit of x, and its derivative by that.
double log_betainc(double a, double b, double logit);
double betainc_elasticity(double a, double b, double logit);

}  // namespace tapir::ops::scalar
