// All of tapir::nn.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/nn/activation.hpp>
#include <tapir/nn/dropout.hpp>
#include <tapir/nn/linear.hpp>
#include <tapir/nn/mlp.hpp>
#include <tapir/nn/noise.hpp>
#include <tapir/nn/sequential.hpp>
