// Whole files and header texts.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/interop/files.hpp>

#include <array>
#include <bit>
#include <cerrno>
#include <random>
#include <span>
#include <system_error>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace tapir {

static_assert(std::endian::native == std::endian::little,
              "elements go to files and come from them as they lie in memory");

namespace fs = std::filesystem;

void FileErrors::raise(const std::string& what) const { throw Error(op, path.string() + ": " + what, where); }

namespace {

std::string last_system_error() { return std::error_code(errno, std::generic_category()).message(); }

// A file under a name of its own beside `target`, removed unless it was renamed to it.
class NewFile {
 public:
  NewFile(const FileErrors& errors, const fs::path& target) : errors_(errors) {
    constexpr int attempts = 8;
    std::random_device random;
    for (int i = 0; i < attempts && !file_; ++i) {
      path_ = target;
      path_ += "." + std::to_string(random()) + ".part";
      file_ = std::fopen(path_.c_str(), "wbx");
    }
    if (!file_) raise();
  }
  ~NewFile() {
    if (renamed_) return;
    if (file_) std::fclose(file_);
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void append(const void* data, std::size_t bytes) {
    if (std::fwrite(data, 1, bytes, file_) != bytes) raise();
  }

  void rename_to(const fs::path& target) {
    if (std::fflush(file_) != 0) raise();
#if __has_include(<unistd.h>)
    if (::fsync(::fileno(file_)) != 0) raise();
#endif
    const bool closed = std::fclose(file_) == 0;
    file_ = nullptr;
    if (!closed) raise();
    std::error_code code;
    if (const auto status = fs::status(target, code); fs::exists(status))
      fs::permissions(path_, status.permissions(), code);
    fs::rename(path_, target, code);
    if (code) errors_.raise("cannot be written: " + code.message());
    renamed_ = true;
  }

 private:
  [[noreturn]] void raise() const { errors_.raise("cannot be written: " + last_system_error()); }

  const FileErrors& errors_;
  fs::path path_;
  std::FILE* file_ = nullptr;
  bool renamed_ = false;
};

}  // namespace

void write_file(const FileErrors& errors, const std::function<void(const FileSink&)>& write) {
  std::error_code code;
  const auto status = fs::status(errors.path, code);
  fs::path target = errors.path;
  if (fs::exists(status)) {
    if (!fs::is_regular_file(status)) errors.raise("cannot be written: it is not a regular file");
    // A link stays a link: what it points to is replaced.
    target = fs::canonical(errors.path, code);
    if (code) errors.raise("cannot be written: " + code.message());
  }
  NewFile file(errors, target);
  write([&](const void* data, std::size_t bytes) { file.append(data, bytes); });
  file.rename_to(target);
}

FileReader::FileReader(FileErrors errors) : errors_(std::move(errors)) {
  std::error_code code;
  const auto status = fs::status(errors_.path, code);
  if (!fs::exists(status)) raise("cannot be read: " + code.message());
  if (!fs::is_regular_file(status)) raise("cannot be read: it is not a regular file");
  file_.reset(std::fopen(errors_.path.c_str(), "rb"));
  if (!file_) raise("cannot be read: " + last_system_error());
  size_ = fs::file_size(errors_.path, code);
  if (code) raise("cannot be read: " + code.message());
}

void FileReader::require(std::uint64_t bytes, std::string_view what) const {
  if (bytes > remaining())
    raise("truncated: " + std::string(what) + " takes " + std::to_string(bytes) + " bytes, the file has " +
          std::to_string(remaining()) + " left");
}

void FileReader::read(void* to, std::uint64_t bytes, std::string_view what) {
  require(bytes, what);
  if (std::fread(to, 1, bytes, file_.get()) != bytes)
    raise(std::ferror(file_.get()) ? "cannot be read: " + last_system_error()
                                   : "truncated while it was read");
  position_ += bytes;
}

std::string FileReader::read_text(std::uint64_t bytes, std::string_view what) {
  require(bytes, what);  // first: a damaged length must not ask for gigabytes
  std::string text(bytes, '\0');
  read(text.data(), bytes, what);
  return text;
}

std::uint64_t FileReader::read_number(int bytes, std::string_view what) {
  std::array<unsigned char, 8> digits{};
  read(digits.data(), static_cast<std::uint64_t>(bytes), what);
  return std::bit_cast<std::uint64_t>(digits);
}

char HeaderText::peek() {
  constexpr std::string_view white_space = " \t\n\r";
  while (position_ < text_.size() && white_space.find(text_[position_]) != std::string_view::npos)
    ++position_;
  return position_ < text_.size() ? text_[position_] : '\0';
}

bool HeaderText::at_end() {
  peek();
  return position_ == text_.size();
}

bool HeaderText::accept(char character) {
  if (at_end() || peek() != character) return false;
  ++position_;
  return true;
}

bool HeaderText::accept(std::string_view word) {
  peek();
  if (!text_.substr(position_).starts_with(word)) return false;
  position_ += word.size();
  return true;
}

void HeaderText::expect(char character) {
  if (!accept(character)) raise("'" + std::string(1, character) + "' is needed");
}

char HeaderText::take() {
  if (position_ == text_.size()) raise("it ends too early");
  return text_[position_++];
}

Index HeaderText::number() {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!is_digit(peek())) raise("a number is needed");
  const std::size_t first = position_;
  Index value = 0;
  for (; position_ < text_.size() && is_digit(text_[position_]); ++position_)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, text_[position_] - '0', &value))
      raise("a number is too large");
  if (text_[first] == '0' && position_ > first + 1) raise("a number starts with 0");
  return value;
}

void HeaderText::raise(const std::string& what) const {
  errors_.raise("malformed header: " + what + ", at character " + std::to_string(position_));
}

Shape shape_of_file(const std::vector<Index>& sizes, const FileErrors& errors) {
  if (sizes.size() > static_cast<std::size_t>(Shape::max_rank))
    errors.raise("it holds an array of " + std::to_string(sizes.size()) + " axes, a tensor has at most " +
                 std::to_string(Shape::max_rank));
  try {
    const Shape shape{std::span<const Index>(sizes)};
    static_cast<void>(shape.size());
    return shape;
  } catch (const Error& error) {
    errors.raise(error.message());
  }
}

}  // namespace tapir
