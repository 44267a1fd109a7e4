// The rows uniform, normal, random_bits and fold.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/random.hpp>

#include <algorithm>
#include <array>
#include <span>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/philox.hpp>
#include <tapir/autodiff/ops/rows.hpp>

namespace tapir {
namespace {

using ops::mix64;
using ops::Philox;
using ops::require;

constexpr std::uint64_t bits(Index x) { return static_cast<std::uint64_t>(x); }
constexpr Index index_of(std::uint64_t x) { return static_cast<Index>(x); }

// ---- counters: [.., 2] = {seed, step} or [.., 3] = {seed, step, iteration}; leading axes draw by themselves ----

Shape leading(const Type& counter) {
  require(counter.dtype == i64 && counter.shape.rank() > 0 &&
              (counter.shape.back() == 2 || counter.shape.back() == 3),
          "the counter is " + counter.str() + "; it has to be i64[..,2] or i64[..,3]");
  return counter.shape.take_front(counter.shape.rank() - 1);
}

// Distinct streams of a seed have distinct keys, distinct steps distinct sequences.
Philox philox(const Index* counter, Index width, Index stream) {
  const std::uint64_t sequence = mix64(bits(counter[1]));
  return {.key = mix64(mix64(bits(counter[0])) ^ bits(stream)),
          .sequence = width == 2 ? sequence : mix64(sequence ^ bits(counter[2]))};
}

// ---- fold ----

std::vector<int> follow_leading(const Shape& result, int count) {
  std::vector<int> axes(static_cast<std::size_t>(result.rank()), mixed);
  for (int axis = 0; axis < count; ++axis) axes[static_cast<std::size_t>(axis)] = axis;
  return axes;
}

std::vector<Type> fold_type(const Signature& s) {
  const Shape lead = leading(s[0]);
  require(s[1].dtype == i64 && s[1].shape == lead,
          "the iteration is " + s[1].str() + "; it has to be " + Type{i64, lead}.str());
  return {{i64, lead + Shape{3}}};
}

std::vector<int> follow_fold(const Signature& s, int, int input) {
  auto axes = follow_leading(fold_type(s)[0].shape, s[1].shape.rank());
  // Word by word, where there are three already.
  if (input == 0 && s[0].shape.back() == 3) axes.back() = s[1].shape.rank();
  return axes;
}

// Iterations chain: the third word of a nested counter depends on all of them and on their order.
Kernel fold_kernel(const Signature& s) {
  return Kernel([count = s[1].size(), width = s[0].shape.back()](const Buffers& b) {
    for (Index i = 0; i < count; ++i) {
      const Index* counter = b.input<Index>(0) + i * width;
      Index* out = b.output<Index>(0) + 3 * i;
      const std::uint64_t outer = width == 3 ? bits(counter[2]) : 0;
      out[0] = counter[0];
      out[1] = counter[1];
      out[2] = index_of(mix64(mix64(outer) ^ bits(b.input<Index>(1)[i])));
    }
  });
}

Operand integers(const Shape& shape) { return {shape, 0, 1000, Operand::Fill::integer}; }

const Op fold_op{{.name = "fold",
                  .shape = fold_type,
                  .kernel = fold_kernel,
                  .follows = follow_fold,
                  .flow = Flow::zero,
                  .dtypes = {i64},
                  .samples = {{{integers({2}), integers({})}},
                              {{integers({3}), integers({})}},
                              {{integers({4, 1, 3}), integers({4, 1})}}}}};

// ---- uniform, normal ----

// A draw is (whole + 1/2) / 2^digits: the ends are left out, and every value is exact.
template <class T>
T uniform_of(std::uint64_t word) {
  if constexpr (std::is_same_v<T, float>)
    return (static_cast<float>(static_cast<std::int32_t>(word >> 41)) + 0.5F) * 0x1p-23F;
  else
    return (static_cast<double>(static_cast<std::int64_t>(word >> 12)) + 0.5) * 0x1p-52;
}

constexpr Index block_size = 512;

template <class T>
void draw_uniform(const Philox& source, Index first, Index count, T* out) {
  std::array<std::uint64_t, block_size> words;
  for (Index done = 0; done < count; done += block_size) {
    const Index n = std::min(block_size, count - done);
    source.fill(first + done, n, words.data());
    for (Index i = 0; i < n; ++i) out[done + i] = uniform_of<T>(words[static_cast<std::size_t>(i)]);
  }
}

template <class T>
void draw_normal(const Philox& source, Index first, Index count, T* out) {
  std::array<double, block_size> draws;
  for (Index done = 0; done < count; done += block_size) {
    const Index n = std::min(block_size, count - done);
    draw_uniform(source, first + done, n, draws.data());
    ops::normal_quantiles(draws.data(), n);
    for (Index i = 0; i < n; ++i) out[done + i] = static_cast<T>(draws[static_cast<std::size_t>(i)]);
  }
}

std::vector<Type> draw_type(const Signature& s, std::span<const DType> dtypes) {
  const Shape lead = leading(s[0]);
  const DType dtype = s.attrs.get<DType>("dtype");
  const Shape& shape = s.attrs.get<Shape>("shape");
  require(std::ranges::count(dtypes, dtype) == 1, "is not defined for " + std::string(name_of(dtype)));
  require(shape.take_front(lead.rank()) == lead,
          "the counter is " + s[0].str() + "; its leading axes have to begin the shape " + shape.str());
  return {{dtype, shape}};
}

void draw_bits(const Philox& source, Index first, Index count, Index* out) {
  std::array<std::uint64_t, block_size> words;
  for (Index done = 0; done < count; done += block_size) {
    const Index n = std::min(block_size, count - done);
    source.fill(first + done, n, words.data());
    std::transform(words.begin(), words.begin() + n, out + done, index_of);
  }
}

// Cut by shape; whole blocks of Philox to each piece.
template <class T, class Draw>
Kernel draw_kernel(const Signature& s, Draw draw) {
  constexpr Index piece_size = 1 << 13;
  const Index rows = leading(s[0]).size();
  const Index own = rows == 0 ? 0 : s.attrs.get<Shape>("shape").size() / rows;
  const Index pieces = (own + piece_size - 1) / piece_size;
  return Kernel([=, width = s[0].shape.back(), stream = s.attrs.get<Index>("stream")](const Buffers& b) {
    const Index few = std::max<Index>(1, piece_size / std::max<Index>(1, own));  // short rows to a piece
    b.pool.run((rows + few - 1) / few * pieces, [&](Index piece, int) {
      const Index first = piece % pieces * piece_size;
      const Index count = std::min(piece_size, own - first);
      const Index row = piece / pieces * few;
      for (Index r = row; r < std::min(rows, row + few); ++r)
        draw(philox(b.input<Index>(0) + r * width, width, stream), first, count,
             b.output<T>(0) + r * own + first);
    });
  });
}

/// `dtypes`: what it can draw.
Row draw_row(std::string name, std::vector<DType> dtypes, KernelRule kernel) {
  const DType first = dtypes.front(), last = dtypes.back();
  const auto sample = [](Shape counter, Shape shape, DType dtype) -> Sample {
    return {{integers(counter)}, {{"stream", Index{7}}, {"shape", shape}, {"dtype", dtype}}};
  };
  return {.name = std::move(name),
          .shape = [dtypes](const Signature& s) { return draw_type(s, dtypes); },
          .kernel = std::move(kernel),
          .follows = [](const Signature& s, int,
                        int) { return follow_leading(s.attrs.get<Shape>("shape"), s[0].shape.rank() - 1); },
          .flow = Flow::zero,
          .noise = true,
          .dtypes = {i64},
          .samples = {sample({2}, {3, 5}, last), sample({2}, {}, first), sample({3}, {2, 1, 3}, first),
                      sample({2}, {0}, last), sample({2, 3, 3}, {2, 3, 7}, last),
                      sample({4, 2}, {4}, first)}};
}

const Op uniform_op{draw_row("uniform", {f32, f64}, [](const Signature& s) {
  if (s.attrs.get<DType>("dtype") == f32) return draw_kernel<float>(s, draw_uniform<float>);
  return draw_kernel<double>(s, draw_uniform<double>);
})};

const Op normal_op{draw_row("normal", {f32, f64}, [](const Signature& s) {
  if (s.attrs.get<DType>("dtype") == f32) return draw_kernel<float>(s, draw_normal<float>);
  return draw_kernel<double>(s, draw_normal<double>);
})};

const Op random_bits_op{
    draw_row("random_bits", {i64}, [](const Signature& s) { return draw_kernel<Index>(s, draw_bits); })};

Var draw(const Op& op, const Key& key, const Shape& shape, Where where) {
  return apply(op, {Arg(key.counter(), where)},
               {{"stream", key.stream()}, {"shape", shape}, {"dtype", key.dtype()}});
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

Key Key::operator/(std::string_view path) const {
  Key result = *this;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    result.stream_ = index_of(mix64(mix64(bits(result.stream_)) ^ fnv1a(path.substr(begin, end - begin))));
    begin = end + 1;
  }
  return result;
}

Key Key::at(Arg i) const {
  Key result = *this;
  result.counter_ = apply(fold_op, {Arg(counter_, i.where), i});
  return result;
}

Key Key::with_stream(Index stream) const {
  Key result = *this;
  result.stream_ = stream;
  return result;
}

Key Key::as(DType dtype) const {
  Key result = *this;
  result.dtype_ = dtype;
  return result;
}

Var uniform(const Key& key, const Shape& shape, Where where) { return draw(uniform_op, key, shape, where); }
Var normal(const Key& key, const Shape& shape, Where where) { return draw(normal_op, key, shape, where); }
Var random_bits(const Key& key, const Shape& shape, Where where) {
  return draw(random_bits_op, key.as(i64), shape, where);
}

}  // namespace tapir
