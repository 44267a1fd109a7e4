// Runs of models and guides.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/context.hpp>

#include <algorithm>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/bijectors/biject_to.hpp>

namespace tapir::vi {
namespace {

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

// "64 of 60000"
std::string str(const Plate& plate) {
  return std::to_string(plate.count) + " of " + std::to_string(plate.size);
}

// What is kept of a parameter: free numbers, taken in double.
Tensor to_free(const Tensor& value, const Support& support, const Bijector& onto, const std::string& name,
               Where where) {
  for (const Support& set : {support, onto.codomain()})  // of which the second has no ends
    if (const auto wrong = set.violation(value)) throw Error("param", quoted(name) + " " + *wrong, where);
  return onto.inverse(Arg(value.cast(f64), where)).tensor();
}

std::vector<PlateAxis> axes_of(const Plates& plates) {
  std::vector<PlateAxis> axes;
  for (const Plate& plate : plates) axes.push_back({plate.name, plate.count});
  return axes;
}

// Whether a derivative can flow from a parameter to this value.
bool depends_on_parameters(const Var& value) {
  const auto place = value.place();
  if (!place) return false;
  const Tape& tape = *place->tape;
  std::vector<bool> marked(static_cast<std::size_t>(place->ref.node) + 1);
  marked.back() = true;
  for (int i = place->ref.node; i >= 0; --i) {
    const Row& row = **tape.node(i).op;
    if (!marked[static_cast<std::size_t>(i)] || row.flow == Flow::zero || row.noise) continue;
    if (tape.node(i).op == &ops::cell) return true;
    for (Ref ref : tape.node(i).inputs) marked[static_cast<std::size_t>(ref.node)] = true;
  }
  return false;
}

void check_estimator(const std::string& name, const Distribution& law, const Estimator& estimator,
                     Where where) {
  const std::string site = "site " + quoted(name) + ": ";
  if (estimator.pathwise) {
    if (law.is_pathwise()) return;
    throw Error("sample",
                site + std::string(law.name()) +
                    " has no pathwise gradient; name another estimator, such as ScoreFunction",
                where);
  }
  const auto ends = law.support().all_ends();
  if (std::any_of(ends.begin(), ends.end(), depends_on_parameters))
    throw Error("sample",
                site + "ends of " + std::string(law.name()) +
                    " move with parameters; a score function has no gradient there",
                where);
}

}  // namespace

OpenPlate::~OpenPlate() { context_.plates_.pop_back(); }

Var OpenPlate::index(Where where) const {
  if (index_) return *index_;
  if (plate_.is_subsampled())
    throw Error("plate",
                "which " + std::to_string(plate_.count) + " of the " + std::to_string(plate_.size) +
                    " elements of " + quoted(plate_.name) +
                    " are present was not said; open it with their index",
                where);
  return iota(plate_.size);
}

OpenHandlers::~OpenHandlers() {
  Handlers& handlers = context_.options_.handlers;
  handlers.erase(handlers.end() - static_cast<std::ptrdiff_t>(count_), handlers.end());
}

Context::Context(Key key, ContextOptions options) : key_(std::move(key)), options_(std::move(options)) {}

const Message* Context::find(const std::string& name) const {
  for (const Message& message : messages_)
    if (message.name == name) return &message;
  return nullptr;
}

// ---- sites ----

Message Context::begin(const std::string& name, const Distribution& law, const char* op, Where where) {
  if (name.empty()) throw Error(op, "a site needs a name", where);
  if (find(name)) throw Error(op, "there is a site " + quoted(name) + " already", where);
  return {.name = name, .law = law.aligned(axes_of(plates_), where), .plates = plates_, .where = where};
}

Var Context::draw(const Message& message, const Distribution& law) const {
  if (!message.refusal.empty()) throw Error("sample", message.refusal, message.where);
  const auto parameters = law.parameters();
  if (!key_.counter().is_recorded() &&
      std::any_of(parameters.begin(), parameters.end(), [](const auto& p) { return p.value.is_recorded(); }))
    throw Error("sample",
                "site " + quoted(message.name) +
                    ": the key is a plain value: each replay would draw the same; make its counter an input",
                message.where);
  const Var value = message.law.sample(key_ / message.name, message.where);
  return place_site(message.name, Arg(value, message.where), message.estimator);
}

void Context::finish(Message message) {
  for (const Handler& handler : options_.handlers)
    if (handler.after) handler.after(message);
  message.log_prob = message.law.log_prob(Arg(message.scored(), message.where));
  messages_.push_back(std::move(message));
}

Var Context::sample(const std::string& name, const Distribution& law, std::optional<Estimator> estimator,
                    Where where) {
  return composed(where, name, {key_.counter()}, [&]() -> Var {
    Message message = begin(name, law, "sample", where);
    if (estimator)
      message.estimator = std::move(*estimator);
    else
      message.estimator = law.is_pathwise() ? Estimator(Pathwise{}) : Estimator(ScoreFunction{});
    check_estimator(name, law, message.estimator, where);
    for (const Handler& handler : options_.handlers)
      if (handler.before) handler.before(message);
    if (!message.value) message.value = draw(message, law);
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
        throw Error("observe",
                    "site " + quoted(name) + ", plate " + quoted(plate.name) + ": " +
                        std::to_string(shape[p]) + " rows, but the plate was opened with " +
                        std::to_string(plate.count),
                    where);
    }
    if (shape != message.law.value_shape())
      throw Error("observe",
                  "site " + quoted(name) + ": the data are " + value.type().str() + ", the law " +
                      std::string(law.name()) + " in these plates has values of shape " +
                      message.law.value_shape().str(),
                  where);
    message.observed = true;
    message.value = value.var;
    for (const Handler& handler : options_.handlers)
      if (handler.before) handler.before(message);
    finish(std::move(message));
    return 0;
  });
}

