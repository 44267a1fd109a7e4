// Finding chains: a value goes on in registers to its only reader.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/chains.hpp>

#include <algorithm>
#include <map>

namespace tapir {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class Finder {
 public:
  Finder(const Plan& plan, const Unit& unit) : plan_(plan) {
    for (int node : unit.nodes) {
      for (Ref ref : plan.tape.node(node).inputs) ++reads_[source(ref)];
      const auto place = plan.places.find({node, 0});
      if (place != plan.places.end() && place->second.kind == Place::Kind::cell)
        overwritten_[node] = static_cast<int>(place->second.at);
    }
    for (int node : unit.nodes) add(node);
  }

  std::vector<Chain> chains() && {
    std::vector<Chain> sorted;
    for (auto& [last, chain] : by_last_) sorted.push_back(std::move(chain));
    return sorted;
  }

 private:
  Ref source(Ref ref) const {
    int stretched = -1;
    return plan_.source(ref, stretched).root;
  }

  // Joins the longest of the chains that end in one of its operands.
  void add(int node) {
    const std::vector<Ref>& inputs = plan_.tape.node(node).inputs;
    auto longest = by_last_.end();
    int mine = 0;
    for (int i = 0; i < static_cast<int>(inputs.size()); ++i) {
      const auto chain = by_last_.find(source(inputs[at(i)]).node);
      if (chain == by_last_.end() || !joins(node, chain->second)) continue;
      if (longest != by_last_.end() && chain->second.nodes.size() <= longest->second.nodes.size()) continue;
      longest = chain;
      mine = i;
    }
    Chain chain{{node}, {-1}};
    if (longest != by_last_.end()) {
      chain = std::move(longest->second);
      by_last_.erase(longest);
      chain.nodes.push_back(node);
      chain.mine.push_back(mine);
    }
    by_last_[node] = std::move(chain);
  }

  bool joins(int node, const Chain& chain) const {
    const int last = chain.nodes.back();
    const ChainLinks* before = links_of(plan_, last);
    const ChainLinks* links = links_of(plan_, node);
    return before && links && before->run == links->run && reads_.at({last, 0}) == 1 && fits(chain) &&
           !waits_too_long(chain, node);
  }

  // A link and its operand, each value perhaps kept, too; the first operand and the end.
  static bool fits(const Chain& chain) { return 4 * (chain.nodes.size() + 1) + 2 <= at(most_chain_operands); }

  // A chain runs at the place of its last node: whether a cell that it reads would have been overwritten by then.
  bool waits_too_long(const Chain& chain, int node) const {
    for (const auto& [writer, cell] : overwritten_) {
      if (writer >= node || std::find(chain.nodes.begin(), chain.nodes.end(), writer) != chain.nodes.end())
        continue;
      for (int reader : chain.nodes)
        for (Ref ref : plan_.tape.node(reader).inputs)
          if (reader < writer && source(ref) == Ref{cell, 0}) return true;
    }
    return false;
  }

  const Plan& plan_;
  std::map<Ref, int> reads_;        // of sources, in this unit
  std::map<int, int> overwritten_;  // cells in place, by the node that does
  std::map<int, Chain> by_last_;
};

}  // namespace

const ChainLinks* links_of(const Plan& plan, int node) {
  const Op& op = *plan.tape.node(node).op;
  if (!op->links) return nullptr;
  const auto types = plan.tape.input_types(node);
  return op->links({types, plan.tape.node(node).attrs});
}

std::vector<Chain> find_chains(const Plan& plan, const Unit& unit) { return Finder(plan, unit).chains(); }

}  // namespace tapir
