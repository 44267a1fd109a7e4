// Reading a tape: printing, validation, comparison, reachability.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {
namespace {

std::string label(Ref ref, const Tape& tape) {
  std::string text = "%" + std::to_string(ref.node);
  if (tape.node(ref.node).types.size() > 1) text += "." + std::to_string(ref.result);
  return text;
}

}  // namespace

std::vector<Type> Tape::input_types(int i) const {
  std::vector<Type> types;
  for (Ref ref : node(i).inputs) types.push_back(type(ref));
  return types;
}

std::vector<bool> Tape::ancestors(const std::vector<Ref>& of) const {
  std::vector<bool> marked(nodes_.size());
  for (Ref ref : of) marked[static_cast<std::size_t>(ref.node)] = true;
  for (int i = size() - 1; i >= 0; --i)
    if (marked[static_cast<std::size_t>(i)])
      for (Ref ref : node(i).inputs) marked[static_cast<std::size_t>(ref.node)] = true;
  return marked;
}

std::vector<bool> Tape::descendants(const std::vector<int>& of) const {
  std::vector<bool> marked(nodes_.size());
  for (int i : of) marked[static_cast<std::size_t>(i)] = true;
  for (int i = 0; i < size(); ++i)
    for (Ref ref : node(i).inputs)
      if (marked[static_cast<std::size_t>(ref.node)]) marked[static_cast<std::size_t>(i)] = true;
  return marked;
}

std::string Tape::str(int i) const {
  const Node& n = node(i);
  std::string text = "%" + std::to_string(i) + " = " + n.op->name();
  for (const Type& type : n.types) text += " " + type.str();
  for (Ref ref : n.inputs) text += " " + label(ref, *this);
  if (n.op != &ops::input && !n.attrs.entries().empty()) text += " {" + n.attrs.str() + "}";
  if (n.op == &ops::input) text += " \"" + n.attrs.get<std::string>("name") + "\"";
  if (n.where || !n.path.empty()) text += "   #";
  if (!n.path.empty()) text += " " + n.path;
  if (n.where) text += " " + n.where.str();
  return text;
}

std::string Tape::str() const {
  std::string text;
  for (int i = 0; i < size(); ++i) text += str(i) + "\n";
  for (Ref ref : guards_) text += "guard " + label(ref, *this) + "\n";
  for (const Store& store : stores_)
    text += "store " + label(store.cell, *this) + " <- " + label(store.value, *this) + "\n";
  return text;
}

void Tape::validate() const {
  for (int i = 0; i < size(); ++i) {
    const Node& n = node(i);
    for (Ref ref : n.inputs)
      if (ref.node < 0 || ref.node >= i || ref.result < 0 ||
          ref.result >= static_cast<int>(node(ref.node).types.size()))
        throw Error("validate", "an operand does not precede its node: " + str(i), n.where);
    const auto inputs = input_types(i);
    if (n.op->types({inputs, n.attrs}, n.where) != n.types)
      throw Error("validate", "types are not what the shape rule gives: " + str(i), n.where);
  }
}

std::string Tape::difference(const Tape& first, const Tape& second) {
  const int common = std::min(first.size(), second.size());
  for (int i = 0; i < common; ++i) {
    const Node& a = first.node(i);
    const Node& b = second.node(i);
    const std::string attribute = a.op == b.op ? tapir::difference(a.attrs, b.attrs) : std::string();
    if (a.op == b.op && a.inputs == b.inputs && a.types == b.types && attribute.empty()) continue;
    return "node " + std::to_string(i) + ": it was  " + first.str(i) + "  and is now  " + second.str(i);
  }
  if (first.size() != second.size())
    return "the number of nodes: it was " + std::to_string(first.size()) + " and is now " +
           std::to_string(second.size()) + ", from  " +
           (first.size() > common ? first.str(common) : second.str(common));
  if (first.stores_.size() != second.stores_.size()) return "the number of stores";
  return {};
}

}  // namespace tapir
