// A folder that vanishes with the test, and files with damage in them.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include <tapir/autodiff/tensor/error.hpp>

namespace tapir::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    do path_ = std::filesystem::temp_directory_path() / ("tapir-test-" + std::to_string(random()));
    while (!std::filesystem::create_directory(path_));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::ptrdiff_t files() const {
    return std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator());
  }

 private:
  std::filesystem::path path_;
};

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::filesystem::path with_content(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return path;
}

/// What went wrong behind the name of the file: "[op] <path>: what (at file:line)" -> "what".
template <class F>
std::string complaint(const std::filesystem::path& path, const std::string& op, F&& f) {
  try {
    f();
  } catch (const Error& error) {
    const std::string start = path.string() + ": ";
    CHECK(error.op() == op);
    CHECK(error.where());
    CHECK(error.message().starts_with(start));
    return error.message().substr(start.size());
  }
  return "nothing";
}

/// Every proper prefix of `intact` must be refused; after a flip of any bit of it, and after random changes of several
/// bytes, it must load or be refused. Anything else than an Error fails the test.
template <class Load>
void check_damage(const std::string& intact, const std::filesystem::path& path, Load&& load) {
  const auto is_refused = [&](const std::string& bytes) {
    with_content(path, bytes);
    try {
      load(path);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find(path.string()) != std::string::npos);
      return true;
    }
    return false;
  };
  for (std::size_t size = 0; size < intact.size(); ++size) {
    CAPTURE(size);
    CHECK(is_refused(intact.substr(0, size)));
  }
  CHECK(is_refused(intact + '\0'));
  for (std::size_t bit = 0; bit < 8 * intact.size(); ++bit) {
    std::string bytes = intact;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    CAPTURE(bit);
    CHECK_NOTHROW(is_refused(bytes));
  }
  std::mt19937 random(20);
  constexpr int rounds = 4000;
  for (int round = 0; round < rounds; ++round) {
    std::string bytes = intact;
    for (auto changes = random() % 6; changes-- > 0;) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        bytes[at] = static_cast<char>('0' + random() % 10);
        break;
      case 2:
        bytes.erase(at, random() % 4);
        break;
      default:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 8));
      }
    }
    CAPTURE(round);
    CHECK_NOTHROW(is_refused(bytes));
  }
}

}  // namespace tapir::test
