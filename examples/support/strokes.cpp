// Handwritten-looking digits: glyphs as points, splines through them, a round pen.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/strokes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "support/random.hpp"

namespace tapir::examples {
namespace {

struct Point {
  double x = 0, y = 0;
};
Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
Point operator*(double s, Point p) { return {s * p.x, s * p.y}; }
double dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }

/// A point the pen passes through, x to the right and y down in a box of height 1; smoothly, unless it is a
/// corner.
struct Knot {
  Point at;
  bool corner = false;
};
using Stroke = std::vector<Knot>;

Knot corner(double x, double y) { return {{x, y}, true}; }

/// One way of writing a digit, and how often it is met.
struct Glyph {
  double weight;
  std::vector<Stroke> strokes;
};

using Alphabet = std::array<std::vector<Glyph>, 10>;

const Alphabet& alphabet() {
  static const Alphabet glyphs = [] {
    const auto k = [](double x, double y) { return Knot{{x, y}}; };
    Alphabet a;
    a[0] = {{3,
             {{k(.60, .03), k(.30, .10), k(.12, .48), k(.22, .86), k(.50, .99), k(.80, .82), k(.90, .45),
               k(.76, .12), k(.52, .03)}}},
            {1,
             {{k(.45, .02), k(.16, .22), k(.10, .62), k(.32, .96), k(.66, .92), k(.88, .58), k(.80, .18),
               k(.50, .00), k(.34, .12)}}}};
    a[1] = {{6, {{k(.50, .00), k(.49, .50), k(.50, 1.0)}}},
            {2, {{k(.30, .20), corner(.52, .00), k(.50, .50), k(.50, 1.0)}}},
            {1, {{k(.28, .22), corner(.52, .00), k(.50, .50), k(.50, .98)}, {k(.22, .99), k(.80, .98)}}}};
    a[2] = {{3,
             {{k(.14, .24), k(.34, .04), k(.66, .05), k(.80, .26), k(.64, .54), k(.34, .82), corner(.08, .97),
               k(.48, .95), k(.92, .95)}}},
            {2,
             {{k(.14, .22), k(.40, .02), k(.74, .12), k(.74, .40), k(.46, .76), k(.20, .95), k(.09, .85),
               k(.26, .76), k(.56, .90), k(.94, .92)}}}};
    a[3] = {{4,
             {{k(.16, .14), k(.42, .01), k(.74, .10), k(.72, .34), corner(.38, .47), k(.74, .56), k(.86, .76),
               k(.62, .97), k(.30, .98), k(.08, .86)}}},
            {1,
             {{k(.14, .05), corner(.80, .04), corner(.42, .42), k(.76, .54), k(.84, .78), k(.52, .99),
               k(.10, .88)}}}};
    a[4] = {{4,
             {{k(.18, .04), k(.12, .32), k(.20, .50), k(.50, .52), k(.92, .45)},
              {k(.80, .02), k(.74, .50), k(.70, 1.0)}}},
            {1, {{k(.62, .02), corner(.08, .60), k(.94, .58)}, {k(.66, .04), k(.64, .50), k(.62, 1.0)}}},
            {1,
             {{k(.18, .06), k(.12, .36), corner(.20, .50), corner(.78, .48)},
              {k(.82, .04), k(.76, .55), k(.74, 1.0)}}}};
    a[5] = {{3,
             {{k(.24, .05), k(.20, .24), corner(.17, .46), k(.48, .36), k(.80, .52), k(.80, .80), k(.48, .99),
               k(.10, .90)},
              {k(.23, .05), k(.54, .05), k(.88, .02)}}},
            {2,
             {{k(.90, .02), k(.60, .03), corner(.28, .07), corner(.20, .44), k(.54, .42), k(.82, .64),
               k(.62, .93), k(.08, .95)}}}};
    a[6] = {{3,
             {{k(.68, .01), k(.38, .24), k(.17, .60), k(.24, .90), k(.52, .99), k(.80, .84), k(.74, .61),
               k(.48, .56), k(.22, .76)}}},
            {1,
             {{k(.44, .00), k(.20, .36), k(.12, .74), k(.34, .98), k(.70, .92), k(.78, .70), k(.54, .58),
               k(.18, .74)}}}};
    a[7] = {{4, {{k(.08, .08), k(.46, .06), corner(.90, .04), k(.64, .46), k(.46, 1.0)}}},
            {1,
             {{k(.08, .06), k(.46, .06), corner(.88, .04), k(.62, .46), k(.42, 1.0)},
              {k(.30, .52), k(.82, .48)}}},
            {1, {{k(.08, .22), corner(.12, .06), k(.50, .08), corner(.90, .04), k(.66, .46), k(.56, 1.0)}}}};
    a[8] = {{3,
             {{k(.80, .12), k(.50, .01), k(.22, .16), k(.36, .40), k(.66, .58), k(.80, .82), k(.50, .99),
               k(.18, .84), k(.32, .60), k(.66, .40), k(.82, .16)}}},
            {1,
             {{k(.56, .02), k(.26, .12), k(.30, .38), k(.56, .46), k(.78, .30), k(.74, .10), k(.52, .02)},
              {k(.54, .46), k(.22, .62), k(.20, .88), k(.50, .99), k(.82, .84), k(.76, .58), k(.50, .46)}}}};
    a[9] = {{3,
             {{k(.78, .14), k(.50, .02), k(.20, .20), k(.26, .46), k(.54, .46), corner(.80, .18), k(.76, .58),
               k(.68, 1.0)}}},
            {1,
             {{k(.78, .12), k(.46, .02), k(.20, .22), k(.30, .46), k(.60, .42), corner(.80, .16), k(.80, .66),
               k(.58, .97), k(.22, .90)}}}};
    return a;
  }();
  return glyphs;
}

const Glyph& pick(const std::vector<Glyph>& glyphs, Random& random) {
  double total = 0;
  for (const Glyph& glyph : glyphs) total += glyph.weight;
  double left = random.uniform(0, total);
  for (const Glyph& glyph : glyphs) {
    left -= glyph.weight;
    if (left < 0) return glyph;
  }
  return glyphs.back();
}

/// One writer's hand on one day: how a glyph is bent before it is drawn.
class Hand {
 public:
  explicit Hand(Random& random)
      : width_(0.84 + 0.13 * random.bell()),
        slant_(0.22 + 0.24 * random.bell()),
        turn_(0.06 * random.bell()),
        bend_(0.13 * random.bell()),
        swell_(0.15 * random.bell()) {}

