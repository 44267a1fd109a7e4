// The smallest program that uses tapir.
// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>

#include <tapir/autodiff/autodiff.hpp>

int main() {
  const tapir::Tensor x({2, 2}, {1.0, 2.0, 3.0, 4.0});
  std::puts(x.str().c_str());
  return x.at(3) == 4.0 ? 0 : 1;
}
