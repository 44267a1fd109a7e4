// Linear: y = x W + b.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/ops/linalg.hpp>

namespace tapir::nn {

struct LinearOptions {
  bool bias = true;
  Initialiser initialiser = initialisers::fan_in_uniform();
  Initialiser bias_initialiser = initialisers::zeros();
  Precision precision = Precision::full;  // of x weight
};

/// y = x weight + bias, with parameters weight [in, out] and bias [out].
///
///   shapes  x [.., in]  ->  [.., out]
///   errors  "[linear] "decode/0" takes f32[..,20], x is f32[128,10] (at vae.cpp:31)"
class Linear {
 public:
  Linear(Scope scope, Index in, Index out, LinearOptions options = {}, Where where = here());

  Var operator()(Arg x) const;

  const Var& weight() const { return weight_; }
  const std::optional<Var>& bias() const { return bias_; }

 private:
  std::string path_;
  Var weight_;
  std::optional<Var> bias_;
  Precision precision_;
};

}  // namespace tapir::nn
