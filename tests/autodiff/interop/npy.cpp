// .npy files, whole and damaged.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/interop/npy.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "damage.hpp"

using namespace tapir;
using namespace tapir::test;

namespace {

template <class T>
std::string bytes_of(const std::vector<T>& elements) {
  return {reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T)};
}

std::string npy(const std::string& dictionary, const std::string& data, int version = 1) {
  const std::string header = dictionary + "\n";
  std::string length(version == 1 ? 2 : 4, '\0');
  for (std::size_t i = 0; i < length.size(); ++i)
    length[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return "\x93NUMPY" + std::string{static_cast<char>(version), '\0'} + length + header + data;
}

std::string dictionary(const std::string& descr, const std::string& shape, bool fortran_order = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran_order ? "True" : "False") +
         ", 'shape': " + shape + ", }";
}

struct File {
  TemporaryFolder folder;
  std::filesystem::path path = folder / "x.npy";

  Tensor load(const std::string& bytes) const { return load_npy(with_content(path, bytes)); }
  std::string complaint_about(const std::string& bytes) const {
    return complaint(path, "load_npy", [&] { load(bytes); });
  }
};

}  // namespace

TEST_CASE("npy: what is saved is loaded bit for bit") {
  const File file;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Tensor> tensors{
      Tensor(1.5F),
      Tensor({2}, {nan, -0.0}),
      Tensor({2, 3}, {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}),
      Tensor({2}, {std::numeric_limits<Index>::min(), std::numeric_limits<Index>::max()}),
      Tensor(Type{f32, {0}}),
      Tensor(Type{i64, {3, 0, 2}}),
      Tensor(Type{f64, Shape::ones(Shape::max_rank)}),
  };
  for (const Tensor& tensor : tensors) {
    CAPTURE(tensor.str());
    save_npy(file.path, tensor);
    CHECK(identical(load_npy(file.path), tensor));
  }
  CHECK(file.folder.files() == 1);
}

