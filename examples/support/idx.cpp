// Reading IDX files: a checked header, then one block of bytes.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/idx.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <zlib.h>

namespace tapir::examples {
namespace {

namespace fs = std::filesystem;
using std::size_t;

constexpr std::uint32_t images_magic = 0x0803, labels_magic = 0x0801;
constexpr size_t largest = size_t{1} << 32U;  // a header that promises more is taken for garbage

/// A file of bytes, gunzipped on the way if it is gzipped.
class ByteReader {
 public:
  explicit ByteReader(const fs::path& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (file_ == nullptr) fail(fmt::format("cannot be opened: {}", std::strerror(errno)));
    gzbuffer(file_.get(), 1U << 17U);
  }

  [[noreturn]] void fail(std::string_view what) const {
    throw std::runtime_error(fmt::format("{}: {}", path_.string(), what));
  }

  /// Fills `bytes`, which lie within the `promised` bytes of the whole file.
  void read(std::span<std::uint8_t> bytes, size_t promised) {
    while (!bytes.empty()) {
      const size_t got = read_some(bytes);
      if (got == 0) truncated(promised);
      bytes = bytes.subspan(got);
    }
  }

  /// The end of a gzip stream carries its checksum: it counts only once the end has been read.
  void expect_end(size_t promised) {
    std::uint8_t extra = 0;
    if (read_some({&extra, 1}) != 0)
      fail(fmt::format("trailing bytes after the {} that its header promises", promised));
    if (error_code() == Z_BUF_ERROR) truncated(promised);
  }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose_r(file); }
  };

  int error_code() const {
    int code = Z_OK;
    gzerror(file_.get(), &code);
    return code;
  }

  size_t read_some(std::span<std::uint8_t> bytes) {
    const auto chunk = static_cast<unsigned>(std::min(bytes.size(), size_t{1} << 24U));
    const int got = gzread(file_.get(), bytes.data(), chunk);
    if (got < 0) broken();
    position_ += static_cast<size_t>(got);
    return static_cast<size_t>(got);
  }

  [[noreturn]] void broken() const {
    const int system_error = errno;
    int code = Z_OK;
    std::string_view message = gzerror(file_.get(), &code);
    if (code == Z_ERRNO) fail(fmt::format("cannot be read: {}", std::strerror(system_error)));
    if (const auto colon = message.rfind(": "); colon != message.npos) message.remove_prefix(colon + 2);
    fail(fmt::format("corrupt gzip data: {}", message));
  }

  [[noreturn]] void truncated(size_t promised) const {
    const bool plain = gzdirect(file_.get()) != 0;
    fail(fmt::format("truncated{}: {} of the {} bytes that its header promises", plain ? "" : " gzip data",
                     position_, promised));
  }

  fs::path path_;
  std::unique_ptr<gzFile_s, Close> file_;
  size_t position_ = 0;
};

std::uint32_t big_endian(std::span<const std::uint8_t, 4> bytes) {
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U | std::uint32_t{bytes[2]} << 8U |
         bytes[3];
}

struct Kind {
  std::uint32_t magic;
  std::string_view things;
};

/// Magic number, then `Rank` extents, each of four bytes.
template <size_t Rank>
std::array<size_t, Rank> read_header(ByteReader& reader, Kind kind) {
  std::array<std::uint8_t, 4> word{};
  const auto next = [&] {
    reader.read(word, 4 + 4 * Rank);
    return big_endian(word);
  };
  if (const std::uint32_t magic = next(); magic != kind.magic) {
    reader.fail(
        fmt::format("magic number 0x{:08x}, but IDX {} start with 0x{:08x}", magic, kind.things, kind.magic));
  }
  std::array<size_t, Rank> extents{};
  for (size_t& extent : extents) extent = next();
  if (extents[0] == 0) reader.fail(fmt::format("holds no {}", kind.things));
  return extents;
}

template <size_t Rank>
void read_payload(ByteReader& reader, xt::xtensor<std::uint8_t, Rank>& array) {
  const size_t promised = 4 + 4 * Rank + array.size();
  reader.read({array.data(), array.size()}, promised);
  reader.expect_end(promised);
}

fs::path find_file(const fs::path& directory, const std::string& name) {
  for (const char* ending : {"", ".gz"}) {
    fs::path file = directory / (name + ending);
    if (fs::exists(file)) return file;
  }
  throw std::runtime_error(fmt::format("{} holds neither {} nor {}.gz", directory.string(), name, name));
}

}  // namespace

Images read_idx_images(const fs::path& file, ImageSize size) {
  ByteReader reader(file);
  const auto [count, rows, columns] = read_header<3>(reader, {images_magic, "images"});
  if (ImageSize{rows, columns} != size) {
    reader.fail(
        fmt::format("holds images of {}x{}, but {}x{} are needed", rows, columns, size.rows, size.columns));
  }
  if (count > largest / (rows * columns)) {
    reader.fail(fmt::format("its header promises {} images of {}x{}, more than 4 GiB", count, rows, columns));
  }
  Images images({count, rows, columns});
  read_payload(reader, images);
  return images;
}

Labels read_idx_labels(const fs::path& file) {
  ByteReader reader(file);
  const auto [count] = read_header<1>(reader, {labels_magic, "labels"});
  Labels labels = Labels::from_shape({count});  // Labels({count}) would hold one label: count
  read_payload(reader, labels);
  return labels;
}

LabelledImages read_idx_pair(const fs::path& directory, const std::string& name, ImageSize size) {
  if (!fs::exists(directory)) {
    throw std::runtime_error(fmt::format("the data directory {} does not exist", directory.string()));
  }
  if (!fs::is_directory(directory))
    throw std::runtime_error(fmt::format("{} is not a directory", directory.string()));
  const fs::path images_file = find_file(directory, name + "-images-idx3-ubyte");
  const fs::path labels_file = find_file(directory, name + "-labels-idx1-ubyte");
  LabelledImages pair{read_idx_images(images_file, size), read_idx_labels(labels_file)};
  if (pair.images.shape(0) != pair.labels.size()) {
    throw std::runtime_error(fmt::format("{}: {} holds {} images, but {} {} labels", directory.string(),
                                         images_file.filename().string(), pair.images.shape(0),
                                         labels_file.filename().string(), pair.labels.size()));
  }
  return pair;
}

}  // namespace tapir::examples
