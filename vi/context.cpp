// Runs of models and guides.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/context.hpp>

#include <algorithm>
#include <cmath>

#include <tapir/autodiff/ops/ops.hpp>

namespace tapir::vi {
namespace {

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

// How a parameter of a support is kept: free, and back.
Tensor to_free(const Tensor& value, const Support& support, const std::string& name, Where where) {
  if (const auto wrong = support.violation(value)) throw Error("param", quoted(name) + " " + *wrong, where);
  Tensor result = value;
  if (support == Support::Kind::real) return result;
  dispatch(value.dtype(), [&](auto zero) {
    for (auto& x : result.mutable_view<decltype(zero)>())
      x = static_cast<decltype(zero)>(support == Support::Kind::positive ? std::log(static_cast<double>(x))
                                                                    : std::log(static_cast<double>(x)) -
                                                                          std::log1p(-static_cast<double>(x)));
  });
  return result;
}

Var from_free(const Var& value, const Support& support, Where where) {
  if (support == Support::Kind::real) return value;
  return support == Support::Kind::positive ? exp(Arg(value, where)) : sigmoid(Arg(value, where));
}

std::vector<PlateAxis> axes_of(const Plates& plates) {
  std::vector<PlateAxis> axes;
  for (const Plate& plate : plates) axes.push_back({plate.name, plate.count});
  return axes;
}

}  // namespace

Var Message::weighed(Var term) const {
  for (const auto& weight : weights) term = weight(term);
  return term;
}

OpenPlate::~OpenPlate() { context_.plates_.pop_back(); }

Context::Context(Key key, ContextOptions options) : key_(std::move(key)), options_(std::move(options)) {}

const Message* Context::find(const std::string& name) const {
  for (const Message& message : messages_)
    if (message.name == name) return &message;
  return nullptr;
}

Message Context::begin(const std::string& name, const Distribution& law, const char* op, Where where) {
  if (find(name)) throw Error(op, "there is a site " + quoted(name) + " already", where);
  return {.name = name, .law = law.aligned(axes_of(plates_), where), .plates = plates_, .where = where};
}

// The log density of the value, with what the handlers have to say of it.
void Context::finish(Message message) {
  message.log_prob = message.law.log_prob(Arg(*message.value, message.where));
  for (const Handler& handler : options_.handlers)
    if (handler.after) handler.after(message);
  message.log_prob = message.weighed(message.log_prob);
  messages_.push_back(std::move(message));
}

Var Context::sample(const std::string& name, const Distribution& law, std::optional<Estimator> estimator, Where where) {
  return composed(where, name, {key_.counter()}, [&]() -> Var {
    Message message = begin(name, law, "sample", where);
    const bool pathwise = law.is_pathwise();
    message.estimator = estimator ? std::move(*estimator) : pathwise ? Estimator(Pathwise{}) : ScoreFunction{};
    if (message.estimator.pathwise && !pathwise)
      throw Error("sample", "site " + quoted(name) + ": " + std::string(law.name()) +
                                " has no pathwise gradient; name another estimator, such as ScoreFunction", where);
    for (const Handler& handler : options_.handlers)
      if (handler.before) handler.before(message);
    if (!message.value) {
      const Var draw = message.law.sample(key_ / name, where);
      message.value = place_site(name, Arg(draw, where), message.estimator);
    }
    const Var value = *message.value;
    finish(std::move(message));
    return value;
  });
}

void Context::observe(const std::string& name, const Distribution& law, Arg value) {
  const Where where = value.where;
  composed(where, name, {key_.counter(), value.var}, [&] {
    Message message = begin(name, law, "observe", where);
    const Shape shape = value.shape();
    for (int p = 0; p < static_cast<int>(plates_.size()) && p < shape.rank(); ++p) {
      const Plate& plate = plates_[static_cast<std::size_t>(p)];
      if (shape[p] != plate.count)
        throw Error("observe", "site " + quoted(name) + ", plate " + quoted(plate.name) + ": " +
                                   std::to_string(shape[p]) + " rows, but the plate was opened with " +
                                   std::to_string(plate.count), where);
    }
    if (shape != message.law.value_shape())
      throw Error("observe", "site " + quoted(name) + ": the data are " + value.type().str() +
                                 ", the law " + std::string(law.name()) + " in these plates has values of shape " +
                                 message.law.value_shape().str(), where);
    message.observed = true;
    message.value = value.var;
    for (const Handler& handler : options_.handlers)
      if (handler.before) handler.before(message);
    finish(std::move(message));
    return 0;
  });
}

Var Context::param(const std::string& name, const Tensor& init, const Support& support, Where where) {
  if (!options_.params) throw Error("param", quoted(name) + ": this run has no parameters", where);
  if (!(support == Support::Kind::real || support == Support::Kind::positive || support == Support::Kind::unit_interval))
    throw Error("param", quoted(name) + ": parameters are real, positive or of the unit interval", where);
  const Params& params = *options_.params;
  if (params.contains(name)) return from_free(params[name], support, where);
  return from_free(Scope(params).param(name, to_free(init.cast(params.dtype()), support, name, where), where), support,
                   where);
}

Var Context::param(const std::string& name, double init, const Support& support, Where where) {
  return param(name, Tensor(init), support, where);
}

OpenPlate Context::open(const std::string& name, Index size, Index count, Var index, Where where) {
  if (find_plate(plates_, name) >= 0) throw Error("plate", quoted(name) + " is open already", where);
  if (count > size)
    throw Error("plate", quoted(name) + ": " + std::to_string(count) + " rows of a plate of " + std::to_string(size),
                where);
  if (count < 1) throw Error("plate", quoted(name) + " is empty", where);
  plates_.push_back({name, size, count});
  return {*this, std::move(index)};
}

OpenPlate Context::plate(const std::string& name, Index size, Where where) {
  return open(name, size, size, iota(size), where);
}

OpenPlate Context::plate(const std::string& name, Index size, Index count, Where where) {
  return open(name, size, count, iota(count), where);
}

OpenPlate Context::plate(const std::string& name, Index size, Arg index) {
  if (index.rank() != 1 || index.type().dtype != DType::i64)
    throw Error("plate", quoted(name) + ": the index is " + index.type().str() + ", it has to be i64[count]", index.where);
  return open(name, size, index.shape()[0], index.var, index.where);
}

}  // namespace tapir::vi
