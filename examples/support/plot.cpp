// Line plots as SVG: rulers map values to pixels, then everything is text.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "support/files.hpp"
#include "support/text.hpp"

namespace tapir::examples {
namespace {

constexpr std::array<std::string_view, 8> palette = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                     "#e69f00", "#56b4e9", "#000000", "#8c8c00"};
constexpr double character = 6.7;  // the mean width of a letter at the legend's 12.5 pixels

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

struct Tick {
  double value;
  std::string label;  ///< SVG text; empty for a minor tick
};

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += c;
    }
  }
  return safe;
}

/// "-" is a hyphen in most fonts; numbers get the minus sign.
std::string with_minus(const std::string& number) {
  return number.starts_with('-') ? "\u2212" + number.substr(1) : number;
}

std::string power_of_ten(int exponent) {
  return fmt::format("10<tspan dy=\"-5\" font-size=\"9\">{}</tspan>",
                     with_minus(fmt::format("{}", exponent)));
}

/// 1234567 as "1 234 567", with spaces that do not break.
std::string grouped(double whole) {
  std::string digits = fmt::format("{:.0f}", std::abs(whole));
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, "\u00a0");
  return whole < 0 ? "\u2212" + digits : digits;
}

/// A number by its leading digits and a power of ten.
std::string scientific(double value) {
  if (value == 0) return "0";
  const std::string text = fmt::format("{:.3e}", value);
  const auto e = text.find('e');
  const std::string digits = text.substr(0, text.find_last_not_of("0.", e - 1) + 1);
  return with_minus(digits) + "\u00d7" + power_of_ten(std::stoi(text.substr(e + 1)));
}

bool finite(double x, double y) { return std::isfinite(x) && std::isfinite(y); }

/// The ends of an axis: the data's, widened if they coincide, replaced by what the user gave.
Range ends(const Axis& axis, Range data) {
  const bool logarithmic = axis.scale == Scale::logarithmic;
  if (data.low == data.high) {
    const double margin = data.low != 0 ? 0.5 * std::abs(data.low) : 1.0;
    data = logarithmic ? Range{data.low / 3, data.high * 3} : Range{data.low - margin, data.high + margin};
  }
  const Range range{axis.from.value_or(data.low), axis.to.value_or(data.high)};
  if (!finite(range.low, range.high) || range.low >= range.high || (logarithmic && range.low <= 0)) {
    throw std::invalid_argument(
        fmt::format("[plot] axis \"{}\" cannot run from {} to {}", axis.label, range.low, range.high));
  }
  return range;
}

/// One place along an axis of the page for each value.
class Ruler {
 public:
  Ruler(const Axis& axis, Range data, Range pixels)
      : scale_(axis.scale), pixels_(pixels), range_(ends(axis, data)) {
    if (scale_ == Scale::linear) {
      linear_ticks(axis);
    } else {
      logarithmic_ticks(axis);
    }
  }

  double at(double value) const {
    const double low = warped(range_.low), high = warped(range_.high);
    return pixels_.low + (pixels_.high - pixels_.low) * (warped(value) - low) / (high - low);
  }
  const std::vector<Tick>& ticks() const { return ticks_; }

 private:
  static constexpr double slack = 1e-9;  // ends that miss a tick by rounding alone still meet it

  double warped(double value) const { return scale_ == Scale::linear ? value : std::log10(value); }

  void linear_ticks(const Axis& axis) {
    const double room = std::abs(pixels_.high - pixels_.low) / 70;  // about one label per 70 pixels
    const double rough = (range_.high - range_.low) / std::max(room, 2.0);
    const double decade = std::pow(10.0, std::floor(std::log10(rough)));
    const double factor = rough / decade;
    const double step = decade * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
    if (!axis.from && (range_.low >= step || scale_ == Scale::linear)) {
      range_.low = std::floor(range_.low / step + slack) * step;
    }
    if (!axis.to) range_.high = std::ceil(range_.high / step - slack) * step;
    const double first = std::ceil(range_.low / step - slack);
    const double last = std::floor(range_.high / step + slack);
    for (int i = 0; i <= static_cast<int>(last - first); ++i) {
      const double value = (first + i) * step;
      ticks_.push_back({value, linear_label(value, step)});
    }
  }

