// Bodies: functions recorded on a tape of their own, and put onto another.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <tapir/autodiff/tape/tape.hpp>

namespace tapir {

/// A body and what it takes from outside: its inputs are those declared, then the captures.
struct RecordedBody {
  std::shared_ptr<const Body> body;
  std::vector<Var> captures;  // on the outer tape
};

using BodyFunction = std::function<std::vector<Var>(std::span<const Var>)>;

/// Records `f` of inputs of these types within `outer`. Lines inside are the user's.
RecordedBody record_body(const std::shared_ptr<Tape>& outer, std::span<const Type> types,
                         const BodyFunction& f);

/// The results of the body for these inputs, written node by node where the inputs lie.
std::vector<Var> inlined(const Body& body, std::span<const Var> inputs);

/// The results for inputs of which some have a new leading axis: all results have it.
std::vector<Var> inlined_batched(const Body& body, std::span<const Widened> inputs, Index count);

/// `values` where all of them are needed on one tape: plain ones become literals of `tape`, outer ones captures.
std::vector<Var> brought_to(const std::shared_ptr<Tape>& tape, std::span<const Var> values);

}  // namespace tapir
