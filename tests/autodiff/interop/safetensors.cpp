// safetensors files, whole and damaged.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/interop/safetensors.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "damage.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

std::string safetensors(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  for (std::size_t i = 0; i < length.size(); ++i)
    length[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return length + header + data;
}

struct File {
  TemporaryFolder folder;
  std::filesystem::path path = folder / "w.safetensors";

  Safetensors load(const std::string& bytes) const { return load_safetensors(with_content(path, bytes)); }
  std::string complaint_about(const std::string& header, const std::string& data = {}) const {
    return complaint(path, "load_safetensors", [&] { load(safetensors(header, data)); });
  }
};

void check_equal(const Safetensors& a, const Safetensors& b) {
  CHECK(a.metadata == b.metadata);
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (auto in_a = a.tensors.begin(), in_b = b.tensors.begin(); in_a != a.tensors.end(); ++in_a, ++in_b) {
    CHECK(in_a->first == in_b->first);
    CHECK(identical(in_a->second, in_b->second));
  }
}

Safetensors example() {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  return {{{"encode/hidden/weight", Tensor({2, 3}, {1.0F, nan, -0.0F, 4.0F, 5.0F, 6.0F})},
           {"adam/step", Tensor(Index{7})},
           {"scale", Tensor(0.1)},
           {"nothing", Tensor(Type{f32, {0, 4}})},
           {"also nothing", Tensor(Type{f64, {0}})}},
          {{"format", "pt"}, {"seed", "0"}}};
}

}  // namespace

TEST_CASE("safetensors: what is saved is loaded bit for bit") {
  const File file;
  const std::vector<Safetensors> contents{
      example(),
      {},
      {{}, {{"only", "metadata"}}},
      {{{"rank 0", Tensor(1.5F)}}, {}},
      {{{"", Tensor(Type{i64, Shape::ones(Shape::max_rank)})}}, {{"", ""}}},
  };
  for (const Safetensors& content : contents) {
    save_safetensors(file.path, content);
    check_equal(load_safetensors(file.path), content);
  }
  CHECK(file.folder.files() == 1);
}

TEST_CASE("safetensors: names and texts may hold any character") {
  const File file;
  std::string odd =
      "quote\" backslash\\ slash/ \b\f\n\r\t \x01\x1f\x7f \xc3\xa4 \xe2\x82\xac \xf0\x9f\xa6\x99";
  odd += '\0';
  const Safetensors content{{{odd, Tensor(1.0)}}, {{odd, odd}}};
  save_safetensors(file.path, content);
  check_equal(load_safetensors(file.path), content);

  const auto escaped = file.load(
      safetensors(R"({"__metadata__":{"a":"\"\\\/\b\f\n\r\t\u0000\u00e4\u20AC\ud83e\udd99"}})", ""));
  CHECK(escaped.metadata.at("a") == std::string("\"\\/\b\f\n\r\t\0\xc3\xa4\xe2\x82\xac\xf0\x9f\xa6\x99", 18));
}

TEST_CASE("safetensors: the file is the one that the format describes, wider elements first") {
  const File file;
  save_safetensors(file.path,
                   {{{"b", Tensor({2}, {1.0F, 2.0F})}, {"c", Tensor(Index{3})}, {"a", Tensor({1, 1}, {4.0})}},
                    {{"k", "v"}}});
  std::string header = R"({"__metadata__":{"k":"v"},"c":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                       R"("a":{"dtype":"F64","shape":[1,1],"data_offsets":[8,16]},)"
                       R"("b":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}})";
  while (header.size() % 8 != 0) header += ' ';
  const std::string data("\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\x40\0\0\x80\x3f\0\0\0\x40", 24);
  CHECK(content_of(file.path) == safetensors(header, data));
}

TEST_CASE("safetensors: entries may come in any order, with any white space") {
  const File file;
  const auto content = file.load(safetensors(
      " { \"b\" : { \"shape\" : [ 1 ] ,\n \"data_offsets\" : [ 4 , 8 ] , \"dtype\" : \"F32\" } ,\t"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}  ",
      std::string("\0\0\x80\x3f\0\0\0\x40", 8)));
  CHECK(identical(content.tensors.at("a"), Tensor(1.0F)));
  CHECK(identical(content.tensors.at("b"), Tensor({1}, {2.0F})));
}

