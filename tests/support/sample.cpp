// Making operands.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace tapir::test {
namespace {

double rounded(double value) { return static_cast<double>(static_cast<float>(value)); }

// Cells of width 1/16 begin at whole numbers and halves; each operand keeps to a band of its own within them, 1/144
// from the cell's ends and from the bands of the others.
double in_band(double low, double high, int number, Generator& random) {
  constexpr double cell = 1.0 / 16, bands = 9;
  const double from = cell * (1 + 2 * (number % 4)) / bands;
  for (;;) {
    const double value = rounded(std::floor(random.uniform(low, high) / cell) * cell + from +
                                 random.uniform(0, cell / bands));
    if (value >= low && value < high) return value;
  }
}

Tensor shuffled(const Operand& operand, DType dtype, Generator& random) {
  Tensor result({dtype, operand.shape});
  const Index n = result.size();
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = n - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(random.whole(0, i))]);
  const double gap = n == 0 ? 0 : (operand.high - operand.low) / static_cast<double>(n);
  for (Index i = 0; i < n; ++i) {
    const auto place = static_cast<double>(order[static_cast<std::size_t>(i)]);
    assign(result, i, is_floating(dtype) ? operand.low + gap * (place + 0.37) : std::floor(operand.low) + place);
  }
  return result;
}

Tensor matrices(const Operand& operand, DType dtype, Generator& random) {
  Tensor result({dtype, operand.shape});
  const Index n = operand.shape.back();
  std::vector<double> b(static_cast<std::size_t>(n * n));
  const auto at = [n](Index row, Index column) { return static_cast<std::size_t>(row * n + column); };
  for (Index first = 0; first < result.size(); first += n * n) {
    for (double& x : b) x = random.uniform(-1, 1);
    for (Index row = 0; row < n; ++row)
      for (Index column = 0; column < n; ++column) {
        double value = 0;
        if (operand.fill == Operand::Fill::spd) {
          for (Index k = 0; k < n; ++k) value += b[at(row, k)] * b[at(column, k)];
          if (row == column) value += 0.5 * static_cast<double>(n);
        } else if (row >= column) {
          value = row == column ? 1.5 + 0.5 * b[at(row, row)] : b[at(row, column)];
        }
        assign(result, first + row * n + column, value);
      }
  }
  return result;
}

}  // namespace

std::uint64_t Generator::bits() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

double Generator::uniform(double low, double high) {
  const double value = rounded(low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53));
  return value < high ? value : low;
}

Index Generator::whole(Index low, Index high) {
  return low + static_cast<Index>(bits() % static_cast<std::uint64_t>(high - low + 1));
}

void assign(Tensor& tensor, Index i, double value) {
  dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const double exact = std::is_same_v<T, Index> ? value : rounded(value);
    tensor.mutable_view<T>()[static_cast<std::size_t>(i)] = static_cast<T>(exact);
  });
}

Tensor make(const Operand& operand, DType dtype, Generator& random, int number) {
  using Fill = Operand::Fill;
  const bool integers = operand.fill == Fill::integer;
  if (operand.fill == Fill::ones) return Tensor::full({dtype, operand.shape}, 1);
  if (operand.fill == Fill::distinct) return shuffled(operand, dtype, random);
  if (operand.fill == Fill::spd || operand.fill == Fill::lower) return matrices(operand, dtype, random);
  Tensor result({integers ? i64 : dtype, operand.shape});
  const auto low = static_cast<Index>(std::ceil(operand.low));
  const auto high = std::max(low, static_cast<Index>(std::floor(operand.high)));
  const bool bands = operand.fill == Fill::uniform && is_floating(dtype);
  for (Index i = 0; i < result.size(); ++i)
    assign(result, i, bands ? in_band(operand.low, operand.high, number, random)
                            : static_cast<double>(random.whole(low, high)));
  return result;
}

std::vector<Tensor> make(const Sample& sample, DType dtype, Generator& random) {
  std::vector<Tensor> result;
  for (const Operand& operand : sample.operands)
    result.push_back(make(operand, dtype, random, static_cast<int>(result.size())));
  return result;
}

Tensor direction(const Type& type, Generator& random) {
  Tensor result(type);
  for (Index i = 0; i < result.size(); ++i) assign(result, i, random.uniform(-1, 1));
  return result;
}

Tensor stacked(std::span<const Tensor> rows) {
  const Type& type = rows[0].type();
  Tensor result({type.dtype, Shape{static_cast<Index>(rows.size())} + type.shape});
  auto* to = static_cast<std::byte*>(result.mutable_data());
  for (const Tensor& row : rows) {
    if (type.bytes() > 0) std::memcpy(to, row.data(), type.bytes());
    to += type.bytes();
  }
  return result;
}

}  // namespace tapir::test
