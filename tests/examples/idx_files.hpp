// The bytes of IDX files.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include <doctest/doctest.h>
#include <zlib.h>

#include "support/images.hpp"

namespace tapir::examples::testing {

inline std::string words(std::initializer_list<std::uint32_t> values) {
  std::string bytes;
  for (const std::uint32_t value : values) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(value >> shift & 0xFFU);
  }
  return bytes;
}

inline std::string payload(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 7 + i / 251) & 0xFFU);
  return bytes;
}

inline std::string image_file(std::uint32_t count) {
  return words({0x803, count, 28, 28}) + payload(count * 784);
}
inline std::string label_file(std::uint32_t count) {
  return words({0x801, count}) + std::string(count, '\3');
}

inline std::string image_file(const Images& images) {
  const auto extent = [&](std::size_t axis) { return static_cast<std::uint32_t>(images.shape(axis)); };
  return words({0x803, extent(0), extent(1), extent(2)}) + std::string(images.begin(), images.end());
}

inline std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  std::string input = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace tapir::examples::testing
