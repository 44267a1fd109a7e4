// Eleven products, between them one pass each that does all there is to do, and Adam as one pass.
// SPDX-License-Identifier: BSD-3-Clause
#include "hand/vae.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "hand/noise.hpp"
#include "hand/simd.hpp"

namespace tapir::bench::hand {
namespace {

using B = Batch<float>;
constexpr long W = width<float>;

// A layer's place among the parameters.
struct Layer {
  long in, out, weight, bias;
};

}  // namespace

struct Vae::Impl {
  VaeSizes s;
  Blas blas;
  int threads;
  Share share;
  std::array<Layer, 4> layers{};
  long size = 0, steps = 0;
  bool noise_is_fixed = false;
  Array<float> p, g, m, v;           // parameters, gradient, moments
  Array<float> h1, heads, z, h2, l;  // activations; backwards, their cotangents take their places
  Array<float> noise, dz;
  Array<float> columns;  // [threads, widest]: sums over rows
  long widest;
  std::vector<float> losses;  // of each thread

  Impl(VaeSizes sizes, Blas b, int t, Share f)
      : s(sizes),
        blas(b),
        threads(t),
        share(std::move(f)),
        widest(std::max({s.pixels, s.hidden, 2 * s.latent})) {
    const std::array<std::array<long, 2>, 4> shapes{
        {{s.pixels, s.hidden}, {s.hidden, 2 * s.latent}, {s.latent, s.hidden}, {s.hidden, s.pixels}}};
    for (std::size_t i = 0; i < 4; ++i) {
      const auto [in, out] = shapes[i];
      layers[i] = {in, out, size, size + in * out};
      size += in * out + out;
    }
    for (auto* a : {&p, &g, &m, &v}) *a = array<float>(size);
    for (auto* a : {&h1, &h2}) *a = array<float>(s.batch * s.hidden);
    heads = array<float>(s.batch * 2 * s.latent);
    for (auto* a : {&z, &noise, &dz}) *a = array<float>(s.batch * s.latent);
    l = array<float>(s.batch * s.pixels);
    columns = array<float>(threads * widest);
    losses.resize(static_cast<std::size_t>(threads) * 16);
  }

  // f(first, last) over [0, n), one piece per thread.
  template <class F>
  void split(long n, long unit, const F& f) {
    if (threads == 1) return f(0, n, 0);
    const long units = (n + unit - 1) / unit;
    share(threads, [&](int t) {
      f(std::min(n, units * t / threads * unit), std::min(n, units * (t + 1) / threads * unit), t);
    });
  }

  // c = op(a) op(b): each thread takes rows or columns of the result, whichever are more.
  void product(bool ta, bool tb, long rows, long cols, long k, const float* a, const float* b, float* c) {
    const long lda = ta ? rows : k, ldb = tb ? k : cols;
    if (rows >= cols)
      split(rows, 16, [&](long first, long last, int) {
        if (last > first)
          gemm(blas, ta, tb, last - first, cols, k, a + first * (ta ? 1 : lda), b, 0.0F, c + first * cols,
               lda, ldb, cols);
      });
    else
      split(cols, 16, [&](long first, long last, int) {
        if (last > first)
          gemm(blas, ta, tb, rows, last - first, k, a, b + first * (tb ? ldb : 1), 0.0F, c + first, lda, ldb,
               cols);
      });
  }

  void forward(const Layer& to, const float* x, float* y) {
    product(false, false, s.batch, to.out, to.in, x, p.get() + to.weight, y);
  }
  void weight_gradient(const Layer& to, const float* x, const float* dy) {
    product(true, false, to.in, to.out, s.batch, x, dy, g.get() + to.weight);
  }
  void input_gradient(const Layer& to, const float* dy, float* dx) {
    product(false, true, s.batch, to.in, to.out, dy, p.get() + to.weight, dx);
  }

  // y = max(y + bias, 0)
  void activate(const Layer& to, float* y) {
    const float* bias = p.get() + to.bias;
    split(s.batch, 1, [&](long first, long last, int) {
      for (long i = first; i < last; ++i) {
        float* row = y + i * to.out;
        long j = 0;
        for (; j + W <= to.out; j += W) store(row + j, xsimd::max(load(row + j) + load(bias + j), B(0.0F)));
        for (; j < to.out; ++j) row[j] = std::max(row[j] + bias[j], 0.0F);
      }
    });
  }