  Point operator()(Point p) const {
    const double u = p.x - 0.5, v = p.y - 0.5;
    const double x = u * width_ * (1 + swell_ * 2 * v) + bend_ * (v * v - 0.1) - slant_ * v;
    const double y = v * (1 + swell_ * 0.5 * u);
    return {x - turn_ * y, y + turn_ * x};
  }

 private:
  double width_, slant_, turn_, bend_, swell_;
};

Stroke jittered(const Stroke& stroke, Random& random) {
  Stroke moved = stroke;
  for (std::size_t i = 0; i < moved.size(); ++i) {
    const bool end = i == 0 || i + 1 == moved.size();  // where a pen lands and lifts varies most
    const double spread = end ? 0.045 : 0.026;
    moved[i].at = moved[i].at + Point{spread * random.bell(), spread * random.bell()};
  }
  return moved;
}

/// A Catmull-Rom spline through the knots as a polyline; at corners it starts anew.
std::vector<Point> flattened(const Stroke& stroke) {
  constexpr int pieces = 7;
  const auto last = stroke.size() - 1;
  std::vector<Point> line = {stroke[0].at};
  for (std::size_t i = 0; i < last; ++i) {
    const Point from = stroke[i].at, to = stroke[i + 1].at;
    const Point before = i == 0 || stroke[i].corner ? from : stroke[i - 1].at;
    const Point after = i + 1 == last || stroke[i + 1].corner ? to : stroke[i + 2].at;
    for (int j = 1; j <= pieces; ++j) {
      const double t = static_cast<double>(j) / pieces;
      const Point cubic = 3.0 * (from - to) + after - before;
      const Point square = 2.0 * before - 5.0 * from + 4.0 * to - after;
      line.push_back(from + (0.5 * t) * ((to - before) + t * (square + t * cubic)));
    }
  }
  return line;
}

using Lines = std::vector<std::vector<Point>>;

struct Pen {
  double radius;    ///< in pixels
  double pressure;  ///< how much thicker a stroke begins than it ends, relative to the radius
};

/// Scales the lines to a box of about 20 pixels, ink included, and puts their centre of mass near the
/// image's.
void fit(Lines& lines, const Pen& pen, Random& random) {
  Point low{1e9, 1e9}, high{-1e9, -1e9}, moment;
  double length = 0;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      low = {std::min(low.x, line[i].x), std::min(low.y, line[i].y)};
      high = {std::max(high.x, line[i].x), std::max(high.y, line[i].y)};
      if (i == 0) continue;
      const Point step = line[i] - line[i - 1];
      const double piece = std::sqrt(dot(step, step));
      moment = moment + (0.5 * piece) * (line[i] + line[i - 1]);
      length += piece;
    }
  }
  const double extent = std::max(high.x - low.x, high.y - low.y);
  const double scale = (20 * random.uniform(0.93, 1.03) - 2 * pen.radius) / extent;
  const Point centre = {13.5 + 0.5 * random.bell(), 13.5 + 0.5 * random.bell()};
  for (auto& line : lines) {
    for (Point& p : line) p = centre + scale * (p - (1 / length) * moment);
  }
}

