// Progress: what a terminal and a file get to see, under a clock of our own.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/progress.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/text.hpp"

namespace tapir::examples {
namespace {

/// A screen whose clock and width the test sets.
struct Stage {
  std::ostringstream out;
  double now = 100;
  int columns = 100;

  Screen screen(bool terminal) {
    return {&out, terminal, [this] { return columns; }, [this] { return now; }};
  }
  /// What was drawn, one entry per redraw.
  std::vector<std::string> frames() const {
    const std::string text = out.str(), mark = "\r\033[K";
    std::vector<std::string> all;
    for (std::size_t at = text.find(mark); at != text.npos;) {
      const std::size_t next = text.find(mark, at + 1);
      all.push_back(text.substr(at + mark.size(), next == text.npos ? next : next - at - mark.size()));
      at = next;
    }
    return all;
  }
};

TEST_CASE("progress: a file gets one line per epoch and nothing else") {
  Stage stage;
  Progress progress({2, 1000}, stage.screen(false));
  for (const double elbo : {-151.234, -120.5}) {
    progress.begin_epoch();
    for (int i = 0; i < 10; ++i) {
      stage.now += 0.2;
      progress.advance(100, elbo);
    }
    progress.evaluating();
    stage.now += 5;  // the evaluation does not count
    const Pace pace = progress.end_epoch({elbo, elbo - 1});
    CHECK(pace.seconds == doctest::Approx(2));
    CHECK(pace.images_per_second == doctest::Approx(500));
  }
  CHECK(stage.out.str() ==
        "epoch  1/2   train ELBO   -151.23   test ELBO   -152.23   2.0 s   500 images/s\n"
        "epoch  2/2   train ELBO   -120.50   test ELBO   -121.50   2.0 s   500 images/s\n");
}

TEST_CASE("progress: a terminal is redrawn at most ten times a second") {
  Stage stage;
  Progress progress({1, 10000}, stage.screen(true));
  progress.begin_epoch();
  for (int i = 0; i < 1000; ++i) {
    stage.now += 0.001;
    progress.advance(10, -100);
  }
  CHECK(stage.frames().size() <= 11);
  CHECK(stage.frames().size() >= 9);
}

TEST_CASE("progress: the bar shows epoch, share, pace, ELBO and time left, and gives way to one line") {
  Stage stage;
  {
    Progress progress({3, 1000}, stage.screen(true));
    progress.begin_epoch();
    stage.now += 10;
    progress.advance(500, -120.25);
    const std::string bar = stage.frames().back();
    for (const char* part : {"epoch  1/3", " 50 %", "50 images/s", "ELBO -120.25", "0:50 left"}) {
      CHECK(bar.find(part) != bar.npos);
    }
    progress.end_epoch({-120.25});
  }
  CHECK(stage.frames().back() == "epoch  1/3   train ELBO   -120.25   10.0 s   50 images/s\n");
}

TEST_CASE("progress: the evaluation counts towards the time left") {
  Stage stage;
  Progress progress({3, 100}, stage.screen(true));
  progress.begin_epoch();
  stage.now += 10;
  progress.advance(100, -1);
  progress.evaluating();
  CHECK(stage.frames().back() == "epoch  1/3  evaluating ...");
  stage.now += 20;
  progress.end_epoch({-1, -1});
  progress.begin_epoch();
  stage.now += 5;
  progress.advance(50, -1);
  CHECK(stage.frames().back().find("0:45 left") != std::string::npos);
}

TEST_CASE("progress: no frame is as wide as the terminal, and the share stays longest") {
  for (int columns = 0; columns < 140; ++columns) {
    Stage stage;
    stage.columns = columns;
    Progress progress({10, 1000}, stage.screen(true));
    progress.begin_epoch();
    stage.now += 1;
    progress.advance(300, -1234.5);
    progress.evaluating();
    for (const std::string& frame : stage.frames()) {
      CHECK(static_cast<int>(character_count(frame)) <= std::max(columns - 1, 0));
      if (columns > 60) CHECK((frame.find("30 %") != frame.npos || frame.find("evaluating") != frame.npos));
    }
  }
}

TEST_CASE("progress: an unfinished bar is cleared, so that an error has the line to itself") {
  Stage stage;
  {
    Progress progress({1, 100}, stage.screen(true));
    progress.begin_epoch();
    stage.now += 1;
    progress.advance(10, -1);
  }
  CHECK(stage.out.str().ends_with("\r\033[K"));
}

TEST_CASE("clock_time: minutes and seconds, hours when there are any") {
  CHECK(clock_time(0) == "0:00");
  CHECK(clock_time(6.2) == "0:07");
  CHECK(clock_time(754) == "12:34");
  CHECK(clock_time(3723) == "1:02:03");
}

}  // namespace
}  // namespace tapir::examples
