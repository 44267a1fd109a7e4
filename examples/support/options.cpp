// Command lines on CLI11, which splits and documents them; values and messages are checked and worded here.
// SPDX-License-Identifier: BSD-3-Clause
#include "support/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <new>
#include <numeric>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "support/text.hpp"

namespace tapir::examples {
namespace {

[[noreturn]] void refuse(std::string_view name, std::string_view given, std::string_view need) {
  throw UsageError(fmt::format("{} is {}: it must be {}", name, given.empty() ? "empty" : given, need));
}

/// The whole text as a number, or nothing.
template <class Number>
std::optional<Number> parsed(std::string_view text) {
  Number number{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  return error == std::errc{} && end == last ? std::optional(number) : std::nullopt;
}

/// How many letters to insert, delete or replace (Levenshtein 1966).
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j] + 1, row[j + 1] + 1, replaced}));
    }
  }
  return row.back();
}

/// CLI11 says "--batch: 1 required N missing" and "fast was given a disallowed flag override".
std::string mismatch(std::string_view message) {
  if (const auto colon = message.find(": "); colon != message.npos) {
    return fmt::format("{} needs a value", message.substr(0, colon));
  }
  return fmt::format("--{} takes no value", message.substr(0, message.find(' ')));
}

std::string program_name(int argc, const char* const* argv) {
  return argc > 0 ? std::filesystem::path(argv[0]).filename().string() : std::string("program");
}

int complain(const std::string& program, const std::string& message, int status) {
  std::fflush(stdout);
  fmt::print(stderr, "{}: {}\n", program, one_line(message));
  return status;
}

}  // namespace

struct Options::Parser {
  CLI::App app;
  std::vector<std::string> names = {"--help"};

  void refuse_unknown(const std::vector<std::string>& rest) const {
    if (rest.empty()) return;
    if (!rest[0].starts_with('-')) {
      throw UsageError(fmt::format("unexpected argument {}; --help lists the options", rest[0]));
    }
    const std::string unknown = rest[0].substr(0, rest[0].find('='));
    const auto far = [&](const std::string& name) { return edits(name, unknown); };
    const auto nearest = std::min_element(names.begin(), names.end(),
                                          [&](const auto& a, const auto& b) { return far(a) < far(b); });
    const std::string hint = far(*nearest) <= 2 ? fmt::format(" (is {} meant?)", *nearest) : "";
    throw UsageError(fmt::format("unknown option {}{}; --help lists the options", unknown, hint));
  }
};

Options::Options(const std::string& summary) : parser_(std::make_unique<Parser>()) {
  parser_->app.description(summary);
  parser_->app.allow_extras();  // refused after parsing, in our words
  parser_->app.set_help_flag("--help", "show this text and exit");
  parser_->app.get_formatter()->column_width(34);
}

Options::~Options() = default;

Options& Options::value(const std::string& name, const std::string& kind, const std::string& initial,
                        const std::string& help, std::function<void(const std::string&)> store) {
  const auto read = [name, store = std::move(store)](const CLI::results_t& given) {
    if (given.size() > 1) throw UsageError(fmt::format("{} is given twice", name));
    store(given.at(0));
    return true;
  };
  const std::string described = initial.empty() ? help : fmt::format("{} [{}]", help, initial);
  CLI::Option* option = parser_->app.add_option(name, read, described);
  option->type_name(kind)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  option->expected(1)->allow_extra_args(false);
  parser_->names.push_back(name);
  return *this;
}

Options& Options::integer(const std::string& name, Bounds bounds, std::int64_t initial,
                          const std::string& help, const std::function<void(std::int64_t)>& store) {
  return value(name, "N", fmt::format("{}", initial), help, [=](const std::string& given) {
    const auto number = parsed<std::int64_t>(given);
    if (!number || *number < bounds.least)
      refuse(name, given, fmt::format("an integer of at least {}", bounds.least));
    if (*number > bounds.most) refuse(name, given, fmt::format("an integer of at most {}", bounds.most));
    store(*number);
  });
}

Options& Options::seed(const std::string& name, std::uint64_t& target, const std::string& help) {
  return value(name, "N", fmt::format("{}", target), help, [name, &target](const std::string& given) {
    const auto number = parsed<std::uint64_t>(given);
    if (!number) refuse(name, given, fmt::format("an integer from 0 to {}", ~std::uint64_t{0}));
    target = *number;
  });
}

Options& Options::positive(const std::string& name, double& target, const std::string& help) {
  return value(name, "X", fmt::format("{}", target), help, [name, &target](const std::string& given) {
    const auto number = parsed<double>(given);
    if (!number || !std::isfinite(*number) || *number <= 0) refuse(name, given, "a finite number above 0");
    target = *number;
  });
}

Options& Options::non_negative(const std::string& name, double& target, const std::string& help) {
  return value(name, "X", fmt::format("{}", target), help, [name, &target](const std::string& given) {
    const auto number = parsed<double>(given);
    if (!number || !std::isfinite(*number) || *number < 0)
      refuse(name, given, "a finite number of at least 0");
    target = *number;
  });
}

Options& Options::choice(const std::string& name, std::string& target, std::vector<std::string> words,
                         const std::string& help) {
  const std::string kind = joined(words, "|");
  return value(name, kind, target, help, [name, &target, words = std::move(words)](const std::string& given) {
    if (std::find(words.begin(), words.end(), given) == words.end()) {
      refuse(name, given, fmt::format("one of {}", joined(words)));
    }
    target = given;
  });
}

Options& Options::text(const std::string& name, std::optional<std::string>& target, const std::string& kind,
                       const std::string& help) {
  return value(name, kind, target.value_or(""), help, [name, &target](const std::string& given) {
    if (given.empty()) refuse(name, given, "a name");
    target = given;
  });
}

Options& Options::path(const std::string& name, std::optional<std::filesystem::path>& target,
                       const std::string& kind, const std::string& help) {
  return value(name, kind, target ? target->string() : "", help, [name, &target](const std::string& given) {
    if (given.empty()) refuse(name, given, "a path");
    target = given;
  });
}

Options& Options::flag(const std::string& name, bool& target, const std::string& help) {
  parser_->app.add_flag(name, target, help)->disable_flag_override();
  parser_->names.push_back(name);
  return *this;
}

void Options::parse(int argc, const char* const* argv) {
  CLI::App& app = parser_->app;
  app.name(program_name(argc, argv));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    throw HelpShown{};
  } catch (const CLI::ArgumentMismatch& error) {
    throw UsageError(mismatch(error.what()));
  } catch (const CLI::ParseError& error) {
    throw UsageError(one_line(error.what()));
  }
  parser_->refuse_unknown(app.remaining());
}

int run_main(int argc, const char* const* argv, const std::function<int(int, const char* const*)>& body) {
  const std::string program = program_name(argc, argv);
  try {
    return body(argc, argv);
  } catch (const HelpShown&) {
    return 0;
  } catch (const UsageError& error) {
    return complain(program, error.what(), 2);
  } catch (const std::bad_alloc&) {
    return complain(program, "out of memory", 1);
  } catch (const std::exception& error) {
    return complain(program, error.what(), 1);
  } catch (...) {
    return complain(program, "an error of unknown type", 1);
  }
}

}  // namespace tapir::examples
