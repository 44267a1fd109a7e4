// Reading a tape: printing, validation, comparison, reachability.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/tape/tape.hpp>

#include <algorithm>

namespace tapir {
namespace {

bool is_on(const Tape& tape, Ref ref, int before) {
  return ref.node >= 0 && ref.node < before && ref.result >= 0 &&
         ref.result < static_cast<int>(tape.node(ref.node).types.size());
}

// The result is told where there are several, and where there is none such.
std::string label(Ref ref, const Tape& tape) {
  std::string text = "%" + std::to_string(ref.node);
  if (!is_on(tape, ref, tape.size()) || tape.node(ref.node).types.size() > 1)
    text += "." + std::to_string(ref.result);
  return text;
}

std::vector<std::string> guard_lines(const Tape& tape) {
  std::vector<std::string> lines;
  for (Ref ref : tape.guards()) lines.push_back("guard " + label(ref, tape));
  return lines;
}

std::vector<std::string> store_lines(const Tape& tape) {
  std::vector<std::string> lines;
  for (const Store& store : tape.stores())
    lines.push_back("store " + label(store.cell, tape) + " <- " + label(store.value, tape));
  return lines;
}

std::string first_change(const std::string& of, const std::vector<std::string>& was,
                         const std::vector<std::string>& is) {
  for (std::size_t i = 0; i < std::max(was.size(), is.size()); ++i) {
    const std::string a = i < was.size() ? was[i] : "none";
    const std::string b = i < is.size() ? is[i] : "none";
    if (a != b) return of + ": it was  " + a + "  and is now  " + b;
  }
  return {};
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
  for (const std::string& line : guard_lines(*this)) text += line + "\n";
  for (const std::string& line : store_lines(*this)) text += line + "\n";
  return text;
}

void Tape::validate() const {
  for (int i = 0; i < size(); ++i) {
    const Node& n = node(i);
    for (Ref ref : n.inputs)
      if (!is_on(*this, ref, i))
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
  const std::string guards = first_change("the guards", guard_lines(first), guard_lines(second));
  return guards.empty() ? first_change("the stores", store_lines(first), store_lines(second)) : guards;
}

}  // namespace tapir
