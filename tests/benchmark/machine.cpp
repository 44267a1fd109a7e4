// Processor, load, instruction set, BLAS.
// SPDX-License-Identifier: BSD-3-Clause
#include "machine.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

#include <cblas.h>
#include <fmt/format.h>

#include <tapir/autodiff/ops/kernels/table.hpp>

#include <benchmark/benchmark.h>

#include "hand/gemm.hpp"

namespace tapir::bench {
namespace {

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

}  // namespace

void describe_machine() {
  const auto& cpu = benchmark::CPUInfo::Get();
  double load[1] = {0.0};
  (void)getloadavg(load, 1);
  fmt::print("{}, {} processors, load {:.2f}\n", processor(), cpu.num_cpus, load[0]);
  for (const auto& cache : cpu.caches)
    fmt::print("L{} {} {} KiB  ", cache.level, cache.type, cache.size / 1024);
  fmt::print("\ntapir: kernels for {}, products by {} ({})\n", kernels::name_of(kernels::instruction_set()),
             openblas_get_config(), openblas_get_corename());
  fmt::print("hand-written code: {}; oneDNN {}\n", TAPIR_HAND_FLAGS,
             hand::has_gemm(hand::Blas::onednn) ? "found" : "not found");
  fmt::print("g++ {}\n", __VERSION__);
}

}  // namespace tapir::bench
