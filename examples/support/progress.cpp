// Progress of a training run: a live bar on a terminal, plain lines elsewhere.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/progress.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tapir::examples {
namespace {

constexpr double redraw_seconds = 0.1;
constexpr int narrowest_bar = 10, widest_bar = 40;

int terminal_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    return locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
  }
  return false;
}

std::string repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

std::string bar(double fraction, int width) {
  const int full = static_cast<int>(std::floor(std::clamp(fraction, 0.0, 1.0) * width));
  if (utf8_locale()) return repeated("━", full) + repeated("─", width - full);
  return '[' + repeated("=", full) + repeated(" ", width - full) + ']';
}

bool dumb_terminal() {
  const char* kind = std::getenv("TERM");
  return kind == nullptr || std::string_view(kind) == "dumb";
}

}  // namespace

std::string clock_time(double seconds) {
  const auto whole = static_cast<long long>(std::ceil(std::clamp(seconds, 0.0, 1e9)));
  const long long hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, rest);
  return fmt::format("{}:{:02}", minutes, rest);
}

Screen standard_screen() {
  return {&std::cout, ::isatty(STDOUT_FILENO) != 0 && !dumb_terminal(), terminal_columns, steady_seconds};
}

Progress::Progress(Run run, Screen screen)
    : run_(run), screen_(std::move(screen)), started_(screen_.seconds()) {}

Progress::~Progress() { clear(); }

void Progress::begin_epoch() {
  ++epoch_;
  images_ = 0;
  trained_.reset();
  epoch_started_ = screen_.seconds();
  drawn_ = epoch_started_ - redraw_seconds;
}

void Progress::advance(std::size_t images, double elbo) {
  constexpr double memory = 0.95;  // of the running mean that the bar shows
  elbo_ = images_ == 0 ? elbo : memory * elbo_ + (1 - memory) * elbo;
  images_ += images;
  draw();
}

void Progress::evaluating() {
  trained_ = screen_.seconds();
  if (screen_.terminal) show_cut(fmt::format("epoch {:>2}/{}  evaluating ...", epoch_, run_.epochs));
}

Pace Progress::end_epoch(const EpochResult& result) {
  clear();
  if (!trained_) trained_ = screen_.seconds();
  const double seconds = epoch_seconds();
  const Pace pace{seconds, seconds > 0 ? static_cast<double>(images_) / seconds : 0.0};
  std::string line =
      fmt::format("epoch {:>2}/{}   train ELBO {:9.2f}", epoch_, run_.epochs, result.train_elbo);
  if (result.test_elbo) line += fmt::format("   test ELBO {:9.2f}", *result.test_elbo);
  line += fmt::format("   {:.1f} s   {:.0f} images/s", pace.seconds, pace.images_per_second);
  *screen_.out << line << '\n' << std::flush;
  return pace;
}

double Progress::epoch_seconds() const { return trained_.value_or(screen_.seconds()) - epoch_started_; }

/// Whole epochs tell what an epoch costs, evaluation included; within the first there is only its own pace.
std::string Progress::time_left() const {
  const double now = screen_.seconds();
  const double done =
      static_cast<double>(images_) / static_cast<double>(std::max<std::size_t>(run_.images, 1));
  const double before = static_cast<double>(epoch_ - 1),
               left = static_cast<double>(run_.epochs) - before - done;
  const double per_epoch = epoch_ > 1 ? (epoch_started_ - started_) / before : (now - epoch_started_) / done;
  return clock_time(left * per_epoch);
}

void Progress::draw() {
  const double now = screen_.seconds();
  if (!screen_.terminal || now - drawn_ < redraw_seconds) return;
  drawn_ = now;
  const double fraction =
      static_cast<double>(images_) / static_cast<double>(std::max<std::size_t>(run_.images, 1));
  const double elapsed = now - epoch_started_;
  const std::string head = fmt::format("epoch {:>2}/{}", epoch_, run_.epochs);
  const std::string share = fmt::format(" {:3.0f} %", 100 * fraction);
  const std::string rate =
      fmt::format("   {:.0f} images/s", elapsed > 0 ? static_cast<double>(images_) / elapsed : 0);
  const std::string elbo = fmt::format("   ELBO {:.2f}", elbo_);
  const std::string left = fmt::format("   {} left", time_left());
  // A line as wide as the terminal would wrap; what does not fit goes, the least needed first.
  const int room = screen_.columns() - 1;
  for (const std::string& tail : {share + rate + elbo + left, share + elbo + left, share + left, share}) {
    const int space = room - static_cast<int>(head.size() + tail.size()) - 4;
    if (space >= narrowest_bar) return show(head + "  " + bar(fraction, std::min(space, widest_bar)) + tail);
  }
  show_cut(head + share);
}

void Progress::show_cut(const std::string& ascii) {
  show(ascii.substr(0, static_cast<std::size_t>(std::max(screen_.columns() - 1, 0))));
}

void Progress::show(const std::string& line) {
  *screen_.out << "\r\033[K" << line << std::flush;
  visible_ = true;
}

void Progress::clear() {
  if (visible_) *screen_.out << "\r\033[K" << std::flush;
  visible_ = false;
}

}  // namespace tapir::examples
