// The safetensors format: the length of a JSON header, the header, the bytes of all tensors without gaps.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/interop/safetensors.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <tapir/autodiff/interop/files.hpp>
#include <tapir/autodiff/interop/json_text.hpp>

namespace tapir {
namespace {

constexpr std::string_view metadata_name = "__metadata__";
constexpr std::uint64_t longest_header = 100'000'000;  // as in the reference implementation

struct Entry {
  std::string name;
  Type type;
  std::uint64_t begin = 0, end = 0;
};

struct Header {
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

std::string_view format_name(DType dtype) { return dtype == f32 ? "F32" : dtype == f64 ? "F64" : "I64"; }

std::vector<Index> numbers(HeaderText& text) {
  std::vector<Index> result;
  text.expect('[');
  if (text.accept(']')) return result;
  do result.push_back(text.number());
  while (text.accept(','));
  text.expect(']');
  return result;
}

// Calls `member(name)` with `text` before the value of each member of a JSON object.
template <class F>
void for_each_member(HeaderText& text, F&& member) {
  text.expect('{');
  if (text.accept('}')) return;
  do {
    const std::string name = parse_json_string(text);
    text.expect(':');
    member(name);
  } while (text.accept(','));
  text.expect('}');
}

Entry parse_entry(HeaderText& text, const std::string& name, const FileErrors& errors) {
  const auto raise = [&](const std::string& what) {
    errors.raise("tensor " + json_string(name) + ": " + what);
  };
  std::optional<std::string> element;
  std::optional<std::vector<Index>> shape, offsets;
  for_each_member(text, [&](const std::string& key) {
    const auto once = [&](const auto& value) {
      if (value) raise(json_string(key) + " occurs twice");
    };
    if (key == "dtype") {
      once(element);
      element = parse_json_string(text);
    } else if (key == "shape") {
      once(shape);
      shape = numbers(text);
    } else if (key == "data_offsets") {
      once(offsets);
      offsets = numbers(text);
    } else {
      raise("the entry " + json_string(key) + " is unknown");
    }
  });
  if (!element || !shape || !offsets) raise("\"dtype\", \"shape\" and \"data_offsets\" are needed");
  if (offsets->size() != 2) raise("\"data_offsets\" are two numbers");

  Entry entry{name, {}, static_cast<std::uint64_t>((*offsets)[0]), static_cast<std::uint64_t>((*offsets)[1])};
  const auto dtypes = {f32, f64, i64};
  const auto* dtype =
      std::find_if(dtypes.begin(), dtypes.end(), [&](DType d) { return format_name(d) == *element; });
  if (dtype == dtypes.end())
    raise("elements of type " + json_string(*element) + " are not supported; F32, F64, I64 are");
  entry.type = {*dtype, shape_of_file(*shape, errors)};

  const std::string given =
      "data_offsets [" + std::to_string(entry.begin) + "," + std::to_string(entry.end) + "]";
  if (entry.begin > entry.end) raise(given + " are in the wrong order");
  if (entry.type.bytes() != entry.end - entry.begin)
    raise(entry.type.str() + " takes " + std::to_string(entry.type.bytes()) + " bytes, " + given + " give " +
          std::to_string(entry.end - entry.begin));
  return entry;
}

Header parse(std::string_view json, const FileErrors& errors) {
  HeaderText text(json, errors);
  Header header;
  std::map<std::string, bool> seen;
  for_each_member(text, [&](const std::string& name) {
    if (!seen.emplace(name, true).second) errors.raise("the name " + json_string(name) + " occurs twice");
    if (name != metadata_name) {
      header.entries.push_back(parse_entry(text, name, errors));
      return;
    }
    for_each_member(text, [&](const std::string& key) {
      if (!header.metadata.emplace(key, parse_json_string(text)).second)
        errors.raise("the metadata " + json_string(key) + " occurs twice");
    });
  });
  if (!text.at_end()) text.raise("something follows the JSON object");
  return header;
}

// The tensors must lie one behind the other, from the first byte of the data to the last.
void require_gapless(std::vector<Entry>& entries, std::uint64_t data, const FileErrors& errors) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    const auto raise = [&](const std::string& what) {
      errors.raise("tensor " + json_string(entry.name) + ": its data [" + std::to_string(entry.begin) + "," +
                   std::to_string(entry.end) + ") " + what);
    };
    if (entry.end > data) raise("reach beyond the " + std::to_string(data) + " bytes of the file's data");
    if (entry.begin < end) raise("overlap those of another tensor, which end at " + std::to_string(end));
    if (entry.begin > end)
      raise("leave a gap behind those of the others, which end at " + std::to_string(end));
    end = entry.end;
  }
  if (end != data) errors.raise(std::to_string(data - end) + " bytes follow the data of the last tensor");
}

}  // namespace

Safetensors load_safetensors(const std::filesystem::path& path, Where where) {
  const FileErrors errors{"load_safetensors", path, where};
  FileReader file(errors);
  const std::uint64_t length = file.read_number(8, "the length of the header");
  if (length > longest_header)
    errors.raise("not a safetensors file: its header would take " + std::to_string(length) + " bytes");
  Header header = parse(file.read_text(length, "the header"), errors);
  require_gapless(header.entries, file.remaining(), errors);

  Safetensors content{{}, std::move(header.metadata)};
  for (const Entry& entry : header.entries) {
    Tensor tensor(entry.type);
    file.read(tensor.mutable_data(), entry.type.bytes(), "the data of " + json_string(entry.name));
    content.tensors.emplace(entry.name, std::move(tensor));
  }
  return content;
}

void save_safetensors(const std::filesystem::path& path, const Safetensors& content, Where where) {
  const FileErrors errors{"save_safetensors", path, where};
  const auto json = [&](const std::string& text) {
    if (!is_utf8(text)) errors.raise("a name or text is not UTF-8: " + json_string(text));
    return json_string(text);
  };

  std::vector<const std::pair<const std::string, Tensor>*> ordered;
  for (const auto& named : content.tensors) {
    if (named.first == metadata_name) errors.raise("the name " + json_string(named.first) + " is reserved");
    ordered.push_back(&named);
  }
  // Wider elements first, so that every tensor is aligned; among themselves in the order of the reference
  // implementation.
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto* a, const auto* b) { return a->second.dtype() > b->second.dtype(); });

  std::string header = "{";
  const auto separate = [&] { header += header.size() > 1 ? "," : ""; };
  if (!content.metadata.empty()) {
    header += "\"" + std::string(metadata_name) + "\":{";
    for (const auto& [key, value] : content.metadata)
      header += (header.back() == '{' ? "" : ",") + json(key) + ":" + json(value);
    header += "}";
  }
  std::size_t offset = 0;
  for (const auto* named : ordered) {
    const Type& type = named->second.type();
    separate();
    header += json(named->first) + ":{\"dtype\":\"" + std::string(format_name(type.dtype)) +
              "\",\"shape\":" + type.shape.str() + ",\"data_offsets\":[" + std::to_string(offset) + "," +
              std::to_string(offset + type.bytes()) + "]}";
    offset += type.bytes();
  }
  header += "}";
  constexpr std::size_t alignment = 8;
  header.append((alignment - header.size() % alignment) % alignment, ' ');
  if (header.size() > longest_header) errors.raise("names and metadata make a header that is too long");

  write_file(errors, [&](const FileSink& append) {
    const std::uint64_t length = header.size();
    append(&length, sizeof length);
    append(header.data(), header.size());
    for (const auto* named : ordered) append(named->second.data(), named->second.type().bytes());
  });
}

}  // namespace tapir