TEST_CASE("safetensors: a file that cannot be loaded is one clear error") {
  const File file;
  const auto entry = [](const std::string& name, const std::string& dtype, const std::string& shape,
                        const std::string& offsets) {
    return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
           offsets + "}";
  };
  const auto one = [&](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "{" + entry("w", dtype, shape, offsets) + "}";
  };
  const auto two = [&](const std::string& first, const std::string& second) {
    return "{" + entry("a", "F32", "[2]", first) + "," + entry("b", "F32", "[2]", second) + "}";
  };
  const std::string data(16, '\0');
  const std::string malformed = "malformed header: ";
  struct Row {
    std::string header, complaint;
  };
  const std::vector<Row> rows{
      {one("F32", "[2,3]", "[0,16]"), R"(tensor "w": f32[2,3] takes 24 bytes, data_offsets [0,16] give 16)"},
      {one("BF16", "[8]", "[0,16]"),
       R"(tensor "w": elements of type "BF16" are not supported; F32, F64, I64 are)"},
      {one("F32", "[2]", "[8,0]"), R"(tensor "w": data_offsets [8,0] are in the wrong order)"},
      {one("F32", "[4]", "[0,16,32]"), R"(tensor "w": "data_offsets" are two numbers)"},
      {one("F64", "[4]", "[0,32]"),
       R"(tensor "w": its data [0,32) reach beyond the 16 bytes of the file's data)"},
      {one("F32", "[2]", "[0,8]"), "8 bytes follow the data of the last tensor"},
      {one("F32", "[2]", "[8,16]"),
       R"(tensor "w": its data [8,16) leave a gap behind those of the others, which end at 0)"},
      {one("F32", "[4611686018427387904,4]", "[0,16]"),
       "[4611686018427387904,4] has more elements than memory can hold"},
      {one("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,4]", "[0,16]"),
       "it holds an array of 13 axes, a tensor has at most 12"},
      {two("[0,8]", "[4,12]"),
       R"(tensor "b": its data [4,12) overlap those of another tensor, which end at 8)"},
      {two("[0,8]", "[0,8]"),
       R"(tensor "b": its data [0,8) overlap those of another tensor, which end at 8)"},
      {"{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("a", "F32", "[2]", "[8,16]") + "}",
       R"(the name "a" occurs twice)"},
      {"{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("\\u0061", "F32", "[2]", "[8,16]") + "}",
       R"(the name "a" occurs twice)"},
      {R"({"__metadata__":{},"__metadata__":{}})", R"(the name "__metadata__" occurs twice)"},
      {R"({"__metadata__":{"k":"1","k":"2"}})", R"(the metadata "k" occurs twice)"},
      {R"({"__metadata__":{"k":1}})", malformed + "'\"' is needed, at character 21"},
      {R"({"w":{"dtype":"F32","dtype":"F32"}})", R"(tensor "w": "dtype" occurs twice)"},
      {R"({"w":{"dtype":"F32","shape":[4]}})",
       R"(tensor "w": "dtype", "shape" and "data_offsets" are needed)"},
      {R"({"w":{"dtype":"F32","strides":[4]}})", R"(tensor "w": the entry "strides" is unknown)"},
      {one("F32", "[-4]", "[0,16]"), malformed + "a number is needed, at character 29"},
      {one("F32", "[4.0]", "[0,16]"), malformed + "']' is needed, at character 30"},
      {one("F32", "[04]", "[0,16]"), malformed + "a number starts with 0, at character 31"},
      {one("F32", "[4,]", "[0,16]"), malformed + "a number is needed, at character 31"},
      {one("F32", "[99999999999999999999]", "[0,16]"), malformed + "a number is too large, at character 47"},
      {R"({"w":{}},)", R"(tensor "w": "dtype", "shape" and "data_offsets" are needed)"},
      {"{},", malformed + "something follows the JSON object, at character 2"},
      {"[]", malformed + "'{' is needed, at character 0"},
      {"", malformed + "'{' is needed, at character 0"},
      {"{\"w", malformed + "it ends too early, at character 3"},
      {R"({"\x":{}})", malformed + "a string holds an unknown escape, at character 4"},
      {R"({"\u00g0":{}})", malformed + "\\u needs four hexadecimal digits, at character 7"},
      {R"({"\ud800":{}})", malformed + "half a surrogate pair, at character 9"},
      {R"({"\ud800\u0041":{}})", malformed + "half a surrogate pair, at character 14"},
      {R"({"\udc00":{}})", malformed + "half a surrogate pair, at character 8"},
      {"{\"\n\":{}}", malformed + "a string holds a control character, at character 3"},
      {"{\"\xff\":{}}", malformed + "a string is not UTF-8, at character 4"},
      {"{\"\xc0\x80\":{}}", malformed + "a string is not UTF-8, at character 5"},
      {"{\"\xed\xa0\x80\":{}}", malformed + "a string is not UTF-8, at character 6"},
      {"{\"\xf4\x90\x80\x80\":{}}", malformed + "a string is not UTF-8, at character 7"},
  };
  for (const Row& row : rows) CHECK(file.complaint_about(row.header, data) == row.complaint);
}

