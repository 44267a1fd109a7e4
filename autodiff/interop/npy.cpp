// The .npy format: a magic string, a version, a Python dictionary of three entries, the elements.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/interop/npy.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tapir/autodiff/interop/files.hpp>

namespace tapir {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view magic = "\x93NUMPY"sv;

struct Header {
  std::string element;  // NumPy's name of the element type, such as "<f8"
  bool column_major = false;
  Shape shape;
};

std::string quoted(HeaderText& text) {
  const char quote = text.peek();
  if (quote != '\'' && quote != '"') text.raise("a string is needed");
  text.expect(quote);
  std::string result;
  for (char c = text.take(); c != quote; c = text.take()) {
    if (c == '\\') text.raise("a string holds a backslash");
    result += c;
  }
  return result;
}

std::vector<Index> sizes(HeaderText& text) {
  std::vector<Index> result;
  text.expect('(');
  while (!text.accept(')')) {
    result.push_back(text.number());
    text.accept('L');  // as Python 2 wrote long integers
    if (text.accept(',')) continue;
    if (result.size() == 1) text.raise("',' is needed: a tuple of one number");
    text.expect(')');
    break;
  }
  return result;
}

bool truth(HeaderText& text) {
  if (text.accept("True"sv)) return true;
  if (!text.accept("False"sv)) text.raise("True or False is needed");
  return false;
}

Header parse(std::string_view header, const FileErrors& errors) {
  HeaderText text(header, errors);
  std::optional<std::string> element;
  std::optional<bool> column_major;
  std::optional<std::vector<Index>> shape;
  text.expect('{');
  while (!text.accept('}')) {
    const std::string key = quoted(text);
    text.expect(':');
    const auto once = [&](const auto& value) {
      if (value) text.raise("'" + key + "' occurs twice");
    };
    if (key == "descr") {
      once(element);
      if (text.peek() == '[') errors.raise("structured elements are not supported");
      element = quoted(text);
    } else if (key == "fortran_order") {
      once(column_major);
      column_major = truth(text);
    } else if (key == "shape") {
      once(shape);
      shape = sizes(text);
    } else {
      text.raise("the entry '" + key + "' is unknown");
    }
    if (text.accept(',')) continue;
    text.expect('}');
    break;
  }
  if (!text.at_end()) text.raise("something follows the dictionary");
  if (!element || !column_major || !shape) text.raise("'descr', 'fortran_order' and 'shape' are needed");
  return {*element, *column_major, shape_of_file(*shape, errors)};
}

// Calls `f` with a value of the C++ type that NumPy's name means; false if there is none here.
template <class F>
bool with_element(std::string_view name, F&& f) {
  if (name == "f4") return f(float{}), true;
  if (name == "f8") return f(double{}), true;
  if (name == "i8") return f(std::int64_t{}), true;
  if (name == "i4") return f(std::int32_t{}), true;
  if (name == "i2") return f(std::int16_t{}), true;
  if (name == "i1") return f(std::int8_t{}), true;
  if (name == "u8") return f(std::uint64_t{}), true;
  if (name == "u4") return f(std::uint32_t{}), true;
  if (name == "u2") return f(std::uint16_t{}), true;
  if (name == "u1") return f(std::uint8_t{}), true;
  if (name == "b1") return f(bool{}), true;
  return false;
}

// `order` is '<' (little-endian), '>' (big-endian), '|' (of one byte).
void require_supported(const std::string& element, const FileErrors& errors) {
  std::size_t bytes = 0;
  const bool known =
      element.size() == 3 && with_element(element.substr(1), [&](auto x) { bytes = sizeof x; });
  const char order = known ? element[0] : '\0';
  if (order == '>' && bytes > 1) errors.raise("elements of type '" + element + "' are big-endian");
  if (order != '<' && (bytes != 1 || (order != '|' && order != '>')))
    errors.raise("elements of type '" + element +
                 "' are not supported; float32, float64, bool and integers are");
}

template <class Stored, class T>
T converted(const std::byte* from, const FileErrors& errors) {
  if constexpr (std::is_same_v<Stored, bool>) {
    return *from != std::byte{0};
  } else {
    Stored value;
    std::memcpy(&value, from, sizeof value);
    if constexpr (std::is_same_v<Stored, std::uint64_t>)
      if (value > static_cast<std::uint64_t>(std::numeric_limits<Index>::max()))
        errors.raise("the element " + std::to_string(value) + " does not fit into i64");
    return static_cast<T>(value);
  }
}

// For each element in row-major order, its place in column-major order.
class ColumnMajorPlaces {
 public:
  explicit ColumnMajorPlaces(const Shape& shape) : shape_(shape) {
    std::size_t step = 1;
    for (std::size_t axis = 0; axis < rank(); ++axis) {
      steps_[axis] = step;
      step *= size(axis);
    }
  }
  std::size_t next() {
    const std::size_t place = place_;
    for (std::size_t axis = rank(); axis-- > 0;) {
      place_ += steps_[axis];
      if (++at_[axis] < size(axis)) break;
      place_ -= steps_[axis] * size(axis);
      at_[axis] = 0;
    }
    return place;
  }

