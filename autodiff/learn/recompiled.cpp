// When programs of parameters are recorded again.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/learn/recompiled.hpp>

namespace tapir {

Recompiled::Recompiled(Params params, Recordable function, CompileOptions options)
    : params_(std::move(params)), function_(std::move(function)), options_(std::move(options)) {
  options_.parameters = params_.binding();
  if (!options_.pool) options_.pool = std::make_shared<Pool>(0);
}

// A recording may itself create parameters: the program that it becomes knows them, earlier ones do not.
template <class F>
decltype(auto) Recompiled::current(F f) {
  const bool fresh = !compiled_ || revision_ != params_.revision();
  if (fresh) {
    compiled_ = std::make_unique<Compiled>(function_, options_);
    revision_ = params_.revision();
  }
  struct Settle {
    Recompiled& self;
    bool fresh;
    ~Settle() {
      if (fresh) self.revision_ = self.params_.revision();
    }
  } settle{*this, fresh};
  return f(*compiled_);
}

std::span<const Tensor> Recompiled::operator()(std::span<const Tensor> inputs, Where where) {
  return current([&](Compiled& compiled) { return compiled(inputs, where); });
}

const Program& Recompiled::program(std::span<const Type> types) {
  return current([&](Compiled& compiled) -> const Program& { return compiled.program(types); });
}

}  // namespace tapir
