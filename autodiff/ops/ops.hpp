// All operations.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/random.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>
#include <tapir/autodiff/ops/structure.hpp>
