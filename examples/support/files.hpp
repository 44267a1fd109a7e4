// Writing files so that a reader sees the old one or the whole new one.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <string_view>

namespace tapir::examples {

/// Calls `write` with a temporary file beside `path`, then renames it to `path`. If anything fails, `path` is
/// untouched and the temporary file is gone.
///
///   errors    "cannot write out/digits.png: No such file or directory"
void write_file(const std::filesystem::path& path, const std::function<void(std::FILE*)>& write);

/// The same for text that is ready.
void write_text(const std::filesystem::path& path, std::string_view text);

/// Makes `directory` (and its parents) unless it is there, and checks that files can be created in it.
///
///   errors    "cannot create the directory out: Permission denied"
///             "cannot write to the directory out: Read-only file system"
void make_output_directory(const std::filesystem::path& directory);

}  // namespace tapir::examples
