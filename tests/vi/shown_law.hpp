// ShownLaw: a law without a density, which the page of laws shows although no suite can test it.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <vector>

#include "law_suite.hpp"

namespace tapir::vi::test {

struct ShownLaw {
  std::function<Distribution(const std::vector<Var>&)> make;
  Parameters parameters;
};

/// All of them, in no order.
std::vector<ShownLaw>& shown_laws();

/// Enters a law into the list: one constant in its test file.
struct Shown {
  explicit Shown(ShownLaw law) { shown_laws().push_back(std::move(law)); }
};

}  // namespace tapir::vi::test
