// xtensor with xsimd, operation by operation and as one expression; and a loop of batches.
// SPDX-License-Identifier: BSD-3-Clause
#include "hand/chains.hpp"

#include <memory>

#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>

#include "hand/simd.hpp"

namespace tapir::bench::hand {
namespace {

using V = xt::xtensor<float, 1>;

struct Data {
  V x, w, b, g, y, dx, dw, db;

  Data(const Values& x_, const Values& w_, const Values& b_, const Values& g_)
      : x(of(x_)), w(of(w_)), b(of(b_)), g(of(g_)), y(empty()), dx(empty()), dw(empty()), db(empty()) {}

  V empty() const { return V::from_shape({x.size()}); }
  static V of(const Values& values) {
    V v = V::from_shape({values.size()});
    std::copy(values.begin(), values.end(), v.begin());
    return v;
  }
  std::vector<Values> results() const {
    std::vector<Values> all;
    for (const V* v : {&y, &dx, &dw, &db}) all.emplace_back(v->begin(), v->end());
    return all;
  }
};

// Every intermediate value has memory of its own; forward's are kept for the gradient.
struct Stepwise : Data {
  V xw, a, t, x2, h, e, gt, ge, one, t2, da, gx, ga;
  explicit Stepwise(const Data& data) : Data(data) {
    for (V* v : {&xw, &a, &t, &x2, &h, &e, &gt, &ge, &one, &t2, &da, &gx, &ga}) *v = empty();
  }
  void forward() {
    xt::noalias(xw) = x * w;
    xt::noalias(a) = xw + b;
    xt::noalias(t) = xt::tanh(a);
    xt::noalias(x2) = x * x;
    xt::noalias(h) = -0.5F * x2;
    xt::noalias(e) = xt::exp(h);
    xt::noalias(y) = t * e;
  }
  void gradient() {
    forward();
    xt::noalias(gt) = g * e;
    xt::noalias(ge) = g * y;  // g t e: the cotangent of h
    xt::noalias(t2) = t * t;
    xt::noalias(one) = 1.0F - t2;
    xt::noalias(db) = gt * one;
    xt::noalias(dw) = db * x;
    xt::noalias(ga) = db * w;
    xt::noalias(gx) = ge * x;
    xt::noalias(dx) = ga - gx;
  }
};

// Shared parts are computed once, into memory: an expression that names them twice would compute them twice.
struct Whole : Data {
  V t, e;
  explicit Whole(const Data& data) : Data(data), t(empty()), e(empty()) {}
  void forward() { xt::noalias(y) = xt::tanh(x * w + b) * xt::exp(-0.5F * x * x); }
  void gradient() {
    xt::noalias(t) = xt::tanh(x * w + b);
    xt::noalias(e) = xt::exp(-0.5F * x * x);
    xt::noalias(y) = t * e;
    xt::noalias(db) = g * e * (1.0F - t * t);
    xt::noalias(dw) = db * x;
    xt::noalias(dx) = db * w - g * y * x;
  }
};

struct Loop : Data {
  explicit Loop(const Data& data) : Data(data) {}
  template <bool Gradient>
  void run() {
    using B = Batch<float>;
    const long n = static_cast<long>(x.size());
    for (long i = 0; i < n; i += width<float>) {
      const B xi = at(x, i, n), wi = at(w, i, n);
      const B ti = tanh(xi * wi + at(b, i, n)), ei = exp(B(-0.5F) * xi * xi), yi = ti * ei;
      to(y, i, n, yi);
      if constexpr (Gradient) {
        const B gi = at(g, i, n), d = gi * ei * (B(1.0F) - ti * ti);
        to(db, i, n, d);
        to(dw, i, n, d * xi);
        to(dx, i, n, d * wi - gi * yi * xi);
      }
    }
  }
  static Batch<float> at(const V& v, long i, long n) {
    if (i + width<float> <= n) return load(v.data() + i);
    float lanes[width<float>] = {};
    std::copy(v.data() + i, v.data() + n, lanes);
    return load(lanes);
  }
  static void to(V& v, long i, long n, Batch<float> value) {
    if (i + width<float> <= n) return store(v.data() + i, value);
    float lanes[width<float>];
    store(lanes, value);
    std::copy_n(lanes, n - i, v.data() + i);
  }
  void forward() { run<false>(); }
  void gradient() { run<true>(); }
};

template <class T>
Chain chain(const Values& x, const Values& w, const Values& b, const Values& g) {
  auto one = std::make_shared<T>(Data(x, w, b, g));
  return {[one] { one->forward(); }, [one] { one->gradient(); }, [one] { return one->results(); }};
}

}  // namespace

Chain chain_by_operation(const Values& x, const Values& w, const Values& b, const Values& g) {
  return chain<Stepwise>(x, w, b, g);
}
Chain chain_by_expression(const Values& x, const Values& w, const Values& b, const Values& g) {
  return chain<Whole>(x, w, b, g);
}
Chain chain_by_hand(const Values& x, const Values& w, const Values& b, const Values& g) {
  return chain<Loop>(x, w, b, g);
}

}  // namespace tapir::bench::hand
