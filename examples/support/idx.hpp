// Reading IDX files, the format of MNIST and its relatives, gzipped or not.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

#include "support/images.hpp"

namespace tapir::examples {

/// What every image must measure.
struct ImageSize {
  std::size_t rows = 28, columns = 28;
  bool operator==(const ImageSize&) const = default;
};

/// Reads IDX images (magic number 0x00000803), gzipped or not.
///
///   shapes    [N, size.rows, size.columns]
///   errors    "f: magic number 0x00000801, but IDX images start with 0x00000803"
///             "f: holds images of 32x32, but 28x28 are needed"
///             "f: truncated: 47039999 of the 47040016 bytes that its header promises"
///             "f: truncated gzip data: 1024 of the 47040016 bytes that its header promises"
///             "f: corrupt gzip data: invalid block type"
///             "f: trailing bytes after the 47040016 that its header promises"
///             "f: holds no images"
///   source    http://yann.lecun.com/exdb/mnist
Images read_idx_images(const std::filesystem::path& file, ImageSize size = {});

/// Reads IDX labels (magic number 0x00000801), gzipped or not; errors as for images.
Labels read_idx_labels(const std::filesystem::path& file);

/// Reads `NAME-images-idx3-ubyte[.gz]` and `NAME-labels-idx1-ubyte[.gz]`, where NAME is `train` or `t10k`. If
/// a file is there both plain and gzipped, the plain one is read.
///
///   errors    "the data directory d does not exist", "d is not a directory"
///             "d holds neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz"
///             "d: train-images-idx3-ubyte.gz holds 60000 images, but train-labels-idx1-ubyte.gz 59999 labels"
LabelledImages read_idx_pair(const std::filesystem::path& directory, const std::string& name,
                             ImageSize size = {});

}  // namespace tapir::examples
