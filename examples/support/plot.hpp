// Line plots as SVG.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tapir::examples {

enum class Scale { linear, logarithmic };

/// An axis; its ends are those of the data, rounded outwards to ticks, unless given.
struct Axis {
  std::string label = {};
  Scale scale = Scale::linear;
  std::optional<double> from = {}, to = {};
};

enum class Mark { line, points, line_and_points };

/// Named points (x[i], y[i]); where one is not finite, the line has a gap.
struct Series {
  std::string name = {};
  std::vector<double> x = {}, y = {};
  Mark mark = Mark::line_and_points;
  bool dashed = false;
};

/// A plot with a title, two labelled axes and a legend; colours are safe for the colour-blind, in the series'
/// order.
///
///   source    the palette is Okabe & Ito 2008
struct Plot {
  std::string title = {};
  Axis x = Axis(), y = Axis();  // with {}, g++ 12 warns of labels that are not initialised
  std::vector<Series> series = {};
  int width = 760, height = 460;
};

/// The plot as an SVG document.
///
///   errors    "[plot] series "score": 3 values of x, but 4 of y"
///             "[plot] series "score": y[2] is -1, but the axis is logarithmic"
///             "[plot] nothing to draw: no series has a finite point"
std::string svg(const Plot& plot);

/// Writes the plot, whole or not at all.
///
///   errors    "cannot write out/variance.svg: No such file or directory"
void write_svg(const std::filesystem::path& path, const Plot& plot);

}  // namespace tapir::examples