// ---- parameters ----

Var Context::param(const std::string& name, const Tensor& init, const Support& support, Where where) {
  if (!options_.params) throw Error("param", quoted(name) + ": this run has no parameters", where);
  if (support.is_discrete())
    throw Error("param", quoted(name) + ": " + support.str() + " have no gradient; a parameter is continuous",
                where);
  const Bijector onto = biject_to(support, where);
  const Params& params = *options_.params;
  const Tensor free = to_free(init.cast(params.dtype()), support, onto, name, where).cast(params.dtype());
  const auto constrained = [&](const Var& value) { return onto.forward(Arg(value, where)); };
  if (!params.contains(name)) return constrained(Scope(params).param(name, free, where));
  const Var known = params[name];
  if (known.type() != free.type())
    throw Error("param",
                quoted(name) + " is " + known.type().str() + "; here it would be " + free.type().str(),
                where);
  return constrained(known);
}

Var Context::param(const std::string& name, double init, const Support& support, Where where) {
  return param(name, Tensor(init), support, where);
}

// ---- plates and handlers ----

OpenPlate Context::open(Plate plate, std::optional<Var> index, Where where) {
  const std::string name = quoted(plate.name);
  if (find_plate(plates_, plate.name) >= 0) throw Error("plate", name + " is open already", where);
  if (plate.count > plate.size)
    throw Error("plate",
                name + ": " + std::to_string(plate.count) + " rows of a plate of " +
                    std::to_string(plate.size),
                where);
  if (plate.count < 1) throw Error("plate", name + " is empty", where);
  const int known = find_plate(seen_, plate.name);
  if (known < 0)
    seen_.push_back(plate);
  else if (const Plate& before = seen_[static_cast<std::size_t>(known)]; before != plate)
    throw Error("plate", name + " has " + str(plate) + " elements here, and had " + str(before) + " before",
                where);
  plates_.push_back(plate);
  return {*this, std::move(plate), std::move(index)};
}

OpenPlate Context::plate(const std::string& name, Index size, Where where) {
  return open({name, size, size}, {}, where);
}

OpenPlate Context::plate(const std::string& name, Index size, Index count, Where where) {
  return open({name, size, count}, {}, where);
}

OpenPlate Context::plate(const std::string& name, Index size, Arg index) {
  if (index.rank() != 1 || index.type().dtype != DType::i64)
    throw Error("plate", quoted(name) + ": the index is " + index.type().str() + ", it has to be i64[count]",
                index.where);
  return open({name, size, index.shape()[0]}, index.var, index.where);
}

OpenHandlers Context::with(Handlers handlers) {
  const std::size_t count = handlers.size();
  for (Handler& handler : handlers) options_.handlers.push_back(std::move(handler));
  return {*this, count};
}

}  // namespace tapir::vi