TEST_CASE("safetensors: a foreign or truncated file is refused without memory for what it promises") {
  const File file;
  const auto about = [&](const std::string& bytes) {
    return complaint(file.path, "load_safetensors", [&] { file.load(bytes); });
  };
  CHECK(about("") == "truncated: the length of the header takes 8 bytes, the file has 0 left");
  CHECK(about("\x7f"
              "ELF, a program") == "not a safetensors file: its header would take 2333181456484681087 bytes");
  CHECK(about(std::string("\xff\xe0\xf5\x05\0\0\0\0{}", 10)) ==
        "truncated: the header takes 99999999 bytes, the file has 2 left");
  CHECK(about(std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10)) ==
        "not a safetensors file: its header would take 18446744073709551615 bytes");
  CHECK(complaint(file.folder / "missing", "load_safetensors", [&] {
          load_safetensors(file.folder / "missing");
        }) == "cannot be read: No such file or directory");
}

TEST_CASE("safetensors: damage anywhere is refused or loads, and never does anything else") {
  const File file;
  save_safetensors(file.path, example());
  check_damage(content_of(file.path), file.folder / "damaged.safetensors",
               [](const std::filesystem::path& path) { load_safetensors(path); });
}

TEST_CASE("safetensors: a write that fails leaves the file as it was and nothing beside it") {
  const File file;
  save_safetensors(file.path, example());
  const std::string before = content_of(file.path);
  const auto save = [&](const Safetensors& content) {
    return complaint(file.path, "save_safetensors", [&] { save_safetensors(file.path, content); });
  };
  CHECK(save({{{"__metadata__", Tensor(1.0)}}, {}}) == R"(the name "__metadata__" is reserved)");
  CHECK(save({{{"a\xff", Tensor(1.0)}}, {}}) == "a name or text is not UTF-8: \"a\xff\"");
  CHECK(save({{}, {{"key", "\x80"}}}) == "a name or text is not UTF-8: \"\x80\"");
  CHECK(content_of(file.path) == before);
  CHECK(file.folder.files() == 1);

  const auto nowhere = file.folder / "none/w.safetensors";
  CHECK(complaint(nowhere, "save_safetensors", [&] { save_safetensors(nowhere, example()); }) ==
        "cannot be written: No such file or directory");
  const auto occupied = file.folder / "folder";
  std::filesystem::create_directory(occupied);
  CHECK(complaint(occupied, "save_safetensors", [&] { save_safetensors(occupied, example()); }) ==
        "cannot be written: it is not a regular file");
}

TEST_CASE("safetensors: an existing file is replaced behind its links, and keeps its permissions") {
  namespace fs = std::filesystem;
  const File file;
  const fs::path link = file.folder / "latest";
  save_safetensors(file.path, {});
  fs::permissions(file.path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink(file.path, link);
  save_safetensors(link, example());
  CHECK(fs::is_symlink(link));
  check_equal(load_safetensors(file.path), example());
  CHECK(fs::status(file.path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}
