// The text of an error, as the user reads it.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include <tapir/autodiff/tensor/error.hpp>

namespace tapir::test {

/// The whole text of the error that `f` throws, the line included.
template <class F>
std::string text_of_error(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// The end of an error's text, or of a printed node, that tells `line` of the calling file.
inline std::string at_line(int line, const char* file = __builtin_FILE()) {
  return " (at " + Where{file, line}.str() + ")";
}

}  // namespace tapir::test
