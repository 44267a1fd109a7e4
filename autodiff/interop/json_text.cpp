// JSON strings: escapes and UTF-8.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/interop/json_text.hpp>

#include <cstdint>

namespace tapir {
namespace {

void append_utf8(std::string& to, std::uint32_t code) {
  const auto append = [&](std::uint32_t byte) { to += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    append(code);
  } else if (code < 0x800) {
    append(0xc0 | (code >> 6));
    append(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    append(0xe0 | (code >> 12));
    append(0x80 | ((code >> 6) & 0x3f));
    append(0x80 | (code & 0x3f));
  } else {
    append(0xf0 | (code >> 18));
    append(0x80 | ((code >> 12) & 0x3f));
    append(0x80 | ((code >> 6) & 0x3f));
    append(0x80 | (code & 0x3f));
  }
}

std::uint32_t four_hex_digits(HeaderText& text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = text.take();
    const auto digit = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    if (digit == std::string_view::npos) text.raise("\\u needs four hexadecimal digits");
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

bool is_first_surrogate(std::uint32_t code) { return code >= 0xd800 && code < 0xdc00; }
bool is_second_surrogate(std::uint32_t code) { return code >= 0xdc00 && code < 0xe000; }

std::uint32_t unicode_escape(HeaderText& text) {
  const std::uint32_t first = four_hex_digits(text);
  if (is_second_surrogate(first)) text.raise("half a surrogate pair");
  if (!is_first_surrogate(first)) return first;
  if (text.take() != '\\' || text.take() != 'u') text.raise("half a surrogate pair");
  const std::uint32_t second = four_hex_digits(text);
  if (!is_second_surrogate(second)) text.raise("half a surrogate pair");
  return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

// The escapes of one letter, and what they stand for.
constexpr std::string_view letters = "\"\\/bfnrt";
constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";

}  // namespace

std::string parse_json_string(HeaderText& text) {
  text.expect('"');
  std::string result;
  for (char c = text.take(); c != '"'; c = text.take()) {
    if (static_cast<unsigned char>(c) < 0x20) text.raise("a string holds a control character");
    if (c != '\\') {
      result += c;
      continue;
    }
    const char letter = text.take();
    if (letter == 'u') {
      append_utf8(result, unicode_escape(text));
    } else if (const auto at = letters.find(letter); at != std::string_view::npos) {
      result += meanings[at];
    } else {
      text.raise("a string holds an unknown escape");
    }
  }
  if (!is_utf8(result)) text.raise("a string is not UTF-8");
  return result;
}

std::string json_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const auto at = meanings.find(c);
    if (at != std::string_view::npos && c != '/') {
      result += '\\';
      result += letters[at];
    } else if (byte < 0x20) {
      result += "\\u00";
      result += digits[byte >> 4];
      result += digits[byte & 0xf];
    } else {
      result += c;
    }
  }
  return result + '"';
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t code = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = (code << 6) | (next & 0x3fU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (overlong || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) return false;
    i += length;
  }
  return true;
}

}  // namespace tapir
