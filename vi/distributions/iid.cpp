// iid: what does not depend on the law.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/iid.hpp>

#include <vector>

namespace tapir::vi {

Var sum_last(const Var& x, int count, Where where) {
  if (count == 0) return x;
  std::vector<int> axes;
  for (int axis = -count; axis < 0; ++axis) axes.push_back(axis);
  return sum(Arg(x, where), Axes(axes));
}

}  // namespace tapir::vi