  std::string linear_label(double value, double step) const {
    const double largest = std::max(std::abs(range_.low), std::abs(range_.high));
    if (largest >= 1e7 || largest < 1e-3) return scientific(std::abs(value) < step / 2 ? 0.0 : value);
    if (largest >= 1e4 && step >= 1) return grouped(value);
    const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
    return with_minus(fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals));
  }

  /// Decades if there are enough of them; within a few decades, more digits; within a factor of four, as if
  /// linear.
  void logarithmic_ticks(const Axis& axis) {
    const double ratio = range_.high / range_.low;
    if (ratio < 4) return linear_ticks(axis);
    const bool few = ratio < 30;
    if (few) {
      round_to_digits(axis);
    } else {
      round_to_decades(axis);
    }
    const int first = decade_below(range_.low), last = decade_below(range_.high);
    const int stride = 1 + (last - first) / 9;
    const bool plain = first >= -2 && last <= 4;
    for (int exponent = first; exponent <= last; ++exponent) {
      for (int digit = 1; digit <= 9; ++digit) {
        const double value = digit * std::pow(10.0, exponent);
        if (value < range_.low * (1 - slack) || value > range_.high * (1 + slack)) continue;
        const bool labelled =
            digit == 1 ? (exponent - first) % stride == 0 : few && (digit <= 3 || digit == 5);
        if (!labelled && stride > 1) continue;
        std::string label;
        if (labelled && plain) label = fmt::format("{:.6g}", value);
        if (labelled && !plain) label = digit == 1 ? power_of_ten(exponent) : scientific(value);
        ticks_.push_back({value, label});
      }
    }
  }

  static int decade_below(double value) { return static_cast<int>(std::floor(std::log10(value) + slack)); }

  /// Widens the range to powers of ten.
  void round_to_decades(const Axis& axis) {
    if (!axis.from) range_.low = std::pow(10.0, decade_below(range_.low));
    if (!axis.to) range_.high = std::pow(10.0, std::ceil(std::log10(range_.high) - slack));
  }

  /// Widens the range to numbers with one digit other than zero.
  void round_to_digits(const Axis& axis) {
    const double low = std::pow(10.0, decade_below(range_.low));
    const double high = std::pow(10.0, decade_below(range_.high));
    if (!axis.from) range_.low = std::floor(range_.low / low + slack) * low;
    if (!axis.to) range_.high = std::ceil(range_.high / high - slack) * high;
  }

  Scale scale_;
  Range pixels_, range_;
  std::vector<Tick> ticks_;
};

void check(const Series& series, const Plot& plot) {
  if (series.x.size() != series.y.size()) {
    throw std::invalid_argument(fmt::format("[plot] series \"{}\": {} values of x, but {} of y", series.name,
                                            series.x.size(), series.y.size()));
  }
  const auto check_sign = [&](const std::vector<double>& values, const Axis& axis, char name) {
    if (axis.scale == Scale::linear) return;
    const auto bad = std::find_if(values.begin(), values.end(), [](double value) { return value <= 0; });
    if (bad == values.end()) return;
    throw std::invalid_argument(fmt::format("[plot] series \"{}\": {}[{}] is {}, but the axis is logarithmic",
                                            series.name, name, bad - values.begin(), *bad));
  };
  check_sign(series.x, plot.x, 'x');
  check_sign(series.y, plot.y, 'y');
}

/// The page: everything it draws is appended to one string.
class Page {
 public:
  explicit Page(const Plot& plot)
      : plot_(plot), frame_(frame_of(plot)), x_(ruler(plot.x)), y_(ruler(plot.y)) {}

  std::string draw() {
    begin();
    grid();
    labels();
    for (std::size_t i = 0; i < plot_.series.size(); ++i) curve(plot_.series[i], palette[i % palette.size()]);
    legend();
    return page_ + "</svg>\n";
  }

 private:
  struct Frame {
    double left, right, top, bottom;
  };

  static double legend_width(const Plot& plot) {
    std::size_t longest = 0;
    for (const Series& series : plot.series) longest = std::max(longest, character_count(series.name));
    return longest == 0 ? 0 : 50 + character * static_cast<double>(longest);
  }
  static Frame frame_of(const Plot& plot) {
    return {78, plot.width - 24 - legend_width(plot), plot.title.empty() ? 20.0 : 48.0, plot.height - 58.0};
  }

  Ruler ruler(const Axis& axis) const {
    const bool horizontal = &axis == &plot_.x;
    Range data;
    for (const Series& series : plot_.series) {
      check(series, plot_);
      for (std::size_t i = 0; i < series.x.size(); ++i) {
        if (finite(series.x[i], series.y[i])) data.include(horizontal ? series.x[i] : series.y[i]);
      }
    }
    if (data.low > data.high)
      throw std::invalid_argument("[plot] nothing to draw: no series has a finite point");
    return {axis, data, horizontal ? Range{frame_.left, frame_.right} : Range{frame_.bottom, frame_.top}};
  }

