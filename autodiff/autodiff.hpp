// All of tapir::autodiff but interop.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/exec/compile.hpp>
#include <tapir/autodiff/exec/program.hpp>
#include <tapir/autodiff/learn/learn.hpp>
#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/autodiff/stochastic/stochastic.hpp>
#include <tapir/autodiff/tape/tape.hpp>
#include <tapir/autodiff/tensor/tensor.hpp>
#include <tapir/autodiff/tensor/view.hpp>
#include <tapir/autodiff/transforms/batch.hpp>
#include <tapir/autodiff/transforms/custom.hpp>
#include <tapir/autodiff/transforms/grad.hpp>
#include <tapir/autodiff/transforms/scan.hpp>
