// Dropout: elements set to zero at random while training.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include <tapir/autodiff/learn/params.hpp>
#include <tapir/nn/noise.hpp>

namespace tapir::nn {

/// Each element is 0 with probability `rate`, else x / (1 - rate): the mean stays.
///
///   shapes    x [..]  ->  the same
///   gradient  through the elements that are kept
///   errors    "[dropout] rate is 1; it has to be a number in [0, 1)"
///             "[dropout] the key is a plain value: each replay would drop the same elements; make its counter an
///             input"
///   source    Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014
Var dropout(const Key& key, Arg x, double rate);

/// The same as a layer, which draws under its own path; outside of training it passes x on.
///
///   example  nn::Dropout drop(params / "drop", 0.1);
///            Var h = drop(c, relu(hidden(x)));
class Dropout {
 public:
  Dropout(const Scope& scope, double rate, Where where = here());

  Var operator()(const Noise& noise, Arg x) const;

 private:
  std::string path_;
  double rate_;
};

}  // namespace tapir::nn
