// The data of the image examples: MNIST or a relative from files, or digits drawn on the spot.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/digits.hpp"

#include <cstdlib>

#include "support/idx.hpp"
#include "support/strokes.hpp"

namespace tapir::examples {

Digits load_digits(const std::filesystem::path& directory) {
  return {read_idx_pair(directory, "train"), read_idx_pair(directory, "t10k"),
          "IDX files in " + directory.string()};
}

Digits drawn_digits() {
  constexpr std::uint64_t train_seed = 1, test_seed = 2;
  return {draw_digits(train_seed, 12000), draw_digits(test_seed, 2000), "digits drawn from strokes"};
}

Digits load(const std::optional<std::filesystem::path>& directory) {
  if (directory) return load_digits(*directory);
  const char* folder = std::getenv("TAPIR_DATA");
  if (folder != nullptr && *folder != '\0') return load_digits(std::filesystem::path(folder) / "mnist");
  return drawn_digits();
}

}  // namespace tapir::examples