  template <class... Arguments>
  void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(page_), format, std::forward<Arguments>(arguments)...);
    page_ += '\n';
  }

  void begin() {
    put(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}")"
        R"( font-family="Helvetica, Arial, sans-serif" font-size="12.5" fill="#222">)",
        plot_.width, plot_.height);
    put(R"(<title>{}</title>)", escaped(plot_.title));
    put(R"(<rect width="{}" height="{}" fill="#fff"/>)", plot_.width, plot_.height);
    put(R"(<clipPath id="frame"><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/></clipPath>)",
        frame_.left - 5, frame_.top - 5, frame_.right - frame_.left + 10, frame_.bottom - frame_.top + 10);
  }

  void grid() {
    for (const Tick& tick : x_.ticks()) {
      line(x_.at(tick.value), frame_.top, x_.at(tick.value), frame_.bottom,
           tick.label.empty() ? "#f2f2f2" : "#e0e0e0");
    }
    for (const Tick& tick : y_.ticks()) {
      line(frame_.left, y_.at(tick.value), frame_.right, y_.at(tick.value),
           tick.label.empty() ? "#f2f2f2" : "#e0e0e0");
    }
    line(frame_.left, frame_.bottom, frame_.right, frame_.bottom, "#444");
    line(frame_.left, frame_.top, frame_.left, frame_.bottom, "#444");
    for (const Tick& tick : x_.ticks()) {
      if (tick.label.empty()) continue;
      line(x_.at(tick.value), frame_.bottom, x_.at(tick.value), frame_.bottom + 5, "#444");
      put(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", x_.at(tick.value),
          frame_.bottom + 20, tick.label);
    }
    for (const Tick& tick : y_.ticks()) {
      if (tick.label.empty()) continue;
      line(frame_.left - 5, y_.at(tick.value), frame_.left, y_.at(tick.value), "#444");
      put(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)", frame_.left - 9,
          y_.at(tick.value) + 4.5, tick.label);
    }
  }

  void line(double x1, double y1, double x2, double y2, std::string_view colour) {
    put(R"(<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}" stroke="{}" fill="none"/>)", x1, y1, x2, y2, colour);
  }

  void labels() {
    put(R"(<text x="{:.1f}" y="28" font-size="16" font-weight="bold">{}</text>)", frame_.left,
        escaped(plot_.title));
    put(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle" font-size="13.5">{}</text>)",
        (frame_.left + frame_.right) / 2, plot_.height - 14.0, escaped(plot_.x.label));
    put(R"svg(<text transform="translate(20 {:.1f}) rotate(-90)" text-anchor="middle" font-size="13.5">{}</text>)svg",
        (frame_.top + frame_.bottom) / 2, escaped(plot_.y.label));
  }

  void curve(const Series& series, std::string_view colour) {
    std::string path, dots;
    bool pen_down = false;
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!finite(series.x[i], series.y[i])) {
        pen_down = false;
        continue;
      }
      const double x = x_.at(series.x[i]), y = y_.at(series.y[i]);
      path += fmt::format("{}{:.1f} {:.1f}", pen_down ? 'L' : 'M', x, y);
      dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.2\"/>", x, y);
      pen_down = true;
    }
    put(R"svg(<g clip-path="url(#frame)">)svg");
    if (series.mark != Mark::points) stroke(path, colour, series.dashed);
    if (series.mark != Mark::line)
      put(R"(<g fill="{}" stroke="#fff" stroke-width="0.8">{}</g>)", colour, dots);
    put("</g>");
  }

  void stroke(std::string_view path, std::string_view colour, bool dashed) {
    put(R"(<path d="{}" fill="none" stroke="{}" stroke-width="2" stroke-linejoin="round"{}/>)", path, colour,
        dashed ? R"( stroke-dasharray="6 4")" : "");
  }

  void legend() {
    const double left = frame_.right + 18;
    double y = frame_.top + 10;
    for (std::size_t i = 0; i < plot_.series.size(); ++i) {
      const Series& series = plot_.series[i];
      if (series.name.empty()) continue;
      const std::string_view colour = palette[i % palette.size()];
      if (series.mark != Mark::points) {
        stroke(fmt::format("M{:.1f} {:.1f}h24", left, y), colour, series.dashed);
      }
      if (series.mark != Mark::line) {
        put(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3.2" fill="{}"/>)", left + 12, y, colour);
      }
      put(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)", left + 31, y + 4.5, escaped(series.name));
      y += 21;
    }
  }

  const Plot& plot_;
  Frame frame_;
  Ruler x_, y_;
  std::string page_;
};

}  // namespace

std::string svg(const Plot& plot) { return Page(plot).draw(); }

void write_svg(const std::filesystem::path& path, const Plot& plot) { write_text(path, svg(plot)); }

}  // namespace tapir::examples
