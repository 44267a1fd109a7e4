// Named tensors in safetensors files.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <tapir/autodiff/tensor/tensor.hpp>

namespace tapir {

/// What a safetensors file holds: tensors by name, and texts by name that describe them.
struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// All tensors of a safetensors file, bit for bit, and its metadata; or, if anything in the file is wrong, an
/// Error.
///
///   errors  "[load_safetensors] w.safetensors: not a safetensors file: its header would take 1179403647
///   bytes"
///           "[load_safetensors] w.safetensors: tensor \"w\": f32[2,3] takes 24 bytes, data_offsets [0,20]
///           give 20"
///           "[load_safetensors] w.safetensors: tensor \"w\": elements of type \"BF16\" are not supported;
///           F32, F64, I64 are"
///   source  https://github.com/huggingface/safetensors, "Format"
Safetensors load_safetensors(const std::filesystem::path& path, Where where = here());

/// Writes tensors and metadata as a safetensors file. An existing file is replaced when the new one is
/// complete. The same content gives the same bytes.
///
///   errors  "[save_safetensors] out/w.safetensors: cannot be written: No such file or directory"
///           "[save_safetensors] w.safetensors: the name \"__metadata__\" is reserved"
void save_safetensors(const std::filesystem::path& path, const Safetensors& content, Where where = here());

}  // namespace tapir
