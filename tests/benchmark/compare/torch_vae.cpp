// The autoencoder's training step in libtorch: served on standard input as served.hpp says.
// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include <torch/torch.h>

namespace {

struct VaeImpl : torch::nn::Module {
  torch::nn::Linear hidden, heads, up, out;

  explicit VaeImpl(long h) : hidden(784, h), heads(h, 40), up(20, h), out(h, 784) {
    register_module("hidden", hidden);
    register_module("heads", heads);
    register_module("up", up);
    register_module("out", out);
  }

  torch::Tensor loss(const torch::Tensor& x) {
    const auto parts = heads(torch::relu(hidden(x))).chunk(2, 1);
    const auto loc = parts[0], log_scale = parts[1], scale = log_scale.exp();
    const auto z = loc + scale * torch::randn_like(scale);
    const auto logits = out(torch::relu(up(z)));
    const auto misfit = torch::nn::functional::binary_cross_entropy_with_logits(
        logits, x, torch::nn::functional::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kSum));
    const auto divergence = (0.5 * (scale * scale + loc * loc - 1) - log_scale).sum();
    return (misfit + divergence) / x.size(0);
  }
};
TORCH_MODULE(Vae);

double peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / 1024;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const long batch = std::atol(argv[1]), h = std::atol(argv[2]);
  torch::set_num_threads(std::atoi(argv[3]));
  Vae vae(h);
  torch::optim::Adam adam(vae->parameters(), torch::optim::AdamOptions(1e-3));
  const auto x = (torch::rand({batch, 784}) < 0.19).to(torch::kFloat32);
  const auto step = [&] {
    adam.zero_grad();
    vae->loss(x).backward();
    adam.step();
  };
  for (int i = 0; i < 3; ++i) step();
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "memory") {
      std::cout << peak_mib() << std::endl;
      continue;
    }
    const long repeats = std::stol(line.substr(4));
    const auto start = std::chrono::steady_clock::now();
    for (long i = 0; i < repeats; ++i) step();
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
  }
  return 0;
}
