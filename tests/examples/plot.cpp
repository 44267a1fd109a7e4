// Plots: what an SVG contains, and what cannot be drawn.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/plot.hpp"

#include <limits>

#include <doctest/doctest.h>

#include "temporary.hpp"

namespace tapir::examples {
namespace {

using testing::message_of;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_CASE("plot: title, labels, legend and points are there, escaped") {
  const std::string page = svg({.title = "a < b & c",
                                .x = {.label = "epoch"},
                                .y = {.label = "\"ELBO\""},
                                .series = {{.name = "train", .x = {1, 2, 3}, .y = {4, 5, 6}},
                                           {.name = "test", .x = {1, 2}, .y = {4, 5}, .mark = Mark::line}}});
  for (const char* part : {"a &lt; b &amp; c", ">epoch<", "&quot;ELBO&quot;", ">train<", ">test<"}) {
    CHECK(contains(page, part));
  }
  CHECK(occurrences(page, "<circle") == 3 + 1);  // the points of `train` and its mark in the legend
  CHECK(page.starts_with("<svg "));
  CHECK(page.ends_with("</svg>\n"));
  CHECK(occurrences(page, "<g") == occurrences(page, "</g>"));
}

TEST_CASE("plot: linear ticks are round numbers around the data") {
  const std::string page = svg({.series = {{.x = {0.013, 0.987}, .y = {-160.2, -101}}}});
  for (const char* tick : {">0.0<", ">0.2<", ">1.0<", ">\u2212100<", ">\u2212160<", ">\u2212180<"}) {
    CHECK(contains(page, tick));
  }
  CHECK(contains(svg({.series = {{.x = {-1e6, 0}, .y = {0, 1}}}}), "\u2212200\u00a0000"));
}

TEST_CASE("plot: logarithmic ticks are decades") {
  const Axis logarithmic{.scale = Scale::logarithmic};
  const std::string few = svg({.x = logarithmic, .series = {{.x = {2, 700}, .y = {0, 1}}}});
  for (const char* tick : {">1<", ">10<", ">100<", ">1000<"}) CHECK(contains(few, tick));
  const std::string many = svg({.x = logarithmic, .series = {{.x = {1e-8, 1e9}, .y = {0, 1}}}});
  CHECK(contains(many, "10<tspan dy=\"-5\" font-size=\"9\">\u22128</tspan>"));
  const std::string short_range = svg({.x = logarithmic, .series = {{.x = {1.1, 1.9}, .y = {0, 1}}}});
  CHECK(contains(short_range, ">1.5<"));
}

TEST_CASE("plot: a value that is not finite leaves a gap") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string page =
      svg({.series = {{.x = {1, 2, 3, 4, 5}, .y = {1, 2, nan, 2, 1}, .mark = Mark::line}}});
  const auto curve = page.find("clip-path=");
  const std::string path = page.substr(curve, page.find("fill", curve) - curve);
  CHECK(occurrences(path, "M") == 2);
  CHECK(occurrences(path, "L") == 2);
  CHECK(!contains(page, "nan"));
}

TEST_CASE("plot: one point, or equal values, still make a plot") {
  for (const Scale scale : {Scale::linear, Scale::logarithmic}) {
    const std::string page = svg({.y = {.scale = scale}, .series = {{.x = {3, 4}, .y = {2, 2}}}});
    CHECK(!contains(page, "nan"));
    CHECK(!contains(page, "inf"));
  }
}

TEST_CASE("plot: what cannot be drawn is refused") {
  const Axis logarithmic{.scale = Scale::logarithmic};
  CHECK(message_of([] {
          svg({.series = {{.name = "a", .x = {1, 2, 3}, .y = {1}}}});
        }) == "[plot] series \"a\": 3 values of x, but 1 of y");
  CHECK(message_of([&] {
          svg({.y = logarithmic, .series = {{.name = "a", .x = {1, 2}, .y = {1, -1}}}});
        }) == "[plot] series \"a\": y[1] is -1, but the axis is logarithmic");
  CHECK(message_of([] { svg({}); }) == "[plot] nothing to draw: no series has a finite point");
  Plot backwards{.series = {{.x = {1}, .y = {1}}}};
  backwards.x = {.label = "n", .from = 3, .to = 1};
  CHECK(message_of([&] { svg(backwards); }) == "[plot] axis \"n\" cannot run from 3 to 1");
}

TEST_CASE("plot: a file that cannot be written is named with the reason") {
  const testing::TemporaryDirectory directory;
  const auto path = directory.path() / "none" / "p.svg";
  const Plot plot{.series = {{.x = {1}, .y = {1}}}};
  CHECK(message_of([&] { write_svg(path, plot); }) ==
        "cannot write " + path.string() + ": No such file or directory");
  write_svg(directory.path() / "p.svg", plot);
  CHECK(testing::contents(directory.path() / "p.svg") == svg(plot));
}

}  // namespace
}  // namespace tapir::examples