 private:
  std::size_t rank() const { return static_cast<std::size_t>(shape_.rank()); }
  std::size_t size(std::size_t axis) const { return static_cast<std::size_t>(shape_.begin()[axis]); }

  Shape shape_;
  std::array<std::size_t, Shape::max_rank> steps_{}, at_{};
  std::size_t place_ = 0;
};

template <class Stored>
Tensor load_elements(FileReader& file, const Header& header, const FileErrors& errors) {
  using T = element_for<Stored>;
  const Type type{dtype_of<T>, header.shape};
  const std::uint64_t bytes = static_cast<std::uint64_t>(header.shape.size()) * sizeof(Stored);
  file.require(bytes, "the data");
  if (bytes < file.remaining())
    errors.raise(std::to_string(file.remaining() - bytes) + " bytes follow the data of " + type.str());

  Tensor result(type);
  if (std::is_same_v<Stored, T> && !header.column_major) {
    file.read(result.mutable_data(), bytes, "the data");
    return result;
  }
  const std::string stored = file.read_text(bytes, "the data");
  const auto* from = reinterpret_cast<const std::byte*>(stored.data());
  const auto to = result.mutable_view<T>();
  ColumnMajorPlaces places(header.shape);
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = converted<Stored, T>(from + (header.column_major ? places.next() : i) * sizeof(Stored), errors);
  return result;
}

}  // namespace

Tensor load_npy(const std::filesystem::path& path, Where where) {
  const FileErrors errors{"load_npy", path, where};
  FileReader file(errors);
  if (file.remaining() < magic.size() || file.read_text(magic.size(), "the magic string") != magic)
    errors.raise("not an .npy file");
  const auto major = file.read_number(1, "the version");
  const auto minor = file.read_number(1, "the version");
  if (major < 1 || major > 3 || minor != 0)
    errors.raise("version " + std::to_string(major) + "." + std::to_string(minor) +
                 " of the format is not supported; 1.0, 2.0 and 3.0 are");
  const auto length = file.read_number(major == 1 ? 2 : 4, "the length of the header");
  const Header header = parse(file.read_text(length, "the header"), errors);
  require_supported(header.element, errors);

  std::optional<Tensor> result;
  with_element(std::string_view(header.element).substr(1),
               [&](auto stored) { result = load_elements<decltype(stored)>(file, header, errors); });
  return *result;
}

void save_npy(const std::filesystem::path& path, const Tensor& tensor, Where where) {
  const std::string element = tensor.dtype() == f32 ? "<f4" : tensor.dtype() == f64 ? "<f8" : "<i8";
  std::string header = "{'descr': '" + element + "', 'fortran_order': False, 'shape': (";
  for (Index size : tensor.shape()) header += std::to_string(size) + ", ";
  if (tensor.rank() > 0) header.pop_back();
  if (tensor.rank() > 1) header.pop_back();
  header += "), }";

  // The data start at a multiple of 64 bytes, so that the file can be mapped into memory.
  constexpr std::size_t alignment = 64;
  const std::size_t before = magic.size() + 2 + 2;
  header.append((alignment - (before + header.size() + 1) % alignment) % alignment, ' ');
  header += '\n';

  write_file({"save_npy", path, where}, [&](const FileSink& append) {
    const std::array<unsigned char, 4> version_and_length{1, 0,
                                                          static_cast<unsigned char>(header.size() & 0xff),
                                                          static_cast<unsigned char>(header.size() >> 8)};
    append(magic.data(), magic.size());
    append(version_and_length.data(), version_and_length.size());
    append(header.data(), header.size());
    append(tensor.data(), tensor.type().bytes());
  });
}

}  // namespace tapir
