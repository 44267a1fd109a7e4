// Recording, comparing and replaying compiled functions.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/exec/compile.hpp>

#include <algorithm>
#include <deque>

namespace tapir {
namespace {

struct Recording {
  std::shared_ptr<Tape> tape;
  std::vector<Ref> outputs;
};

std::string difference_of(const Recording& first, const Recording& second) {
  const std::string of_tapes = Tape::difference(*first.tape, *second.tape);
  if (!of_tapes.empty() || first.outputs == second.outputs) return of_tapes;
  if (first.outputs.size() != second.outputs.size())
    return "the number of results: it was " + std::to_string(first.outputs.size()) + " and is now " +
           std::to_string(second.outputs.size());
  const auto [was, is] = std::mismatch(first.outputs.begin(), first.outputs.end(), second.outputs.begin());
  return "result " + std::to_string(was - first.outputs.begin()) + ": it was  " + first.tape->str(was->node) +
         "  and is now  " + second.tape->str(is->node);
}

}  // namespace

struct Compiled::Impl {
  struct Entry {
    std::vector<Type> types;
    Recording recording;
    Program program;
    bool compared = false;
  };

  Recordable function;
  CompileOptions options;
  std::deque<Entry> entries;

  Recording record(std::span<const Type> types) const {
    Recording result{Tape::make(), {}};
    std::vector<Var> inputs;
    for (const Type& type : types)
      inputs.push_back(result.tape->input(type, "input " + std::to_string(inputs.size())));
    std::optional<Bind> bind;
    if (options.parameters) bind.emplace(options.parameters, result.tape);
    for (const Var& output : function(inputs)) {
      const auto place = output.place();
      if (place && place->tape != result.tape)
        throw Error("compile", "a result lies on another tape: " + place->tape->str(place->ref.node));
      result.outputs.push_back(place ? place->ref : result.tape->literal(output.tensor()).place()->ref);
    }
    return result;
  }

  Entry* find(std::span<const Tensor> inputs) {
    for (Entry& entry : entries)
      if (std::equal(inputs.begin(), inputs.end(), entry.types.begin(), entry.types.end(),
                     [](const Tensor& tensor, const Type& type) { return tensor.type() == type; }))
        return &entry;
    return nullptr;
  }

  Entry& add(std::vector<Type> types) {
    Recording recording = record(types);
    Program program(recording.tape, recording.outputs, options.pool, {.fuse = options.fuse});
    return entries.emplace_back(Entry{std::move(types), std::move(recording), std::move(program)});
  }

  void compare(Entry& entry, Where where) const {
    const std::string difference = difference_of(entry.recording, record(entry.types));
    if (!difference.empty())
      throw Error("compile",
                  "the second recording differs from the first in " + difference +
                      "; make what changes between calls an input",
                  where);
    entry.compared = true;
  }

  // The same inputs and cells again, every value looked at.
  [[noreturn]] void diagnose(const Entry& entry, std::span<const Tensor> inputs, Where where) const {
    const std::string occasion = options.occasion ? options.occasion() : std::string();
    const std::string when = occasion.empty() ? "" : " in " + occasion;
    Program checked(entry.recording.tape, entry.recording.outputs, options.pool, {.checked = true});
    try {
      checked.run(inputs);
    } catch (const Error& error) {
      throw Error(error.op(), error.message() + when + "; nothing was stored",
                  error.where() ? error.where() : where);
    }
    throw Error("run",
                "a guarded value was not finite" + when +
                    ", but is when it is computed again; nothing was stored",
                where);
  }
};

Compiled::Compiled(Recordable function, CompileOptions options)
    : impl_(std::make_unique<Impl>(Impl{std::move(function), std::move(options), {}})) {
  if (!impl_->options.pool) impl_->options.pool = std::make_shared<Pool>(0);
}
Compiled::~Compiled() = default;
Compiled::Compiled(Compiled&&) noexcept = default;
Compiled& Compiled::operator=(Compiled&&) noexcept = default;

std::span<const Tensor> Compiled::operator()(std::span<const Tensor> inputs, Where where) {
  Impl::Entry* entry = impl_->find(inputs);
  if (!entry) {
    std::vector<Type> types;
    for (const Tensor& input : inputs) types.push_back(input.type());
    entry = &told_at(where, [&]() -> Impl::Entry& { return impl_->add(std::move(types)); });
  } else if (!entry->compared) {
    told_at(where, [&] { impl_->compare(*entry, where); });
  }
  if (!entry->program.run(inputs)) impl_->diagnose(*entry, inputs, where);
  return entry->program.outputs();
}

const Program& Compiled::program(std::span<const Type> types) {
  for (const Impl::Entry& entry : impl_->entries)
    if (std::equal(types.begin(), types.end(), entry.types.begin(), entry.types.end())) return entry.program;
  return impl_->add({types.begin(), types.end()}).program;
}

}  // namespace tapir