TEST_CASE("npy: the file is the one that NumPy describes") {
  const File file;
  save_npy(file.path, Tensor({3}, {1.0F, 2.0F, 3.0F}));
  const std::string bytes = content_of(file.path);
  CHECK(bytes.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  CHECK(bytes.find("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }") == 10);
  CHECK(bytes.size() == 128 + 12);
  CHECK(bytes[127] == '\n');

  save_npy(file.path, Tensor(Type{i64, {2, 3}}));
  CHECK(content_of(file.path).find("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }") == 10);
  save_npy(file.path, Tensor(1.0));
  CHECK(content_of(file.path).find("{'descr': '<f8', 'fortran_order': False, 'shape': (), }") == 10);
}

TEST_CASE("npy: versions 1 to 3, and what Python writes in other ways") {
  const File file;
  const std::string data = bytes_of<float>({1.0F, 2.0F});
  const Tensor expected({1, 2}, {1.0F, 2.0F});
  for (int version : {1, 2, 3})
    CHECK(identical(file.load(npy(dictionary("<f4", "(1, 2)"), data, version)), expected));
  CHECK(identical(file.load(npy("{'descr':'<f4','fortran_order':False,'shape':(1,2)}", data)), expected));
  CHECK(
      identical(file.load(npy(R"( { "shape" : (1L, 2L,), "fortran_order": False, "descr": "<f4" } )", data)),
                expected));
}

TEST_CASE("npy: column-major arrays are transposed") {
  const File file;
  const Tensor matrix =
      file.load(npy(dictionary("<f8", "(2, 3)", true), bytes_of<double>({1, 4, 2, 5, 3, 6})));
  CHECK(identical(matrix, Tensor({2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0})));

  std::vector<Index> stored;
  for (Index k = 0; k < 4; ++k)
    for (Index j = 0; j < 3; ++j)
      for (Index i = 0; i < 2; ++i) stored.push_back((i * 3 + j) * 4 + k);
  CHECK(identical(file.load(npy(dictionary("<i8", "(2, 3, 4)", true), bytes_of(stored))),
                  Tensor::iota(i64, 24).reshaped({2, 3, 4})));
  CHECK(file.load(npy(dictionary("<f4", "(2, 0)", true), "")).type() == Type{f32, {2, 0}});
  CHECK(identical(file.load(npy(dictionary("<f4", "()", true), bytes_of<float>({3}))), Tensor(3.0F)));
}

TEST_CASE("npy: integers of every width and bool become i64") {
  const File file;
  const auto check = [&](const std::string& descr, const auto& stored, const std::vector<Index>& expected) {
    CAPTURE(descr);
    const auto count = std::to_string(stored.size());
    CHECK(identical(file.load(npy(dictionary(descr, "(" + count + ",)"), bytes_of(stored))),
                    Tensor({static_cast<Index>(stored.size())}, std::span<const Index>(expected))));
  };
  check("|u1", std::vector<std::uint8_t>{0, 255}, {0, 255});
  check("|i1", std::vector<std::int8_t>{-128, 127}, {-128, 127});
  check("<u2", std::vector<std::uint16_t>{1, 65535}, {1, 65535});
  check("<i2", std::vector<std::int16_t>{-2, 3}, {-2, 3});
  check("<u4", std::vector<std::uint32_t>{1, 4294967295U}, {1, 4294967295});
  check("<i4", std::vector<std::int32_t>{-2, 3}, {-2, 3});
  check("<u8", std::vector<std::uint64_t>{1, 2}, {1, 2});
  check("|b1", std::vector<std::uint8_t>{0, 1, 1}, {0, 1, 1});
  CHECK(file.complaint_about(npy(dictionary("<u8", "(1,)"), bytes_of<std::uint64_t>({1ULL << 63}))) ==
        "the element 9223372036854775808 does not fit into i64");
}

TEST_CASE("npy: a file that cannot be loaded is one clear error") {
  const File file;
  const std::string data = bytes_of<float>({1.0F, 2.0F});
  const std::string good = npy(dictionary("<f4", "(2,)"), data);
  struct Row {
    std::string bytes, complaint;
  };
  const auto row = [&](const std::string& text, const std::string& complaint) {
    return Row{npy(text, data), complaint};
  };
  const std::vector<Row> rows{
      {"", "not an .npy file"},
      {"PK\x03\x04 an archive", "not an .npy file"},
      {good.substr(0, 6), "truncated: the version takes 1 bytes, the file has 0 left"},
      {good.substr(0, 40), "truncated: the header takes 58 bytes, the file has 30 left"},
      {good.substr(0, good.size() - 3), "truncated: the data takes 8 bytes, the file has 5 left"},
      {good + "abc", "3 bytes follow the data of f32[2]"},
      {"\x93NUMPY\x04" + good.substr(7), "version 4.0 of the format is not supported; 1.0, 2.0 and 3.0 are"},
      {npy(dictionary("<f4", "(1000000000, 1000000000)"), data),
       "truncated: the data takes 4000000000000000000 bytes, the file has 8 left"},
      row(dictionary(">f4", "(2,)"), "elements of type '>f4' are big-endian"),
      row(dictionary("<f2", "(4,)"),
          "elements of type '<f2' are not supported; float32, float64, bool and integers are"),
      row(dictionary("<c8", "(1,)"),
          "elements of type '<c8' are not supported; float32, float64, bool and integers are"),
      row(dictionary("|O", "(1,)"),
          "elements of type '|O' are not supported; float32, float64, bool and integers are"),
      row(dictionary("|f4", "(2,)"),
          "elements of type '|f4' are not supported; float32, float64, bool and integers are"),
      row("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
          "structured elements are not supported"),
      row(dictionary("<f4", "(1,1,1,1,1,1,1,1,1,1,1,1,2)"),
          "it holds an array of 13 axes, a tensor has at most 12"),
      row(dictionary("<f4", "(9000000000000000000, 2)"),
          "[9000000000000000000,2] has more elements than memory can hold"),
      row(dictionary("<f4", "(90000000000000000000,)"),
          "malformed header: a number is too large, at character 70"),
      row(dictionary("<f4", "(-2,)"), "malformed header: a number is needed, at character 51"),
      row(dictionary("<f4", "(2)"),
          "malformed header: ',' is needed: a tuple of one number, at character 52"),
      row(dictionary("<f4", "2"), "malformed header: '(' is needed, at character 50"),
      row("{'descr': '<f4', 'shape': (2,)}",
          "malformed header: 'descr', 'fortran_order' and 'shape' are needed, at character 32"),
      row("{'descr': '<f4', 'descr': '<f4'}", "malformed header: 'descr' occurs twice, at character 25"),
      row("{'descr': '<f4', 'order': 1}", "malformed header: the entry 'order' is unknown, at character 25"),
      row("{'fortran_order': 1}", "malformed header: True or False is needed, at character 18"),
      row(dictionary("<f4", "(2,)") + " 1",
          "malformed header: something follows the dictionary, at character 58"),
      row("{'descr': '<f4", "malformed header: it ends too early, at character 15"),
      row("{descr: '<f4'}", "malformed header: a string is needed, at character 1"),
  };
  for (const Row& each : rows) CHECK(file.complaint_about(each.bytes) == each.complaint);
}

TEST_CASE("npy: a length that promises gigabytes is refused without memory for it") {
  const File file;
  CHECK(file.complaint_about(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff{", 13)) ==
        "truncated: the header takes 4294967295 bytes, the file has 1 left");
}

TEST_CASE("npy: damage anywhere is refused or loads, and never does anything else") {
  const File file;
  const auto load = [](const std::filesystem::path& path) { load_npy(path); };
  save_npy(file.path, Tensor({2, 2}, {1.0F, 2.0F, 3.0F, 4.0F}));
  check_damage(content_of(file.path), file.folder / "damaged.npy", load);
  check_damage(npy(dictionary("<u2", "(2, 3)", true), bytes_of<std::uint16_t>({1, 2, 3, 4, 5, 6}), 2),
               file.folder / "damaged.npy", load);
}

TEST_CASE("npy: files that are not there or cannot be there are errors, with the caller's line") {
  const TemporaryFolder folder;
  const auto load = [&](const std::string& name) {
    return complaint(folder / name, "load_npy", [&] { load_npy(folder / name); });
  };
  CHECK(load("missing.npy") == "cannot be read: No such file or directory");
  CHECK(load("") == "cannot be read: it is not a regular file");
  CHECK(complaint(folder / "none/x.npy", "save_npy", [&] { save_npy(folder / "none/x.npy", Tensor(1.0)); }) ==
        "cannot be written: No such file or directory");
  CHECK(complaint(folder / "", "save_npy", [&] { save_npy(folder / "", Tensor(1.0)); }) ==
        "cannot be written: it is not a regular file");
  CHECK_THROWS_WITH_AS(load_npy("missing.npy", {"src/model.cpp", 41}),
                       "[load_npy] missing.npy: cannot be read: No such file or directory (at model.cpp:41)",
                       Error);
}