double distance(Point p, Point from, Point to) {
  const Point along = to - from, offset = p - from;
  const double square = dot(along, along);
  const double t = square > 0 ? std::clamp(dot(offset, along) / square, 0.0, 1.0) : 0.0;
  const Point away = offset - t * along;
  return std::sqrt(dot(away, away));
}

constexpr int side = 28;

/// Darkens the pixels under a round pen drawn along a segment; the edge is a ramp of 1.4 pixels.
void ink(std::uint8_t* image, Point from, Point to, double radius) {
  constexpr double ramp = 1.4;
  const double reach = radius + ramp / 2;
  const auto clip = [](double value) { return std::clamp(static_cast<int>(std::floor(value)), 0, side - 1); };
  const int left = clip(std::min(from.x, to.x) - reach), right = clip(std::max(from.x, to.x) + reach + 1);
  const int top = clip(std::min(from.y, to.y) - reach), bottom = clip(std::max(from.y, to.y) + reach + 1);
  for (int row = top; row <= bottom; ++row) {
    for (int column = left; column <= right; ++column) {
      const double gap = reach - distance({static_cast<double>(column), static_cast<double>(row)}, from, to);
      const double shade = std::clamp(gap / ramp, 0.0, 1.0);
      std::uint8_t& pixel = image[row * side + column];
      pixel = std::max(pixel, static_cast<std::uint8_t>(255 * shade + 0.5));
    }
  }
}

std::uint8_t draw(std::uint8_t* image, Random random) {
  const auto label = static_cast<std::uint8_t>(random.below(10));
  const Glyph& glyph = pick(alphabet()[label], random);
  const Hand hand(random);
  const Pen pen{1.35 + 0.35 * random.bell() * (random.uniform() < 0.5 ? 0.6 : 1.0), 0.12 * random.bell()};
  Lines lines;
  for (const Stroke& stroke : glyph.strokes) {
    lines.push_back(flattened(jittered(stroke, random)));
    for (Point& p : lines.back()) p = hand(p);
  }
  fit(lines, pen, random);
  for (const auto& line : lines) {
    for (std::size_t i = 1; i < line.size(); ++i) {
      const double progress = static_cast<double>(i) / static_cast<double>(line.size()) - 0.5;
      ink(image, line[i - 1], line[i], std::max(0.55, pen.radius * (1 - pen.pressure * progress)));
    }
  }
  return label;
}

}  // namespace

LabelledImages draw_digits(std::uint64_t seed, std::size_t count) {
  LabelledImages drawn{Images({count, side, side}), Labels::from_shape({count})};
  drawn.images.fill(0);
  for (std::size_t i = 0; i < count; ++i) {
    drawn.labels(i) = draw(drawn.images.data() + i * side * side, Random(random_key({seed, i})));
  }
  return drawn;
}

}  // namespace tapir::examples
