#!/bin/sh
# Compiles every public header alone: headers.sh <source dir> <include dir> <compiler>.
# SPDX-License-Identifier: BSD-3-Clause
set -eu
source=$1 include=$2 compiler=$3

if [ "$compiler" = missing ]; then
  echo "clang++ is not installed: skipped"
  exit 77
fi
cd "$source"
headers=$(find autodiff vi nn -name '*.hpp' | LC_ALL=C sort)
[ -n "$headers" ] || { echo "there are no headers yet: skipped"; exit 77; }

# shellcheck disable=SC2016  # expanded by the inner shell
echo "$headers" | xargs -P "$(nproc)" -I {} sh -c '
  echo "#include <tapir/$1>" |
    "$2" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -I "$3" -x c++ - ||
    { echo "$1 does not compile alone"; exit 1; }' one {} "$compiler" "$include"
echo "$(echo "$headers" | wc -l) headers compile alone with $compiler"