  // dy = 0 where y is; the bias's gradient is the sum over rows. y's memory is free then.
  void deactivate(const Layer& to, const float* y, float* dy) {
    float* bias = g.get() + to.bias;
    split(to.out, W, [&](long first, long last, int) {
      long j = first;
      constexpr long wide = 4;
      for (; j + wide * W <= last; j += wide * W) {
        std::array<B, wide> total{B(0.0F), B(0.0F), B(0.0F), B(0.0F)};
        for (long i = 0; i < s.batch; ++i)
          for (long c = 0; c < wide; ++c) {
            const long at = i * to.out + j + c * W;
            const B d = xsimd::select(load(y + at) > B(0.0F), load(dy + at), B(0.0F));
            store(dy + at, d);
            total[static_cast<std::size_t>(c)] += d;
          }
        for (long c = 0; c < wide; ++c) store(bias + j + c * W, total[static_cast<std::size_t>(c)]);
      }
      for (; j < last; ++j) {
        float total = 0;
        for (long i = 0; i < s.batch; ++i) {
          float& d = dy[i * to.out + j];
          d = y[i * to.out + j] > 0 ? d : 0.0F;
          total += d;
        }
        bias[j] = total;
      }
    });
  }

  // heads += bias; z = loc + exp(log scale) noise; the divergence.
  float draw() {
    if (!noise_is_fixed) fill_normal(noise.get(), s.batch * s.latent, static_cast<std::uint32_t>(steps));
    const float* bias = p.get() + layers[1].bias;
    float total = 0;
    for (long i = 0; i < s.batch; ++i)
      for (long j = 0; j < s.latent; ++j) {
        float& loc = heads[static_cast<std::size_t>(i * 2 * s.latent + j)];
        float& log_scale = heads[static_cast<std::size_t>(i * 2 * s.latent + s.latent + j)];
        loc += bias[j];
        log_scale += bias[s.latent + j];
        const float scale = std::exp(log_scale);
        const auto at = static_cast<std::size_t>(i * s.latent + j);
        total += 0.5F * (scale * scale + loc * loc - 1.0F) - log_scale;
        z[at] = loc + scale * noise[at];
        dz[at] = scale;  // kept for the way back
      }
    return total;
  }

  // The heads' cotangents from z's, in the heads' place.
  void undraw(const float* cotangent) {
    float* bias = g.get() + layers[1].bias;
    std::fill_n(bias, 2 * s.latent, 0.0F);
    const float each = 1.0F / static_cast<float>(s.batch);
    for (long i = 0; i < s.batch; ++i)
      for (long j = 0; j < s.latent; ++j) {
        const auto at = static_cast<std::size_t>(i * s.latent + j);
        float& loc = heads[static_cast<std::size_t>(i * 2 * s.latent + j)];
        float& log_scale = heads[static_cast<std::size_t>(i * 2 * s.latent + s.latent + j)];
        const float scale = dz[at];
        log_scale = cotangent[at] * scale * noise[at] + (scale * scale - 1.0F) * each;
        loc = cotangent[at] + loc * each;
        bias[j] += loc;
        bias[s.latent + j] += log_scale;
      }
  }

  // Cross entropy, and its cotangent in the logits' place; the bias's gradient. The logarithms of up to 64
  // factors of at most 2 are taken at once, of their product.
  float cross_entropy(const float* x) {
    const Layer& to = layers[3];
    const float* bias = p.get() + to.bias;
    const float each = 1.0F / static_cast<float>(s.batch);
    split(s.batch, 1, [&](long first, long last, int t) {
      float* sums = columns.get() + t * widest;
      std::fill_n(sums, to.out, 0.0F);
      B total(0.0F);
      float rest = 0;
      for (long i = first; i < last; ++i) {
        float* row = l.get() + i * to.out;
        const float* pixel = x + i * to.out;
        B factors(1.0F);
        long j = 0;
        for (; j + W <= to.out; j += W) {
          const B logit = load(row + j) + load(bias + j);
          const B e = exp(-xsimd::abs(logit));
          const B one = B(1.0F) + e;
          const B r = B(1.0F) / one;
          factors *= one;
          const B on = load(pixel + j);
          total += xsimd::max(logit, B(0.0F)) - on * logit;
          const B d = (xsimd::select(logit > B(0.0F), r, e * r) - on) * B(each);
          store(row + j, d);
          store(sums + j, load(sums + j) + d);
        }
        for (; j < to.out; ++j) {
          const float logit = row[j] + bias[j];
          const float e = std::exp(-std::abs(logit));
          rest += std::max(logit, 0.0F) - pixel[j] * logit + std::log1p(e);
          row[j] = ((logit > 0 ? 1.0F : e) / (1.0F + e) - pixel[j]) * each;
          sums[j] += row[j];
        }
        total += xsimd::log(factors);
      }
      losses[static_cast<std::size_t>(t) * 16] = sum(total) + rest;
    });
    float* db = g.get() + to.bias;
    std::copy_n(columns.get(), to.out, db);
    float loss = losses[0];
    for (int t = 1; t < threads; ++t) {
      for (long j = 0; j < to.out; ++j) db[j] += columns[static_cast<std::size_t>(t * widest + j)];
      loss += losses[static_cast<std::size_t>(t) * 16];
    }
    return loss;
  }

