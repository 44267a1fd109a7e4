// The one exception for misuse, and the place in the user's program that it names.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace tapir {

/// A line of a program. As a defaulted last parameter, `here()` is the caller's line.
struct Where {
  const char* file = nullptr;
  int line = 0;

  explicit operator bool() const { return file != nullptr; }
  /// "vae.cpp:31": the file without its folders; empty when nothing is known.
  std::string str() const;
  friend bool operator==(const Where&, const Where&) = default;
};

/// The line that contains the call (as a default argument: the caller's).
constexpr Where here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return {file, line};
}

/// Misuse: thrown while recording, compiling, or computing on plain values; nothing is changed by it.
/// The text reads "[op] what is wrong; what is needed (at file:line)".
class Error : public std::invalid_argument {
 public:
  Error(std::string_view op, std::string_view message, Where where = {});

  const std::string& op() const { return op_; }
  const std::string& message() const { return message_; }
  Where where() const { return where_; }
  /// The same error, told of another line: what a composing function does for its caller.
  Error at(Where where) const { return Error(op_, message_, where); }

 private:
  std::string op_;
  std::string message_;
  Where where_;
};

/// Runs `f`; an error of its that knows no line is told of `where`.
template <class F>
decltype(auto) told_at(Where where, const F& f) {
  try {
    return f();
  } catch (const Error& error) {
    throw error.where() ? error : error.at(where);
  }
}

}  // namespace tapir
