// What the readers and writers of array formats share: whole files, and the text of their headers.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tapir/autodiff/tensor/shape.hpp>

namespace tapir {

/// Raises the errors of one call on one file: "[load_npy] weights.npy: what is wrong (at vae.cpp:31)".
struct FileErrors {
  std::string_view op;
  std::filesystem::path path;
  Where where;

  [[noreturn]] void raise(const std::string& what) const;
};

/// A regular file, read from its beginning.
class FileReader {
 public:
  explicit FileReader(FileErrors errors);

  std::uint64_t size() const { return size_; }
  std::uint64_t remaining() const { return size_ - position_; }
  /// An error that says that `what` is truncated, unless `bytes` bytes are left.
  void require(std::uint64_t bytes, std::string_view what) const;
  /// The next `bytes` bytes, after `require`.
  void read(void* to, std::uint64_t bytes, std::string_view what);
  std::string read_text(std::uint64_t bytes, std::string_view what);
  /// A little-endian number of `bytes` bytes.
  std::uint64_t read_number(int bytes, std::string_view what);
  [[noreturn]] void raise(const std::string& what) const { errors_.raise(what); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  FileErrors errors_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
};

/// Appends bytes to the file that is being written.
using FileSink = std::function<void(const void* data, std::size_t bytes)>;

/// Lets `write` fill a new file beside the target, then renames it to the target: whoever opens the target
/// sees the old content or all of the new. If anything fails, the target is as it was and the new file is
/// gone.
void write_file(const FileErrors& errors, const std::function<void(const FileSink&)>& write);

/// The text of a header, read from left to right; white space between words is skipped.
class HeaderText {
 public:
  HeaderText(std::string_view text, const FileErrors& errors) : text_(text), errors_(errors) {}

  /// The next character that is not white space; 0 at the end.
  char peek();
  /// Nothing but white space is left.
  bool at_end();
  bool accept(char character);
  bool accept(std::string_view word);
  void expect(char character);
  /// The next character, white space included.
  char take();
  /// A number without sign, fraction, exponent or leading zeros.
  Index number();
  [[noreturn]] void raise(const std::string& what) const;

 private:
  std::string_view text_;
  std::size_t position_ = 0;
  const FileErrors& errors_;
};

/// The shape with these sizes; more axes or elements than a tensor can have are an error.
Shape shape_of_file(const std::vector<Index>& sizes, const FileErrors& errors);

}  // namespace tapir
