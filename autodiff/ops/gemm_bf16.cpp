// Products whose operands are rounded to bf16.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/gemm.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/onednn.hpp>

namespace tapir::ops {
namespace {

using onednn::Bf16Products;

// Both operands are rounded whole, then each of `callers` takes its share of all pieces of all products.
class Rounded {
 public:
  explicit Rounded(const Products& products)
      : all_(products),
        cut_(cut(products.each)),
        size_a_(products.count_a * products.each.m * products.each.k),
        size_b_(products.count_b * products.each.k * products.each.n),
        callers_(std::min<Index>(products.count * cut_.pieces, most_callers)),
        by_blocks_(sizes(), callers_),
        rounded_(std::make_shared<std::vector<std::uint16_t>>(static_cast<std::size_t>(size_a_ + size_b_))) {}

  void operator()(const Buffers& buffers) const {
    const Index from_b = chunks(size_a_);
    buffers.pool.run(from_b + chunks(size_b_), [&](Index i, int) {
      if (i < from_b)
        round(buffers.input<float>(0), rounded_->data(), size_a_, i);
      else
        round(buffers.input<float>(1), rounded_->data() + size_a_, size_b_, i - from_b);
    });
    const Index items = all_.count * cut_.pieces;
    buffers.pool.run(callers_, [&](Index caller, int) {
      for (Index i = items * caller / callers_; i < items * (caller + 1) / callers_; ++i)
        one(caller, i / cut_.pieces, i % cut_.pieces, buffers.output<float>(0));
    });
  }

 private:
  static constexpr Index most_callers = 64;
  static constexpr Index chunk = 1 << 16;

  static Index chunks(Index size) { return (size + chunk - 1) / chunk; }
  static void round(const float* from, std::uint16_t* to, Index size, Index i) {
    onednn::round_to_bf16(from + i * chunk, to + i * chunk, std::min(chunk, size - i * chunk));
  }

  // By piece; oneDNN keeps code it has made, so that equal sizes cost once.
  std::vector<Bf16Products::Size> sizes() const {
    const Product& p = all_.each;
    std::vector<Bf16Products::Size> result;
    for (Index i = 0; i < cut_.pieces; ++i) {
      const Piece piece = piece_of(p, cut_, i);
      result.push_back(
          {p.transpose_a, p.transpose_b, piece.rows, piece.columns, p.k, piece.row_a, piece.row_b, p.n});
    }
    return result;
  }

  void one(Index caller, Index i, Index at, float* c) const {
    const Product& p = all_.each;
    const Piece piece = piece_of(p, cut_, at);
    const std::uint16_t* a = rounded_->data() + i % all_.count_a * p.m * p.k + piece.at_a;
    const std::uint16_t* b = rounded_->data() + size_a_ + i % all_.count_b * p.k * p.n + piece.at_b;
    const InsideBlas inside;
    by_blocks_(caller, static_cast<std::size_t>(at), a, b, c + i * p.m * p.n + piece.at_c);
  }

  Products all_;
  Cut cut_;
  Index size_a_, size_b_, callers_;
  Bf16Products by_blocks_;
  std::shared_ptr<std::vector<std::uint16_t>> rounded_;
};

}  // namespace

Kernel bf16_kernel_of(const Products& products) {
  const Product& p = products.each;
  if (p.m == 0 || p.n == 0 || p.k == 0 || products.count == 0)
    return kernel_of(products);  // nothing to round
  return Kernel(Rounded(products));
}

}  // namespace tapir::ops
