// Pictures: read back with libpng, laid out as promised, written whole or not at all.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/png.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <doctest/doctest.h>
#include <png.h>

#include "support/files.hpp"
#include "temporary.hpp"

namespace tapir::examples {
namespace {

using testing::message_of;
using testing::TemporaryDirectory;

Picture read_png(const std::filesystem::path& path) {
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&header, path.c_str()) != 0);
  CHECK(header.format == PNG_FORMAT_GRAY);
  Picture picture({header.height, header.width});
  REQUIRE(png_image_finish_read(&header, nullptr, picture.data(), 0, nullptr) != 0);
  return picture;
}

Images ramp(std::size_t count) {
  Images images({count, 28, 28});
  for (std::size_t i = 0; i < images.size(); ++i) images.data()[i] = static_cast<std::uint8_t>(i * 31 % 256);
  return images;
}

TEST_CASE("png: what is written is what is read back") {
  const TemporaryDirectory directory;
  const Picture picture = image_grid(ramp(7), {.columns = 3});
  write_png(directory.path() / "p.png", picture);
  CHECK(read_png(directory.path() / "p.png") == picture);
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
}

TEST_CASE("png: a path that cannot be written is named with the reason") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "none" / "p.png";
  CHECK(message_of([&] { write_png(path, image_grid(ramp(1))); }) ==
        "cannot write " + path.string() + ": No such file or directory");
  CHECK(message_of([&] { write_png(path, Picture{}); }) ==
        "cannot write " + path.string() + ": the picture is empty");
}

TEST_CASE("files: a write that fails leaves the old file and no other") {
  const TemporaryDirectory directory;
  const auto path = directory.write("f", "old");
  CHECK(message_of([&] {
          write_file(path, [](std::FILE* file) {
            std::fputs("half", file);
            throw std::runtime_error("interrupted");
          });
        }) == "interrupted");
  CHECK(testing::contents(path) == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
  write_text(path, "new");
  CHECK(testing::contents(path) == "new");
}

TEST_CASE("files: an output directory is made with its parents, and checked") {
  const TemporaryDirectory directory;
  make_output_directory(directory.path() / "a" / "b");
  make_output_directory(directory.path() / "a" / "b");
  CHECK(std::filesystem::is_empty(directory.path() / "a" / "b"));
  const auto file = directory.write("file", "");
  CHECK(message_of([&] { make_output_directory(file); }) ==
        "cannot create the directory " + file.string() + ": Not a directory");
  CHECK(message_of([&] { make_output_directory(file / "x"); }) ==
        "cannot create the directory " + (file / "x").string() + ": Not a directory");
}

TEST_CASE("image_grid: images row by row, with space between and around") {
  const Images images = ramp(5);
  const Picture picture = image_grid(images, {.columns = 3, .spacing = 2, .zoom = 1, .background = 9});
  REQUIRE(picture.shape(0) == 2 * 30 + 2);
  REQUIRE(picture.shape(1) == 3 * 30 + 2);
  CHECK(picture(0, 0) == 9);
  CHECK(picture(2, 2) == images(0, 0, 0));
  CHECK(picture(2 + 27, 2 + 30 + 27) == images(1, 27, 27));
  CHECK(picture(32 + 4, 32 + 6) == images(4, 4, 6));
  CHECK(picture(40, 70) == 9);
  const Picture large = image_grid(images, {.columns = 3, .zoom = 3, .background = 9});
  CHECK(large(3 * 2 + 2, 3 * 3 + 1) == images(0, 0, 1));
  CHECK(message_of([&] { image_grid(images, {.columns = 0}); }) ==
        "[image_grid] a layout needs at least one column and a zoom of at least one");
}

TEST_CASE("side_by_side: each reconstruction lies to the right of its original") {
  const Images originals = ramp(3);
  Images reconstructions = originals;
  for (std::uint8_t& pixel : reconstructions) pixel = static_cast<std::uint8_t>(255 - pixel);
  const Picture picture = side_by_side(originals, reconstructions, {.columns = 2, .spacing = 2, .zoom = 1});
  CHECK(picture(6, 6) == originals(0, 0, 0));
  CHECK(picture(6, 6 + 29) == reconstructions(0, 0, 0));
  CHECK(picture(6, 6 + 57 + 6) == originals(1, 0, 0));
  CHECK(message_of([&] { side_by_side(originals, ramp(2)); }) ==
        "[side_by_side] 3 originals of 28x28, but 2 reconstructions of 28x28");
}

TEST_CASE("to_images: floats become bytes, rounded and clamped, and NaN is black") {
  Floats values = Floats::from_shape({1, 6});
  const std::array<float, 6> given = {0.0F, 1.0F, 0.5F, -3.0F, 7.0F, std::numeric_limits<float>::quiet_NaN()};
  std::copy(given.begin(), given.end(), values.begin());
  const Images images = to_images(values, 2, 3);
  constexpr std::array<int, 6> expected = {0, 255, 128, 0, 255, 0};
  for (std::size_t i = 0; i < 6; ++i) CHECK(int{images.data()[i]} == expected[i]);
  CHECK(message_of([&] { to_images(values); }) == "[to_images] 6 values per row are not an image of 28x28");
}

}  // namespace
}  // namespace tapir::examples
