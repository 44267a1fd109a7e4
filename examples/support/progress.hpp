// Progress of a training run: a live bar on a terminal, plain lines elsewhere.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace tapir::examples {

/// Where progress goes and what the clock says; the defaults are the program's own, tests give theirs.
struct Screen {
  std::ostream* out;
  bool terminal;                    ///< may lines be redrawn?
  std::function<int()> columns;     ///< asked at every redraw, so a resized window is followed
  std::function<double()> seconds;  ///< a clock that never goes back
};

/// The standard output, and the steady clock.
Screen standard_screen();

/// How long a run takes: epochs, and images per epoch.
struct Run {
  std::size_t epochs, images;
};

/// What is known at the end of an epoch; ELBOs in nats per image.
struct EpochResult {
  double train_elbo;
  std::optional<double> test_elbo = {};
};

/// How fast the epoch went: training alone, without the evaluation.
struct Pace {
  double seconds, images_per_second;
};

/// Shows a training run: on a terminal one line that is redrawn at most ten times a second and fits its
/// width,
///
///   epoch  3/10  ━━━━━━━━━━━━━━━━────────────  58 %   21834 images/s   ELBO -106.32   1:23 left
///
/// and at the end of each epoch, on any output, one line that stays,
///
///   epoch  3/10   train ELBO  -106.21   test ELBO  -105.10   2.7 s   21834 images/s
///
/// The bar is drawn in ASCII unless the locale is UTF-8. An unfinished bar is cleared when the object dies,
/// so that an error message has its line to itself.
///
///   example   Progress progress({epochs, data.train.size()});
///             for (...) { progress.begin_epoch(); for (...) progress.advance(batch.rows.size(), elbo);
///                         progress.evaluating(); progress.end_epoch({train_elbo, test_elbo}); }
class Progress {
 public:
  explicit Progress(Run run, Screen screen = standard_screen());
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void begin_epoch();

  /// Some images are done; `elbo` is theirs, per image (the bar shows a running mean of it).
  void advance(std::size_t images, double elbo);

  /// The epoch's training is over, its clock stops; says so while the test set is evaluated.
  void evaluating();

  /// Replaces the bar by the epoch's line.
  Pace end_epoch(const EpochResult& result);

 private:
  void draw();
  void show(const std::string& line);
  void show_cut(const std::string& ascii);
  void clear();
  std::string time_left() const;
  double epoch_seconds() const;

  Run run_;
  Screen screen_;
  std::size_t epoch_ = 0, images_ = 0;
  double elbo_ = 0;
  double started_, epoch_started_ = 0, drawn_ = 0;
  std::optional<double> trained_;  // when the epoch's training was over
  bool visible_ = false;
};

/// "0:07", "12:34", "1:02:03".
std::string clock_time(double seconds);

}  // namespace tapir::examples
