// Reverse mode: the tape read backwards, derivative rules written onto its end.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/transforms/grad.hpp>

#include <map>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/recorded.hpp>

namespace tapir {
namespace {

// Values that are not on the tape do not depend on anything; everything else has to lie on one tape.
struct Places {
  std::shared_ptr<Tape> tape;
  std::vector<std::optional<Ref>> refs;
};

Places places_of(std::span<const Var> values, const std::shared_ptr<Tape>& tape, const char* op,
                 Where where) {
  Places result{tape, {}};
  for (const Var& value : values) {
    const auto place = value.place();
    if (place && !result.tape) result.tape = place->tape;
    if (place && place->tape != result.tape)
      throw Error(op, "values lie on two tapes; one of them: " + place->tape->str(place->ref.node), where);
    result.refs.push_back(place ? std::optional(place->ref) : std::nullopt);
  }
  return result;
}

// Reverse accumulation over the nodes up to `last`. Only what lies between xs and ys is touched.
class Reverse {
 public:
  Reverse(std::shared_ptr<Tape> tape, const std::vector<std::optional<Ref>>& xs, const std::vector<Ref>& ys)
      : tape_(std::move(tape)) {
    std::vector<int> starts;
    for (const auto& x : xs)
      if (x) starts.push_back(x->node);
    active_ = differentiable_descendants(*tape_, starts);
    below_ = tape_->ancestors(ys);
    for (Ref y : ys) last_ = std::max(last_, y.node);
  }

  // Cotangents of slices wait for each other; others are added at once, so that none has to be kept.
  void add(Ref ref, const Var& cotangent) {
    Terms& terms = terms_[ref];
    if (is_padding(cotangent))
      terms.paddings.push_back(cotangent);
    else
      terms.sum = terms.sum ? *terms.sum + cotangent : cotangent;
  }

  void run() {
    for (int i = last_; i >= 0; --i)
      if (active_[static_cast<std::size_t>(i)] && below_[static_cast<std::size_t>(i)]) visit(i);
  }

  /// Once it is asked for, nothing more is added.
  std::optional<Var> cotangent(Ref ref) {
    const auto known = terms_.find(ref);
    if (known == terms_.end()) return std::nullopt;
    Terms& terms = known->second;
    if (!terms.paddings.empty()) {
      Frame frame(tape_, tape_->node(ref.node));
      if (terms.sum) terms.paddings.push_back(*terms.sum);
      terms.sum = add_up(terms.paddings);
      terms.paddings.clear();
    }
    return terms.sum;
  }

 private:
  bool is_active(Ref ref) const {
    return active_[static_cast<std::size_t>(ref.node)] && is_floating(tape_->type(ref).dtype);
  }

  void visit(int i) {
    const Node node = tape_->node(i);  // a copy: rules append to the tape
    if (node.op->kind() == Kind::leaf || (*node.op)->flow == Flow::zero) return;
    Tangents g;
    bool any = false;
    for (int r = 0; r < static_cast<int>(node.types.size()); ++r) {
      g.push_back(cotangent({i, r}));
      any = any || g.back();
    }
    std::vector<bool> needs;
    bool needed = false;
    for (Ref ref : node.inputs) {
      needs.push_back(is_active(ref));
      needed = needed || needs.back();
    }
    if (!any || !needed) return;
    const VjpRule& rule = (*node.op)->vjp;
    if (!rule)
      throw Error("grad", "the operation " + node.op->name() + " has no reverse rule: " + tape_->str(i),
                  node.where);
    Frame frame(tape_, node);
    const Tangents back = told_at(node.where, [&] { return rule(recorded(tape_, node, i, needs), g); });
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      if (k >= back.size() || !back[k] || !needs[k]) continue;
      const Type& type = tape_->type(node.inputs[k]);
      if (back[k]->shape() != type.shape)
        throw Error("grad",
                    "the reverse rule of " + node.op->name() + " gives " + back[k]->type().str() +
                        " for an operand " + type.str(),
                    node.where);
      add(node.inputs[k], *back[k]);
    }
  }

