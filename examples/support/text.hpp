// Small things about text that more than one file needs.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tapir::examples {

/// How many characters a UTF-8 text has; each is taken to be one column wide.
std::size_t character_count(std::string_view utf8);

/// "a, b, c".
std::string joined(const std::vector<std::string>& words, std::string_view separator = ", ");

/// The text with its line breaks turned into spaces.
std::string one_line(std::string text);

}  // namespace tapir::examples
