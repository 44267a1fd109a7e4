// JSON strings, as far as the headers of array files need them.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include <tapir/autodiff/interop/files.hpp>

namespace tapir {

/// The string that begins at the next character; escapes are resolved, the result is UTF-8.
std::string parse_json_string(HeaderText& text);

/// `text` as a JSON string, quotes included.
std::string json_string(std::string_view text);

/// Whether `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace tapir