  std::shared_ptr<Tape> tape_;
  struct Terms {
    std::optional<Var> sum;
    std::vector<Var> paddings;
  };

  std::map<Ref, Terms> terms_;  // of each cotangent
  std::vector<bool> active_;
  std::vector<bool> below_;
  int last_ = -1;
};

std::string describe(const Var& x) {
  if (const auto* parameter = x.parameter()) return "parameter \"" + parameter->cell->path + "\"";
  const auto place = x.place();
  return place ? place->tape->str(place->ref.node) : "a plain value " + x.type().str();
}

}  // namespace

std::vector<bool> differentiable_descendants(const Tape& tape, const std::vector<int>& of) {
  std::vector<bool> marked(static_cast<std::size_t>(tape.size()));
  for (int i : of) marked[static_cast<std::size_t>(i)] = true;
  for (int i = 0; i < tape.size(); ++i) {
    const Node& node = tape.node(i);
    if ((*node.op)->flow == Flow::zero) continue;
    for (Ref ref : node.inputs)
      if (marked[static_cast<std::size_t>(ref.node)] && is_floating(tape.type(ref).dtype))
        marked[static_cast<std::size_t>(i)] = true;
  }
  return marked;
}

Recorded recorded(const std::shared_ptr<Tape>& tape, const Node& node, int at, std::vector<bool> needs) {
  Recorded result{*node.op, node.attrs, {}, {}, std::move(needs)};
  for (Ref ref : node.inputs) result.inputs.push_back(tape->var(ref));
  for (int r = 0; r < static_cast<int>(node.types.size()); ++r) result.outputs.push_back(tape->var({at, r}));
  return result;
}

Tangents vjp(std::span<const Var> ys, std::span<const Var> gs, std::span<const Var> xs, Where where) {
  if (ys.size() != gs.size())
    throw Error("vjp", std::to_string(ys.size()) + " results, " + std::to_string(gs.size()) + " cotangents",
                where);
  const Places from = places_of(ys, nullptr, "vjp", where);
  if (!from.tape) return Tangents(xs.size());
  const Places to = places_of(xs, from.tape, "vjp", where);
  std::vector<Ref> roots;
  for (const auto& ref : from.refs)
    if (ref) roots.push_back(*ref);
  Reverse reverse(from.tape, to.refs, roots);
  for (std::size_t i = 0; i < ys.size(); ++i) {
    if (gs[i].shape() != ys[i].shape())
      throw Error("vjp", "the cotangent of " + ys[i].type().str() + " is " + gs[i].type().str(), where);
    if (from.refs[i]) reverse.add(*from.refs[i], gs[i]);
  }
  reverse.run();
  Tangents result;
  for (const auto& ref : to.refs) result.push_back(ref ? reverse.cotangent(*ref) : std::nullopt);
  return result;
}

std::vector<Var> grad(const Var& y, std::span<const Var> xs, GradOptions options, Where where) {
  if (y.shape().size() != 1 || y.rank() != 0)
    throw Error("grad", "needs a scalar result, it is " + y.type().str() + "; sum it, or use vjp or jacobian",
                where);
  const auto place = y.place();
  if (!place) throw Error("grad", "the result is a plain value: nothing was recorded", where);
  const Var one =
      place->tape->literal(full(y.type(), 1.0).tensor());  // recorded: stretched, it costs no memory
  const Tangents g = vjp({&y, 1}, {&one, 1}, xs, where);
  std::vector<Var> result;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (!g[i] && !options.allow_unused)
      throw Error("grad", "the result does not depend on " + describe(xs[i]) + "; allow_unused gives zeros",
                  where);
    result.push_back(g[i] ? *g[i] : zeros(xs[i].type()));
  }
  return result;
}

Var grad(const Var& y, const Var& x, GradOptions options, Where where) {
  return grad(y, {&x, 1}, options, where)[0];
}

}  // namespace tapir
