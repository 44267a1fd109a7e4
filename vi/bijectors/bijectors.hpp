// All bijectors.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <tapir/vi/bijectors/affine.hpp>
#include <tapir/vi/bijectors/biject_to.hpp>
#include <tapir/vi/bijectors/chain.hpp>
#include <tapir/vi/bijectors/cholesky_product.hpp>
#include <tapir/vi/bijectors/correlation_cholesky.hpp>
#include <tapir/vi/bijectors/exp.hpp>
#include <tapir/vi/bijectors/identity.hpp>
#include <tapir/vi/bijectors/inverse.hpp>
#include <tapir/vi/bijectors/lower_cholesky.hpp>
#include <tapir/vi/bijectors/ordered.hpp>
#include <tapir/vi/bijectors/per_slice.hpp>
#include <tapir/vi/bijectors/permutation.hpp>
#include <tapir/vi/bijectors/power.hpp>
#include <tapir/vi/bijectors/sigmoid.hpp>
#include <tapir/vi/bijectors/simplex.hpp>
#include <tapir/vi/bijectors/softplus.hpp>
#include <tapir/vi/bijectors/tanh.hpp>
#include <tapir/vi/bijectors/unit_vector.hpp>
#include <tapir/vi/bijectors/zero_sum.hpp>
