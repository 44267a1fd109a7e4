// Children on two pipes.
// SPDX-License-Identifier: BSD-3-Clause
#include "served.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contest.hpp"
#include "vae.hpp"

namespace tapir::bench {
namespace {

double own_peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024.0;
  return 0.0;
}

}  // namespace

std::unique_ptr<Served> Served::start(const std::vector<std::string>& command) {
  (void)std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> down{}, up{};
  if (pipe2(down.data(), O_CLOEXEC) != 0 || pipe2(up.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  const int child = fork();
  if (child == 0) {
    dup2(down[0], 0);
    dup2(up[1], 1);
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execvp(words[0], words.data());
    _exit(127);
  }
  close(down[0]);
  close(up[1]);
  std::unique_ptr<Served> served(new Served);
  served->child_ = child;
  served->to_ = fdopen(down[1], "w");
  served->from_ = fdopen(up[0], "r");
  std::array<char, 256> line{};
  if (!std::fgets(line.data(), line.size(), served->from_) || std::string(line.data()) != "ready\n")
    return nullptr;
  return served;
}

Served::~Served() {
  if (to_) std::fclose(to_);
  if (from_) std::fclose(from_);
  if (child_ > 0) waitpid(child_, nullptr, 0);
}

std::string Served::ask(const std::string& question) {
  std::fputs((question + "\n").c_str(), to_);
  std::fflush(to_);
  std::array<char, 256> line{};
  if (!std::fgets(line.data(), line.size(), from_)) throw std::runtime_error("a child has gone");
  return line.data();
}

double Served::seconds(std::size_t repeats) { return std::stod(ask("run " + std::to_string(repeats))); }
void Served::choose(std::size_t step) { (void)ask("choose " + std::to_string(step)); }
double Served::peak_mib() { return std::stod(ask("memory")); }

std::string folder_of_program() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

std::vector<std::string> self(std::vector<std::string> words) {
  std::vector<std::string> command{"/proc/self/exe", "--serve"};
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

int serve(const std::vector<std::string>& words) {
  const auto step = vae_contestant(words);
  step();
  std::puts("ready");
  std::fflush(stdout);
  std::array<char, 256> line{};
  while (std::fgets(line.data(), line.size(), stdin)) {
    const std::string question = line.data();
    if (question == "memory\n") {
      std::printf("%.3f\n", own_peak_mib());
    } else {
      const auto repeats = std::stoul(question.substr(4));
      const double start = wall_seconds();
      for (std::size_t i = 0; i < repeats; ++i) step();
      std::printf("%.9f\n", wall_seconds() - start);
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace tapir::bench
