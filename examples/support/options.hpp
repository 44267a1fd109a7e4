// Command lines: validated options, and one line for whatever goes wrong.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tapir::examples {

/// A command line that cannot be obeyed; `run_main` answers it with exit status 2.
struct UsageError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Thrown by `Options::parse` after it has printed the help; `run_main` answers it with exit status 0.
struct HelpShown {};

/// The options of a program. Each writes into a variable whose value is the default, shown by `--help`.
///
///   errors    "--batch is 0: it must be an integer of at least 1"
///             "--learning-rate is nan: it must be a finite number above 0"
///             "--estimator is scor: it must be one of pathwise, score"
///             "--batch needs a value", "--batch is given twice"
///             "unknown option --epoch (is --epochs meant?); --help lists the options"
///             "unexpected argument mnist; --help lists the options"
///   example   Options options("Trains a variational autoencoder on images of digits.");
///             options.count("--epochs", epochs, "passes over the training images");
///             options.positive("--learning-rate", learning_rate, "of Adam");
///             options.parse(argc, argv);
class Options {
 public:
  explicit Options(const std::string& summary);
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  /// An integer of at least `least`.
  template <std::integral Integer>
  Options& count(const std::string& name, Integer& target, const std::string& help, std::int64_t least = 1) {
    const auto most = std::in_range<std::int64_t>(std::numeric_limits<Integer>::max())
                          ? static_cast<std::int64_t>(std::numeric_limits<Integer>::max())
                          : std::numeric_limits<std::int64_t>::max();
    return integer(name, {least, most}, static_cast<std::int64_t>(target), help,
                   [&target](std::int64_t parsed) { target = static_cast<Integer>(parsed); });
  }

  /// An integer of 64 bits without sign.
  Options& seed(const std::string& name, std::uint64_t& target, const std::string& help);

  /// A finite number above 0.
  Options& positive(const std::string& name, double& target, const std::string& help);

  /// A finite number of at least 0.
  Options& non_negative(const std::string& name, double& target, const std::string& help);

  /// One of a few words.
  Options& choice(const std::string& name, std::string& target, std::vector<std::string> words,
                  const std::string& help);

  /// A name or another text that is not empty; `kind` (NAME) stands for it in the help.
  Options& text(const std::string& name, std::optional<std::string>& target, const std::string& kind,
                const std::string& help);

  /// A file or directory; `kind` (FILE, DIR) stands for it in the help.
  Options& path(const std::string& name, std::optional<std::filesystem::path>& target,
                const std::string& kind, const std::string& help);

  /// False unless it is given.
  Options& flag(const std::string& name, bool& target, const std::string& help);

  /// Reads the command line; `--help` prints the help and throws `HelpShown`, anything unusable throws
  /// `UsageError`.
  void parse(int argc, const char* const* argv);

 private:
  struct Bounds {
    std::int64_t least, most;
  };
  Options& integer(const std::string& name, Bounds bounds, std::int64_t initial, const std::string& help,
                   const std::function<void(std::int64_t)>& store);
  Options& value(const std::string& name, const std::string& kind, const std::string& initial,
                 const std::string& help, std::function<void(const std::string&)> store);

  struct Parser;
  std::unique_ptr<Parser> parser_;
};

/// Runs `body` and returns its exit status. An exception becomes one line on the standard error, "program:
/// message", and exit status 2 for a command line that cannot be obeyed, 1 for anything else.
///
///   example   int main(int argc, char** argv) { return run_main(argc, argv, train); }
int run_main(int argc, const char* const* argv, const std::function<int(int, const char* const*)>& body);

}  // namespace tapir::examples
