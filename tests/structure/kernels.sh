#!/bin/sh
# No function compiled for a newer instruction set may stand in for one compiled for all: kernels.sh <nm> <library>.
# SPDX-License-Identifier: BSD-3-Clause
#
# The linker keeps one copy of each inline function. If an object of the AVX-512 kernels holds a copy of, say,
# std::vector<float>::~vector, that copy may be the one kept, and the program dies on a processor without AVX-512.
set -eu
nm=$1 library=$2

symbols=$("$nm" --defined-only --print-file-name "$library")
echo "$symbols" | grep -q '\.\(avx2\|avx512\)\.cpp' || { echo "there are no kernels yet: skipped"; exit 77; }

# Lines read "library:object:address type symbol"; W marks the functions of which one copy is kept.
leaks=$(echo "$symbols" | awk '
  $(NF - 1) == "W" || $(NF - 1) == "T" {
    split($0, part, ":"); object = part[2]
    set_of = object ~ /\.avx2\.cpp/ ? "avx2" : object ~ /\.avx512\.cpp/ ? "avx512" : "any"
    if (!($NF in first)) { first[$NF] = set_of; from[$NF] = object }
    else if (first[$NF] != set_of) print $NF ": " from[$NF] ", " object
  }')
if [ -n "$leaks" ]; then
  echo "functions that kernels share with other objects; give them internal linkage or a namespace of their set:"
  if command -v c++filt >/dev/null; then echo "$leaks" | c++filt; else echo "$leaks"; fi
  exit 1
fi
echo "kernels share no function with other objects"
