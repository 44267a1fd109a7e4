// Writing files so that a reader sees the old one or the whole new one.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/files.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace tapir::examples {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path, int error) {
  throw std::runtime_error(fmt::format("cannot write {}: {}", path.string(), std::strerror(error)));
}

// Beside the target, because a rename does not cross file systems.
fs::path temporary_beside(const fs::path& path) {
  fs::path name = path;
  name += fmt::format(".{}.tmp", ::getpid());
  return name;
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target)
      : target_(target), path_(temporary_beside(target)), file_(std::fopen(path_.c_str(), "wb")) {
    if (file_ == nullptr) cannot_write(target_, errno);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_ != nullptr) std::fclose(file_);
    if (!kept_) ::unlink(path_.c_str());
  }

  std::FILE* file() const { return file_; }

  void keep() {
    errno = 0;
    const bool failed = std::ferror(file_) != 0;
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (failed || !closed) cannot_write(target_, errno != 0 ? errno : EIO);
    if (std::rename(path_.c_str(), target_.c_str()) != 0) cannot_write(target_, errno);
    kept_ = true;
  }

 private:
  fs::path target_, path_;
  std::FILE* file_;
  bool kept_ = false;
};

}  // namespace

void write_file(const fs::path& path, const std::function<void(std::FILE*)>& write) {
  TemporaryFile temporary(path);
  write(temporary.file());
  temporary.keep();
}

void write_text(const fs::path& path, std::string_view text) {
  write_file(path, [&](std::FILE* file) { std::fwrite(text.data(), 1, text.size(), file); });
}

void make_output_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error && !fs::is_directory(directory)) error = std::make_error_code(std::errc::not_a_directory);
  if (error) {
    throw std::runtime_error(
        fmt::format("cannot create the directory {}: {}", directory.string(), error.message()));
  }
  std::string probe = (directory / ".writable.XXXXXX").string();
  const int descriptor = ::mkstemp(probe.data());
  if (descriptor < 0) {
    throw std::runtime_error(
        fmt::format("cannot write to the directory {}: {}", directory.string(), std::strerror(errno)));
  }
  ::close(descriptor);
  ::unlink(probe.c_str());
}

}  // namespace tapir::examples
