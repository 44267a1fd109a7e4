// Recompiled: a compiled function of parameters that notices when other parameters are to be trained.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/learn/params.hpp>

namespace tapir {

/// A `Compiled` to whose recordings `params` are bound, and which records anew when their revision has changed: what is
/// frozen, and how fast a parameter learns, is written into its programs.
class Recompiled {
 public:
  /// `options.parameters` is filled in.
  Recompiled(Params params, Recordable function, CompileOptions options);

  std::span<const Tensor> operator()(std::span<const Tensor> inputs, Where where);
  const Program& program(std::span<const Type> types);

 private:
  template <class F>
  decltype(auto) current(F f);

  Params params_;
  Recordable function_;
  CompileOptions options_;
  std::unique_ptr<Compiled> compiled_;
  Index revision_ = 0;
};

}  // namespace tapir
