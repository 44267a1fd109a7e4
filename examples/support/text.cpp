// Small things about text that more than one file needs.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/text.hpp"

#include <algorithm>

namespace tapir::examples {

std::size_t character_count(std::string_view utf8) {
  const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), starts_character));
}

// fmt::join does this too, but g++ 12 warns about it at -O3.
std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace tapir::examples
