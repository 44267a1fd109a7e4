// Standard normal noise, vectorised: counter-based, as cheap as can be.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace tapir::bench::hand {

/// n draws, a function of the counter: a hash of the place (Wellons' lowbias32), Box & Muller's transform.
void fill_normal(float* out, long n, std::uint32_t counter);
void fill_normal(double* out, long n, std::uint32_t counter);

}  // namespace tapir::bench::hand
