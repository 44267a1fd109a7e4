// Files are written whole or not at all.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/interop/files.hpp>

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "damage.hpp"

using namespace tapir;
using namespace tapir::test;

TEST_CASE("write_file: the target changes only when everything is written") {
  const TemporaryFolder folder;
  const FileErrors errors{"save", folder / "target", here()};
  write_file(errors, [](const FileSink& append) { append("old", 3); });
  CHECK(content_of(errors.path) == "old");

  CHECK_THROWS_AS(write_file(errors,
                             [&](const FileSink& append) {
                               append("half of the ", 12);
                               CHECK(content_of(errors.path) == "old");
                               CHECK(folder.files() == 2);
                               throw std::runtime_error("out of ideas");
                             }),
                  std::runtime_error);
  CHECK(content_of(errors.path) == "old");
  CHECK(folder.files() == 1);

  write_file(errors, [&](const FileSink& append) {
    append("new", 3);
    CHECK(content_of(errors.path) == "old");
  });
  CHECK(content_of(errors.path) == "new");
  CHECK(folder.files() == 1);
}

TEST_CASE("file reader: what is promised but not there is never allocated") {
  const TemporaryFolder folder;
  const FileErrors errors{"load", with_content(folder / "short", "abc"), here()};
  FileReader file(errors);
  CHECK(complaint(errors.path, "load", [&] { file.read_text(std::uint64_t{1} << 60, "the text"); }) ==
        "truncated: the text takes 1152921504606846976 bytes, the file has 3 left");
  CHECK(file.read_number(2, "the number") == 0x6261);
  CHECK(file.remaining() == 1);
}
