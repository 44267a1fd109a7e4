// einsum of two operands: reordered to one batched product.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/structure.hpp>

namespace tapir {
namespace {

bool holds(const std::string& indices, char index) { return indices.find(index) != std::string::npos; }

// "bij,bjk->bik", taken apart.
struct Formula {
  std::string a, b, result;

  Formula(const std::string& text, Where where) {
    std::string plain;
    std::copy_if(text.begin(), text.end(), std::back_inserter(plain), [](char c) { return c != ' '; });
    const auto comma = plain.find(','), arrow = plain.find("->");
    if (comma == std::string::npos || arrow == std::string::npos || arrow < comma)
      throw Error("einsum", "the formula \"" + text + "\" is not of the form \"ij,jk->ik\"", where);
    a = plain.substr(0, comma);
    b = plain.substr(comma + 1, arrow - comma - 1);
    result = plain.substr(arrow + 2);
    for (const std::string* part : {&a, &b, &result})
      for (char index : *part) {
        if (!((index >= 'a' && index <= 'z') || (index >= 'A' && index <= 'Z')))
          throw Error("einsum",
                      std::string("an index has to be a letter, '") + index + "' is none: \"" + text + "\"",
                      where);
        if (std::count(part->begin(), part->end(), index) > 1)
          throw Error("einsum",
                      std::string("index ") + index + " stands twice in \"" + *part + "\": \"" + text + "\"",
                      where);
      }
    for (char index : result)
      if (!holds(a, index) && !holds(b, index))
        throw Error("einsum",
                    std::string("index ") + index + " of the result stands in no operand: \"" + text + "\"",
                    where);
  }
};

using Sizes = std::map<char, Index>;

void measure(Sizes& sizes, const std::string& indices, const Arg& operand, const char* name, Where where) {
  if (static_cast<int>(indices.size()) != operand.rank())
    throw Error("einsum",
                std::string(name) + " is " + operand.type().str() + ", the formula gives it " +
                    std::to_string(indices.size()) + " indices: \"" + indices + "\"",
                where);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const Index size = operand.shape()[static_cast<int>(i)];
    const auto [known, fresh] = sizes.emplace(indices[i], size);
    if (!fresh && known->second != size)
      throw Error("einsum",
                  std::string("index ") + indices[i] + " has size " + std::to_string(known->second) +
                      " in a and " + std::to_string(size) + " in b",
                  where);
  }
}

// Axes `from` into the order `to`.
Var ordered(const Var& x, const std::string& from, const std::string& to) {
  std::vector<int> order;
  for (char index : to) order.push_back(static_cast<int>(from.find(index)));
  return transpose(x, order);
}

// Indices that stand in one operand only and not in the result are summed at once.
Var summed_alone(const Var& x, std::string& indices, const std::string& other, const std::string& result) {
  std::vector<int> axes;
  std::string kept;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (holds(other, indices[i]) || holds(result, indices[i]))
      kept += indices[i];
    else
      axes.push_back(static_cast<int>(i));
  }
  indices = kept;
  return axes.empty() ? x : sum(x, Axes(axes));
}

Shape shape_of(const Sizes& sizes, const std::string& indices) {
  Shape shape;
  for (char index : indices) shape.append(sizes.at(index));
  return shape;
}

struct Groups {
  std::string batch, only_a, only_b, shared;

  explicit Groups(const Formula& f) {
    for (char index : f.result) {
      const bool in_a = holds(f.a, index), in_b = holds(f.b, index);
      (in_a && in_b ? batch : in_a ? only_a : only_b) += index;
    }
    for (char index : f.a)
      if (!holds(f.result, index)) shared += index;
  }
};

Var by_elements(const Var& a, const Var& b, const Formula& f, const Groups& groups, const Sizes& sizes) {
  const std::string all = groups.batch + groups.only_a + groups.only_b + groups.shared;
  const auto spread = [&](const Var& x, const std::string& indices) {
    std::string own;
    Shape shape;
    for (char index : all) {
      const bool has = holds(indices, index);
      if (has) own += index;
      shape.append(has ? sizes.at(index) : 1);
    }
    return reshape(ordered(x, indices, own), shape);
  };
  Var product = spread(a, f.a) * spread(b, f.b);
  std::vector<int> axes;
  for (std::size_t i = 0; i < groups.shared.size(); ++i) axes.push_back(-1 - static_cast<int>(i));
  if (!axes.empty()) product = sum(product, Axes(axes));
  return ordered(product, groups.batch + groups.only_a + groups.only_b, f.result);
}

Var by_product(const Var& a, const Var& b, const Formula& f, const Groups& groups, const Sizes& sizes) {
  const auto size = [&](const std::string& indices) { return shape_of(sizes, indices).size(); };
  // An operand that already lies in the transposed order is not moved: the product has flags for it.
  const bool transpose_a = f.a == groups.batch + groups.shared + groups.only_a;
  const bool transpose_b = f.b == groups.batch + groups.only_b + groups.shared;
  const auto matrix = [&](const Var& x, const std::string& indices, const std::string& rows,
                          const std::string& columns) {
    const Shape shape = shape_of(sizes, groups.batch) + Shape{size(rows), size(columns)};
    return reshape(ordered(x, indices, groups.batch + rows + columns), shape);
  };
  const Var left = transpose_a ? matrix(a, f.a, groups.shared, groups.only_a)
                               : matrix(a, f.a, groups.only_a, groups.shared);
  const Var right = transpose_b ? matrix(b, f.b, groups.only_b, groups.shared)
                                : matrix(b, f.b, groups.shared, groups.only_b);
  const std::string order = groups.batch + groups.only_a + groups.only_b;
  return ordered(reshape(matmul(left, right, {transpose_a, transpose_b}), shape_of(sizes, order)), order,
                 f.result);
}

}  // namespace

Var einsum(const std::string& formula, Arg a, Arg b) {
  Formula f(formula, a.where);
  Sizes sizes;
  measure(sizes, f.a, a, "a", a.where);
  measure(sizes, f.b, b, "b", a.where);
  return composed(a.where, "einsum", {a.var, b.var}, [&] {
    const Var x = summed_alone(a, f.a, f.b, f.result);
    const Var y = summed_alone(b, f.b, f.a, f.result);
    const Groups groups(f);
    const bool no_product = groups.shared.empty() || (groups.only_a.empty() && groups.only_b.empty());
    return no_product ? by_elements(x, y, f, groups, sizes) : by_product(x, y, f, groups, sizes);
  });
}

}  // namespace tapir
