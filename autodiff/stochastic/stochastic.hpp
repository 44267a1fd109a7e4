// Stochastic nodes on a bare tape.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/stochastic/estimator.hpp>
#include <tapir/autodiff/stochastic/loss.hpp>
#include <tapir/autodiff/stochastic/plate.hpp>
#include <tapir/autodiff/stochastic/score_function.hpp>
#include <tapir/autodiff/stochastic/site.hpp>
