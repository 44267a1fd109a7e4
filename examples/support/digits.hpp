// The data of the image examples: MNIST or a relative from files, or digits drawn on the spot.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "support/images.hpp"

namespace tapir::examples {

/// A training and a test set of 28x28 images, and a phrase that says where they come from.
struct Digits {
  LabelledImages train, test;
  std::string origin;
};

/// The four IDX files in `directory`: `train-` and `t10k-`, images and labels, gzipped or not.
///
///   errors    those of `read_idx_pair`
Digits load_digits(const std::filesystem::path& directory);

/// 12000 training and 2000 test digits drawn from strokes, always the same.
///
///   cost      about 0.3 s
Digits drawn_digits();

/// The files in `directory` if one is given; else those in the folder `mnist` below the folder that the
/// environment variable TAPIR_DATA names, if it is set; else digits drawn from strokes. What is named and
/// unusable is an error.
Digits load(const std::optional<std::filesystem::path>& directory);

}  // namespace tapir::examples
