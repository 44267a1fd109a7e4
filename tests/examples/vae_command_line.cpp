// The command lines of the autoencoders: what cannot be obeyed gets one line and a status that is not 0.
// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "idx_files.hpp"
#include "program.hpp"

#ifdef TAPIR_PROGRAMS

namespace tapir::examples {
namespace {

using testing::Finished;
using testing::gzipped;
using testing::image_file;
using testing::label_file;
using testing::run_program;
using testing::TemporaryDirectory;
using testing::words;

using Arguments = std::vector<std::string>;

const std::vector<std::string> programs = {"vae", "discrete_vae"};

/// The line, without the program's name, that both programs answer with, and nothing else.
std::string refusal(const Arguments& arguments, int status) {
  std::string line;
  for (const std::string& program : programs) {
    const Finished finished = run_program(program, arguments);
    CHECK(finished.status == status);
    CHECK(finished.out.empty());
    REQUIRE(finished.error.starts_with(program + ": "));
    CHECK(finished.error.find('\n') == finished.error.size() - 1);
    const std::string rest =
        finished.error.substr(program.size() + 2, finished.error.size() - program.size() - 3);
    if (!line.empty()) CHECK(line == rest);
    line = rest;
  }
  return line;
}

/// A folder of four sound files, of which each test spoils one.
struct Data {
  TemporaryDirectory directory;

  Data() {
    directory.write("train-images-idx3-ubyte.gz", gzipped(image_file(6)));
    directory.write("train-labels-idx1-ubyte", label_file(6));
    directory.write("t10k-images-idx3-ubyte", image_file(4));
    directory.write("t10k-labels-idx1-ubyte.gz", gzipped(label_file(4)));
  }

  std::string path() const { return directory.path().string(); }

  /// The refusal, without the folder's name.
  std::string refused(Arguments more = {}, int status = 1) const {
    more.insert(more.begin(), {"--data", path()});
    std::string line = refusal(more, status);
    if (const auto at = line.find(path()); at != std::string::npos) line.replace(at, path().size(), "DIR");
    return line;
  }
};

TEST_CASE("autoencoders: options that cannot be obeyed") {
  CHECK(refusal({"--batch", "0"}, 2) == "--batch is 0: it must be an integer of at least 1");
  CHECK(refusal({"--epochs", "-1"}, 2) == "--epochs is -1: it must be an integer of at least 0");
  CHECK(refusal({"--latent", "0"}, 2) == "--latent is 0: it must be an integer of at least 1");
  CHECK(refusal({"--hidden", "0"}, 2) == "--hidden is 0: it must be an integer of at least 1");
  CHECK(refusal({"--threads", "0"}, 2) == "--threads is 0: it must be an integer of at least 1");
  CHECK(refusal({"--learning-rate", "nan"}, 2) ==
        "--learning-rate is nan: it must be a finite number above 0");
  CHECK(refusal({"--learning-rate", "-1"}, 2) == "--learning-rate is -1: it must be a finite number above 0");
  CHECK(refusal({"--seed", "-1"}, 2) == "--seed is -1: it must be an integer from 0 to 18446744073709551615");
  CHECK(refusal({"--epoch", "1"}, 2) ==
        "unknown option --epoch (is --epochs meant?); --help lists the options");
  CHECK(refusal({"--epochs"}, 2) == "--epochs needs a value");
}

TEST_CASE("vae: an estimator that does not exist") {
  const Finished finished = run_program("vae", {"--estimator", "scor"});
  CHECK(finished.status == 2);
  CHECK(finished.error == "vae: --estimator is scor: it must be one of pathwise, score\n");
}

TEST_CASE("autoencoders: data that are none") {
  CHECK(refusal({"--data", "/nowhere/mnist"}, 1) == "the data directory /nowhere/mnist does not exist");
  const Data data;
  const std::string sound = gzipped(image_file(6));
  data.directory.write("train-images-idx3-ubyte.gz", sound.substr(0, sound.size() / 2));
  CHECK(data.refused().starts_with("DIR/train-images-idx3-ubyte.gz: truncated gzip data: "));
  data.directory.write("train-images-idx3-ubyte.gz", gzipped(label_file(6)));
  CHECK(data.refused() ==
        "DIR/train-images-idx3-ubyte.gz: magic number 0x00000801, but IDX images start with 0x00000803");
  data.directory.write("train-images-idx3-ubyte.gz",
                       gzipped(words({0x803, 6, 32, 32}) + std::string(6 * 1024, '\0')));
  CHECK(data.refused() == "DIR/train-images-idx3-ubyte.gz: holds images of 32x32, but 28x28 are needed");
  data.directory.write("train-images-idx3-ubyte.gz", gzipped(image_file(5)));
  CHECK(data.refused() ==
        "DIR: train-images-idx3-ubyte.gz holds 5 images, but train-labels-idx1-ubyte 6 labels");
}

TEST_CASE("autoencoders: a batch that is larger than the data") {
  CHECK(Data().refused({"--batch", "7"}, 2) == "--batch is 7: the training set has 6 images");
}

TEST_CASE("autoencoders: places that cannot be written to") {
  const Data data;
  const std::string file = data.path() + "/t10k-images-idx3-ubyte";
  CHECK(data.refused({"--batch", "6", "--out", file + "/pictures"})
            .starts_with("cannot create the directory DIR"));
  CHECK(data.refused({"--batch", "6", "--metrics", "/nowhere/m.jsonl"}) ==
        "cannot write /nowhere/m.jsonl: No such file or directory");
}

TEST_CASE("autoencoders: a run that diverges says so in one line") {
  const Data data;
  const Finished finished = run_program(
      "vae", {"--data", data.path(), "--batch", "3", "--epochs", "50", "--learning-rate", "1e30"});
  CHECK(finished.status == 1);
  CHECK(finished.error.find("nothing was stored") != std::string::npos);
  CHECK(finished.error.find('\n') == finished.error.size() - 1);
}

TEST_CASE("autoencoders: --help lists the options") {
  for (const std::string& program : programs) {
    const Finished finished = run_program(program, {"--help"});
    CHECK(finished.status == 0);
    CHECK(finished.error.empty());
    for (const char* option : {"--data", "--epochs", "--batch", "--hidden", "--latent", "--learning-rate",
                               "--seed", "--threads", "--out", "--metrics", "--help"})
      CHECK(finished.out.find(option) != std::string::npos);
  }
  CHECK(run_program("vae", {"--help"}).out.find("--estimator") != std::string::npos);
}

}  // namespace
}  // namespace tapir::examples

#endif
