// IDX files: what is read, and one message per way a file can be wrong.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/idx.hpp"

#include <doctest/doctest.h>

#include "idx_files.hpp"
#include "temporary.hpp"

namespace tapir::examples {
namespace {

using testing::gzipped;
using testing::image_file;
using testing::label_file;
using testing::message_of;
using testing::payload;
using testing::TemporaryDirectory;
using testing::words;

/// The message for images in a file of these bytes, without the directory.
std::string image_error(const std::string& bytes) {
  const TemporaryDirectory directory;
  const auto file = directory.write("f", bytes);
  const std::string message = message_of([&] { read_idx_images(file); });
  const std::string prefix = directory.path().string() + "/";
  CHECK(message.starts_with(prefix));
  CHECK(message.find('\n') == message.npos);
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

TEST_CASE("idx: images and labels are the file's bytes, gzipped or not") {
  const TemporaryDirectory directory;
  const std::string bytes = image_file(5);
  for (const std::string& stored : {bytes, gzipped(bytes)}) {
    const Images images = read_idx_images(directory.write("images", stored));
    REQUIRE(images.shape(0) == 5);
    REQUIRE(images.shape(1) == 28);
    REQUIRE(images.shape(2) == 28);
    CHECK(std::equal(images.begin(), images.end(), reinterpret_cast<const std::uint8_t*>(bytes.data()) + 16));
  }
  const Labels labels = read_idx_labels(directory.write("labels", gzipped(label_file(4))));
  REQUIRE(labels.size() == 4);
  CHECK(labels(3) == 3);
}

TEST_CASE("idx: other sizes are read when they are asked for") {
  const TemporaryDirectory directory;
  const auto file = directory.write("f", words({0x803, 2, 3, 4}) + payload(24));
  CHECK(read_idx_images(file, {3, 4}).size() == 24);
}

TEST_CASE("idx: a wrong magic number is named with the right one") {
  CHECK(image_error(label_file(30)) == "f: magic number 0x00000801, but IDX images start with 0x00000803");
  CHECK(image_error(gzipped(label_file(30))) ==
        "f: magic number 0x00000801, but IDX images start with 0x00000803");
  const TemporaryDirectory directory;
  const auto file = directory.write("f", image_file(1));
  CHECK(message_of([&] { read_idx_labels(file); }) ==
        file.string() + ": magic number 0x00000803, but IDX labels start with 0x00000801");
}

TEST_CASE("idx: images of another size are refused") {
  CHECK(image_error(words({0x803, 2, 32, 30}) + payload(1920)) ==
        "f: holds images of 32x30, but 28x28 are needed");
}

TEST_CASE("idx: a truncated file says how much is there") {
  const std::string bytes = image_file(3);
  CHECK(image_error(bytes.substr(0, bytes.size() - 1)) ==
        "f: truncated: 2367 of the 2368 bytes that its header promises");
  CHECK(image_error(bytes.substr(0, 9)) == "f: truncated: 9 of the 16 bytes that its header promises");
  CHECK(image_error("") == "f: truncated: 0 of the 16 bytes that its header promises");
}

TEST_CASE("idx: truncated gzip data says so") {
  const std::string packed = gzipped(image_file(50));
  const std::string half = image_error(packed.substr(0, packed.size() / 2));
  CHECK(half.starts_with("f: truncated gzip data: "));
  CHECK(half.ends_with(" of the 39216 bytes that its header promises"));
  SUBCASE("even if only the checksum at its end is missing") {
    CHECK(image_error(packed.substr(0, packed.size() - 5)) ==
          "f: truncated gzip data: 39216 of the 39216 bytes that its header promises");
  }
  SUBCASE("and a whole gzip file with too few bytes in it too") {
    CHECK(image_error(gzipped(image_file(3).substr(0, 2000))) ==
          "f: truncated gzip data: 2000 of the 2368 bytes that its header promises");
  }
}

TEST_CASE("idx: corrupt gzip data says so, by block or by checksum") {
  std::string packed = gzipped(image_file(50));
  SUBCASE("in the middle") {
    for (std::size_t i = 60; i < 90; ++i) packed[i] = static_cast<char>(~packed[i]);
    CHECK(image_error(packed).starts_with("f: corrupt gzip data: "));
  }
  SUBCASE("in the checksum") {
    packed[packed.size() - 8] = static_cast<char>(packed[packed.size() - 8] ^ 1);
    CHECK(image_error(packed) == "f: corrupt gzip data: incorrect data check");
  }
}

TEST_CASE("idx: trailing bytes are refused") {
  const std::string bytes = image_file(2) + "x";
  CHECK(image_error(bytes) == "f: trailing bytes after the 1584 that its header promises");
  CHECK(image_error(gzipped(bytes)) == "f: trailing bytes after the 1584 that its header promises");
}

TEST_CASE("idx: no images, or absurdly many, are refused before memory is asked for") {
  CHECK(image_error(image_file(0)) == "f: holds no images");
  CHECK(image_error(words({0x803, 0xFFFFFFFF, 28, 28})) ==
        "f: its header promises 4294967295 images of 28x28, more than 4 GiB");
}

TEST_CASE("idx: a missing directory, a file in its place, and missing files are told apart") {
  const TemporaryDirectory directory;
  const std::string path = directory.path().string();
  CHECK(message_of([&] { read_idx_pair(path + "/none", "train"); }) ==
        "the data directory " + path + "/none does not exist");
  directory.write("file", "");
  CHECK(message_of([&] { read_idx_pair(path + "/file", "train"); }) == path + "/file is not a directory");
  CHECK(message_of([&] { read_idx_pair(path, "train"); }) ==
        path + " holds neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz");
  directory.write("train-images-idx3-ubyte", image_file(1));
  CHECK(message_of([&] { read_idx_pair(path, "train"); }) ==
        path + " holds neither train-labels-idx1-ubyte nor train-labels-idx1-ubyte.gz");
  CHECK(message_of([&] { read_idx_images(path + "/none"); }) ==
        path + "/none: cannot be opened: No such file or directory");
  CHECK(message_of([&] { read_idx_images(path); }) == path + ": cannot be read: Is a directory");
}

TEST_CASE("idx: counts of images and labels must agree") {
  const TemporaryDirectory directory;
  directory.write("train-images-idx3-ubyte.gz", gzipped(image_file(5)));
  directory.write("train-labels-idx1-ubyte", label_file(4));
  CHECK(message_of([&] { read_idx_pair(directory.path(), "train"); }) ==
        directory.path().string() +
            ": train-images-idx3-ubyte.gz holds 5 images, but train-labels-idx1-ubyte 4 labels");
  directory.write("train-labels-idx1-ubyte", label_file(5));
  CHECK(read_idx_pair(directory.path(), "train").size() == 5);
}

}  // namespace
}  // namespace tapir::examples
