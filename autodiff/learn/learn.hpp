// Parameters and their training.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/learn/gradient.hpp>
#include <tapir/autodiff/learn/initialisers.hpp>
#include <tapir/autodiff/learn/optimizers.hpp>
#include <tapir/autodiff/learn/params.hpp>
#include <tapir/autodiff/learn/recompiled.hpp>
#include <tapir/autodiff/learn/schedules.hpp>
#include <tapir/autodiff/learn/trainer.hpp>
#include <tapir/autodiff/learn/trainer_state.hpp>
#include <tapir/autodiff/learn/update.hpp>
