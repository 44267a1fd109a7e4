// Variational inference: laws, models, guides, objectives.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/autodiff/autodiff.hpp>
#include <tapir/vi/bijectors/bijectors.hpp>
#include <tapir/vi/context.hpp>
#include <tapir/vi/distributions/distributions.hpp>
#include <tapir/vi/guides.hpp>
#include <tapir/vi/handlers.hpp>
#include <tapir/vi/kl.hpp>
#include <tapir/vi/kl_estimate.hpp>
#include <tapir/vi/model.hpp>
#include <tapir/vi/objectives.hpp>
#include <tapir/vi/renyi.hpp>
#include <tapir/vi/svi.hpp>
