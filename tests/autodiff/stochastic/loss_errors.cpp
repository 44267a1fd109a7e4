// The error messages of the room, verbatim.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
