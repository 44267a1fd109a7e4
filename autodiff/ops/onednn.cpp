// Products by oneDNN, each on the thread that asks for it.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/onednn.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string_view>

#include <tapir/autodiff/tensor/error.hpp>

#ifdef TAPIR_HAS_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
extern "C" {
int omp_get_max_threads();
void omp_set_num_threads(int);
}
#endif
#endif

namespace tapir::ops::onednn {

#ifdef TAPIR_HAS_ONEDNN

namespace {

// While it lives, oneDNN uses no thread but the one that made it; the user's setting comes back.
class Alone {
 public:
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;
#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
  Alone() : threads_(omp_get_max_threads()) {
    if (threads_ != 1) omp_set_num_threads(1);
  }
  ~Alone() {
    if (threads_ != 1) omp_set_num_threads(threads_);
  }

 private:
  int threads_;
#else
  Alone() {}
  ~Alone() {}
#endif
};

const dnnl::engine& processor() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

struct Operands {
  dnnl::memory::desc a, b, c;

  explicit Operands(const Bf16Products::Size& s)
      : a({s.m, s.k}, dnnl::memory::data_type::bf16, strides(s.transpose_a, s.row_a)),
        b({s.k, s.n}, dnnl::memory::data_type::bf16, strides(s.transpose_b, s.row_b)),
        c({s.m, s.n}, dnnl::memory::data_type::f32, strides(false, s.row_c)) {}

 private:
  static dnnl::memory::dims strides(bool transposed, Index row) {
    return transposed ? dnnl::memory::dims{1, row} : dnnl::memory::dims{row, 1};
  }
};

dnnl::matmul::primitive_desc description(const Operands& of) {
  const Alone alone;
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return {dnnl::matmul::desc(of.a, of.b, of.c), attr, processor()};
}

}  // namespace

bool found() { return true; }

bool sgemm(bool transpose_a, bool transpose_b, Index m, Index n, Index k, const float* a, Index row_a,
           const float* b, Index row_b, float* c, Index row_c) {
  const Alone alone;
  return dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0F, a, row_a, b, row_b, 0.0F,
                    c, row_c) == dnnl_success;
}

std::string lacks_bf16() {
  static const bool by_blocks = [] {
    try {
      const Operands operands({false, false, 64, 64, 64, 64, 64, 64});
      return std::string_view(description(operands).impl_info_str()).starts_with("brg");
    } catch (const dnnl::error&) {
      return false;
    }
  }();
  return by_blocks ? "" : "this machine's processor has neither AVX512_BF16 nor AMX";
}

struct Bf16Products::State {
  struct Arguments {
    dnnl::memory a, b, c, scratch;
  };
  std::vector<dnnl::matmul> products;
  std::vector<std::vector<Arguments>> arguments;  // [caller][size]
  std::vector<std::vector<std::byte>> scratch;    // [caller]
  std::vector<dnnl::stream> streams;              // [caller]
};

Bf16Products::Bf16Products(const std::vector<Size>& sizes, Index callers)
    : state_(std::make_shared<State>()) {
  const Alone alone;
  std::vector<Operands> operands;
  std::vector<dnnl::memory::desc> scratch;
  std::size_t most = 0;
  for (const Size& size : sizes) {
    operands.emplace_back(size);
    const auto made = description(operands.back());
    state_->products.emplace_back(made);
    scratch.push_back(made.scratchpad_desc());
    most = std::max(most, scratch.back().get_size());
  }
  constexpr std::size_t line = 64;
  state_->scratch.assign(static_cast<std::size_t>(callers), std::vector<std::byte>(most + line));
  for (auto& bytes : state_->scratch) {
    auto& row = state_->arguments.emplace_back();
    state_->streams.emplace_back(processor());
    const std::size_t past = std::bit_cast<std::uintptr_t>(bytes.data()) % line;
    for (std::size_t i = 0; i < sizes.size(); ++i)
      row.push_back({{operands[i].a, processor(), nullptr},
                     {operands[i].b, processor(), nullptr},
                     {operands[i].c, processor(), nullptr},
                     {scratch[i], processor(), bytes.data() + (line - past)}});
  }
}

void Bf16Products::operator()(Index caller, std::size_t size, const std::uint16_t* a, const std::uint16_t* b,
                              float* c) const {
  const Alone alone;
  const auto index = static_cast<std::size_t>(caller);
  const auto& [to_a, to_b, to_c, scratch] = state_->arguments[index][size];
  // The interface knows no constant operands.
  dnnl_memory_set_data_handle(to_a.get(), const_cast<std::uint16_t*>(a));
  dnnl_memory_set_data_handle(to_b.get(), const_cast<std::uint16_t*>(b));
  dnnl_memory_set_data_handle(to_c.get(), c);
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, to_a.get()},
                                       {DNNL_ARG_WEIGHTS, to_b.get()},
                                       {DNNL_ARG_DST, to_c.get()},
                                       {DNNL_ARG_SCRATCHPAD, scratch.get()}};
  dnnl_primitive_execute(state_->products[size].get(), state_->streams[index].get(), 4, arguments);
}

#else

bool found() { return false; }

bool sgemm(bool, bool, Index, Index, Index, const float*, Index, const float*, Index, float*, Index) {
  return false;
}

std::string lacks_bf16() {
  return "this build of tapir has no oneDNN (Debian's libdnnl-dev; CMake option TAPIR_ONEDNN)";
}

struct Bf16Products::State {};

Bf16Products::Bf16Products(const std::vector<Size>&, Index) { throw Error("matmul", lacks_bf16()); }

void Bf16Products::operator()(Index, std::size_t, const std::uint16_t*, const std::uint16_t*, float*) const {}

#endif

namespace {

inline __attribute__((always_inline)) void round_all(const float* from, std::uint16_t* to, Index n) {
  for (Index i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(from[i]);
    const std::uint32_t rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
    const std::uint32_t quiet = bits >> 16 | 0x40U;
    to[i] = static_cast<std::uint16_t>((bits & 0x7fffffffU) > 0x7f800000U ? quiet : rounded);
  }
}

}  // namespace

#if defined(__x86_64__)
// Machines that multiply bf16 have this much.
__attribute__((target("avx512f,avx512bw,avx512vl,prefer-vector-width=512"))) static void
round_wide(const float* from, std::uint16_t* to, Index n) {
  round_all(from, to, n);
}

void round_to_bf16(const float* from, std::uint16_t* to, Index n) {
  __builtin_cpu_supports("avx512bw") ? round_wide(from, to, n) : round_all(from, to, n);
}
#else
void round_to_bf16(const float* from, std::uint16_t* to, Index n) { round_all(from, to, n); }
#endif

}  // namespace tapir::ops::onednn
