// The rows of a user's operation and of its reverse rule.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/transforms/custom.hpp>

#include <algorithm>
#include <cstring>

#include <tapir/autodiff/exec/apply.hpp>

namespace tapir {
namespace {

using Owner = std::shared_ptr<const void>;

// Attribute `leading`: the axes that `batch` has put before those which the user's functions know.
const Shape& leading(const Attrs& attrs) { return attrs.get<Shape>("leading"); }

std::vector<Type> own_types(std::span<const Type> types, const Attrs& attrs) {
  std::vector<Type> own;
  for (const Type& type : types) own.push_back({type.dtype, type.shape.drop_front(leading(attrs).rank())});
  return own;
}

std::vector<Type> full_types(std::span<const Type> types, const Attrs& attrs) {
  std::vector<Type> full;
  for (const Type& type : types) full.push_back({type.dtype, leading(attrs) + type.shape});
  return full;
}

template <class View>
std::vector<View> views_of(std::span<const Type> types) {
  std::vector<View> views;
  for (const Type& type : types) views.push_back({nullptr, type});
  return views;
}

// Entry i of a buffer that holds one after another.
template <class Byte>
Byte* entry(Byte* buffer, const Type& type, Index i) {
  return buffer + static_cast<std::size_t>(i) * type.bytes();
}

struct Views {
  std::vector<ConstView> in;
  std::vector<MutableView> out;

  void point(const Buffers& buffers, Index i) {
    for (std::size_t k = 0; k < in.size(); ++k)
      in[k].data = entry(buffers.input<std::byte>(static_cast<int>(k)), in[k].type, i);
    for (std::size_t k = 0; k < out.size(); ++k)
      out[k].data = entry(buffers.output<std::byte>(static_cast<int>(k)), out[k].type, i);
  }
};

// Runs `f(in, out)` once per leading index.
template <class F>
Kernel run_each(std::span<const Type> in, std::span<const Type> out, const Attrs& attrs, F f) {
  auto views = std::make_shared<Views>(Views{views_of<ConstView>(in), views_of<MutableView>(out)});
  return Kernel(
      [views, f, count = leading(attrs).size(), owner = attrs.get<Owner>("owner")](const Buffers& buffers) {
        for (Index i = 0; i < count; ++i) {
          views->point(buffers, i);
          f(std::span<const ConstView>(views->in), std::span<const MutableView>(views->out));
        }
      });
}

std::vector<int> follow_leading(const Attrs& attrs, int rank) {
  std::vector<int> axes(static_cast<std::size_t>(rank), mixed);
  for (int axis = 0; axis < leading(attrs).rank(); ++axis) axes[static_cast<std::size_t>(axis)] = axis;
  return axes;
}

std::vector<Arg> arguments(const std::vector<Var>& vars) { return {vars.begin(), vars.end()}; }

}  // namespace

struct Custom::State {
  CustomRules rules;
  Op forward;
  Op reverse;

  explicit State(CustomRules given)
      : rules(std::move(given)),
        forward(forward_row(), Op::Unlisted{}),
        reverse(reverse_row(), Op::Unlisted{}) {}

  std::vector<Type> result_types(std::span<const Type> operands, const Attrs& attrs) const {
    return full_types(rules.shape(own_types(operands, attrs)), attrs);
  }

  Row forward_row() const {
    Row row;
    row.name = rules.name;
    row.shape = [this](const Signature& s) { return result_types(s.inputs, s.attrs); };
    row.kernel = [this](const Signature& s) {
      const auto in = own_types(s.inputs, s.attrs);
      return run_each(in, rules.shape(in), s.attrs, [this](const auto& operands, const auto& results) {
        rules.forward(operands, results);
      });
    };
    row.follows = [this](const Signature& s, int result, int) {
      return follow_leading(s.attrs,
                            result_types(s.inputs, s.attrs)[static_cast<std::size_t>(result)].shape.rank());
    };
    if (rules.vjp) row.vjp = [this](const Recorded& r, const Tangents& g) { return pull(r, g); };
    return row;
  }

  // Operands of the reverse rule: the operation's operands, its results, their cotangents.
  Tangents pull(const Recorded& r, const Tangents& g) const {
    std::vector<Arg> operands = arguments(r.inputs);
    for (const Var& output : r.outputs) operands.emplace_back(output);
    for (std::size_t k = 0; k < g.size(); ++k)
      operands.emplace_back(g[k] ? *g[k] : Var(Tensor(r.outputs[k].type())));
    Attrs attrs = r.attrs;
    attrs.set("operands", static_cast<Index>(r.inputs.size()));
    const auto results = apply_all(reverse, operands, std::move(attrs));
    Tangents cotangents(r.inputs.size());
    for (std::size_t k = 0; k < cotangents.size(); ++k)
      if (r.needs[k] && is_floating(r.inputs[k].type().dtype)) cotangents[k] = results[k];
    return cotangents;
  }

  Row reverse_row() const {
    Row row;
    row.name = rules.name + "_vjp";
    row.shape = [](const Signature& s) -> std::vector<Type> {
      return {s.inputs.begin(), s.inputs.begin() + s.attrs.get<Index>("operands")};
    };
    row.kernel = [this](const Signature& s) {
      const auto count = static_cast<std::size_t>(s.attrs.get<Index>("operands"));
      const auto in = own_types(s.inputs, s.attrs);
      const std::size_t results = (in.size() - count) / 2;
      return run_each(
          in, {in.data(), count}, s.attrs, [this, count, results](const auto& all, const auto& cotangents) {
            for (const MutableView& view : cotangents) std::memset(view.data, 0, view.type.bytes());
            rules.vjp(all.first(count), all.subspan(count, results), all.last(results), cotangents);
          });
    };
    row.follows = [](const Signature& s, int result, int) {
      return follow_leading(s.attrs, s[static_cast<std::size_t>(result)].shape.rank());
    };
    row.vjp = [this](const Recorded& r, const Tangents&) -> Tangents {
      const auto place = r.outputs[0].place();
      throw Error(rules.name,
                  "is differentiated a second time; a custom operation has a first derivative only",
                  place ? place->tape->node(place->ref.node).where : Where{});
    };
    return row;
  }
};

Custom::Custom(CustomRules rules, Where where) {
  if (rules.name.empty() || !rules.shape || !rules.forward)
    throw Error("custom", "needs a name, a shape rule and a forward function", where);
  state_ = std::make_shared<const State>(std::move(rules));
}

std::vector<Var> Custom::all(std::vector<Arg> operands) const {
  return apply_all(state_->forward, operands, {{"owner", Owner(state_)}, {"leading", Shape{}}});
}

}  // namespace tapir