  float gradient(const float* x) {
    forward(layers[0], x, h1.get());
    activate(layers[0], h1.get());
    forward(layers[1], h1.get(), heads.get());
    float loss = draw();
    forward(layers[2], z.get(), h2.get());
    activate(layers[2], h2.get());
    forward(layers[3], h2.get(), l.get());
    loss += cross_entropy(x);
    weight_gradient(layers[3], h2.get(), l.get());
    float* d = spare();
    input_gradient(layers[3], l.get(), d);
    deactivate(layers[2], h2.get(), d);
    weight_gradient(layers[2], z.get(), d);
    input_gradient(layers[2], d, z.get());
    undraw(z.get());
    weight_gradient(layers[1], h1.get(), heads.get());
    input_gradient(layers[1], heads.get(), d);
    deactivate(layers[0], h1.get(), d);
    weight_gradient(layers[0], x, d);
    return loss / static_cast<float>(s.batch);
  }

  // Cotangents of the hidden layers: h2's own memory is needed until its mask is applied.
  Array<float> spare_;
  float* spare() {
    if (!spare_) spare_ = array<float>(s.batch * s.hidden);
    return spare_.get();
  }

  void adam() {
    ++steps;
    const double t = static_cast<double>(steps);
    const float r = static_cast<float>(1e-3 / (1.0 - std::pow(0.9, t)));
    const float c = static_cast<float>(1.0 / (1.0 - std::pow(0.999, t)));
    split(size, W, [&](long first, long last, int) {
      for (long i = first; i < last; i += W) {  // there is a vector's width beyond the end
        const B d = load(g.get() + i);
        const B first_moment = xsimd::fma(B(0.9F), load(m.get() + i), B(0.1F) * d);
        const B second_moment = xsimd::fma(B(0.999F), load(v.get() + i), B(0.001F) * d * d);
        store(m.get() + i, first_moment);
        store(v.get() + i, second_moment);
        store(p.get() + i,
              load(p.get() + i) - B(r) * first_moment / (xsimd::sqrt(second_moment * B(c)) + B(1e-8F)));
      }
    });
  }
};

Vae::Vae(VaeSizes sizes, Blas blas, int threads, Share share)
    : impl_(std::make_unique<Impl>(sizes, blas, threads, std::move(share))) {}
Vae::~Vae() = default;

std::span<float> Vae::parameters() { return {impl_->p.get(), static_cast<std::size_t>(impl_->size)}; }
std::span<const float> Vae::gradient() const {
  return {impl_->g.get(), static_cast<std::size_t>(impl_->size)};
}

void Vae::fix_noise(std::span<const float> noise) {
  std::copy(noise.begin(), noise.end(), impl_->noise.get());
  impl_->noise_is_fixed = true;
}

float Vae::loss(const float* x) { return impl_->gradient(x); }

float Vae::step(const float* x) {
  const float loss = impl_->gradient(x);
  impl_->adam();
  return loss;
}

void Vae::products(const float* x) {
  Impl& i = *impl_;
  i.forward(i.layers[0], x, i.h1.get());
  i.forward(i.layers[1], i.h1.get(), i.heads.get());
  i.forward(i.layers[2], i.z.get(), i.h2.get());
  i.forward(i.layers[3], i.h2.get(), i.l.get());
  i.weight_gradient(i.layers[3], i.h2.get(), i.l.get());
  i.input_gradient(i.layers[3], i.l.get(), i.spare());
  i.weight_gradient(i.layers[2], i.z.get(), i.spare());
  i.input_gradient(i.layers[2], i.spare(), i.dz.get());
  i.weight_gradient(i.layers[1], i.h1.get(), i.heads.get());
  i.input_gradient(i.layers[1], i.heads.get(), i.spare());
  i.weight_gradient(i.layers[0], x, i.spare());
}

}  // namespace tapir::bench::hand
