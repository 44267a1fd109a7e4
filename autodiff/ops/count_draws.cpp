// Small counts by their inverse distribution function, large ones by rejection: proposals of a block are judged together.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/count_draws.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/philox.hpp>

namespace tapir::ops {
namespace {

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

template <class T>
using Block = std::array<T, draw_block>;

/// log(mean^k e^-mean / k!)
void log_poissons(std::size_t n, const double* k, const double* mean, double* out) {
  static const DoubleRule factorial_rest("factorial_rest"), itakura_saito("itakura_saito");
  Block<double> some, loss;
  for (std::size_t i = 0; i < n; ++i) some[i] = std::max(k[i], 1.0);
  itakura_saito(n, loss.data(), mean, some.data());
  factorial_rest(n, out, k);
  for (std::size_t i = 0; i < n; ++i) out[i] -= k[i] == 0 ? mean[i] : k[i] * loss[i];
}

/// A count whose log mass, less `peak`, has to reach log `weight`; below 0 it is rejected, of weight 0 it is taken.
struct Proposal {
  double k, weight;
};

/// Transformed rejection with squeeze of a Poisson count, for rates from 10 on.
struct ManyEvents {
  ManyEvents() = default;
  explicit ManyEvents(double rate)
      : mean(rate),
        b(0.931 + 2.53 * std::sqrt(rate)),
        a(-0.059 + 0.02483 * b),
        inverse_alpha(1.1239 + 1.1328 / (b - 3.4)),
        squeeze(0.9277 - 3.6224 / (b - 2)) {}
  double mean, b, a, inverse_alpha, squeeze, peak = 0;

  Proposal propose(double at, double v) const {
    const double u = at - 0.5, edge = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / edge + b) * u + mean + 0.43);
    if (edge >= 0.07 && v <= squeeze) return {k, 0};
    if (edge < 0.013 && v > edge) return {-1, 0};
    return {k, v * inverse_alpha / (a / (edge * edge) + b)};
  }
  double mode() const { return std::floor(mean); }
  static void log_masses(std::size_t n, const double* k, ManyEvents* const* of, double* out) {
    Block<double> means;
    for (std::size_t i = 0; i < n; ++i) means[i] = of[i]->mean;
    log_poissons(n, k, means.data(), out);
  }
};

/// The same of successes, for means from 10 on.
struct ManySuccesses {
  ManySuccesses() = default;
  ManySuccesses(double trials, double odds_of_one)
      : total(trials), odds(odds_of_one), p(odds / (1 + odds)), mean(total * p), rest(total / (1 + odds)) {
    const double width = std::sqrt(mean / (1 + odds));
    b = 1.15 + 2.53 * width, a = -0.0873 + 0.0248 * b + 0.01 * p;
    alpha = (2.83 + 5.1 / b) * width, squeeze = 0.92 - 4.2 / b;
  }
  double total, odds, p, mean, rest, b, a, alpha, squeeze, peak = no_value;

  Proposal propose(double at, double v) const {
    const double u = at - 0.5, edge = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / edge + b) * u + mean + 0.5);
    if (edge >= 0.07 && v <= squeeze) return {k, 0};
    if (k > total) return {-1, 0};
    return {k, v * alpha / (a / (edge * edge) + b)};
  }
  double mode() const { return std::floor((total + 1) * p); }
  static void log_masses(std::size_t n, const double* k, ManySuccesses* const* of, double* out) {
    Block<double> counts, means, of_rest;
    for (std::size_t i = 0; i < n; ++i) counts[i] = of[i]->total - k[i], means[i] = of[i]->rest;
    log_poissons(n, counts.data(), means.data(), of_rest.data());
    for (std::size_t i = 0; i < n; ++i) means[i] = of[i]->mean;
    log_poissons(n, k, means.data(), out);
    for (std::size_t i = 0; i < n; ++i) out[i] += of_rest[i];
  }
};

/// Elements that are left to draw, each by a law, which neighbours may share.
template <class Law>
class Rejection {
 public:
  void add(std::uint64_t word, Law* law, double* to) {
    words_[count_] = word, laws_[count_] = law, to_[count_] = to;
    ++count_;
  }

  /// One of 3 fails at most.
  void run() {
    for (std::uint64_t attempt = 0; attempt < 64 && count_ > 0; ++attempt) {
      draw(attempt);
      propose();
      judge();
    }
    for (std::size_t i = 0; i < count_; ++i) *to_[i] = laws_[i]->mode();
  }

 private:
  /// Two uniform numbers each. The first attempt's are made of the word itself, the others of blocks that it is the key of.
  void draw(std::uint64_t attempt) {
    if (attempt > 0)
      Philox::blocks_of(words_.data(), static_cast<Index>(count_), attempt, first_.data(), second_.data());
    if (attempt == 0)
      for (std::size_t i = 0; i < count_; ++i)
        first_[i] = words_[i], second_[i] = words_[i] = mix64(words_[i]);
    for (std::size_t i = 0; i < count_; ++i) at_[i] = uniform_of(first_[i]), v_[i] = uniform_of(second_[i]);
  }

  /// Keeps what is rejected at the front, and what is to be judged apart.
  void propose() {
    std::size_t rejected = 0;
    open_ = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const Proposal proposal = laws_[i]->propose(at_[i], v_[i]);
      *to_[i] = proposal.k;
      if (proposal.k < 0) {
        keep(rejected++, words_[i], laws_[i], to_[i]);
      } else if (proposal.weight > 0) {
        k_[open_] = proposal.k, weight_[open_] = proposal.weight;
        open_words_[open_] = words_[i], open_laws_[open_] = laws_[i], open_to_[open_] = to_[i];
        ++open_;
      }
    }
    count_ = rejected;
  }

  void judge() {
    static const DoubleRule log("log");
    find_peaks();
    Law::log_masses(open_, k_.data(), open_laws_.data(), mass_.data());
    log(open_, weight_.data(), weight_.data());
    for (std::size_t i = 0; i < open_; ++i)
      if (!(weight_[i] <= mass_[i] - open_laws_[i]->peak))
        keep(count_++, open_words_[i], open_laws_[i], open_to_[i]);
  }

  /// The log mass of the mode, of laws that are judged for the first time.
  void find_peaks() {
    Block<Law*> laws;
    Block<double> modes, peaks;
    std::size_t n = 0;
    for (std::size_t i = 0; i < open_; ++i) {
      Law& law = *open_laws_[i];
      if (!std::isnan(law.peak)) continue;
      law.peak = 0;
      laws[n] = &law, modes[n] = law.mode();
      ++n;
    }
    Law::log_masses(n, modes.data(), laws.data(), peaks.data());
    for (std::size_t i = 0; i < n; ++i) laws[i]->peak = peaks[i];
  }

  void keep(std::size_t i, std::uint64_t word, Law* law, double* to) {
    words_[i] = word, laws_[i] = law, to_[i] = to;
  }

  std::size_t count_ = 0, open_ = 0;
  Block<std::uint64_t> words_, open_words_, first_, second_;
  Block<Law*> laws_, open_laws_;
  Block<double*> to_, open_to_;
  Block<double> at_, v_, k_, weight_, mass_;
};

}  // namespace

void poisson_counts(std::size_t n, const Index* words, const double* rates, double* counts) {
  static const DoubleRule inverse("poisson_inverse");
  Block<ManyEvents> laws;
  Rejection<ManyEvents> many;
  Block<double> u, few_rates;
  Block<std::size_t> places;
  std::size_t few = 0, law_count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto word = static_cast<std::uint64_t>(words[i]);
    if (!(rates[i] >= 0 && std::isfinite(rates[i]))) {
      counts[i] = no_value;
    } else if (rates[i] < 10) {
      u[few] = uniform_of(word), few_rates[few] = rates[i], places[few] = i;
      ++few;
    } else {
      if (law_count == 0 || laws[law_count - 1].mean != rates[i]) laws[law_count++] = ManyEvents(rates[i]);
      many.add(word, &laws[law_count - 1], &counts[i]);
    }
  }
  inverse(few, u.data(), u.data(), few_rates.data());
  for (std::size_t i = 0; i < few; ++i) counts[places[i]] = u[i];
  many.run();
}

void rare_counts(std::size_t n, const Index* words, const double* totals, const double* odds,
                 double* counts) {
  static const DoubleRule inverse("binomial_inverse");
  Block<ManySuccesses> laws;
  Rejection<ManySuccesses> many;
  Block<double> u, few_totals, few_odds;
  Block<std::size_t> places;
  std::size_t few = 0, law_count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto word = static_cast<std::uint64_t>(words[i]);
    if (totals[i] * odds[i] < 10 * (1 + odds[i])) {
      u[few] = uniform_of(word), few_totals[few] = totals[i], few_odds[few] = odds[i], places[few] = i;
      ++few;
    } else {
      if (law_count == 0 || laws[law_count - 1].total != totals[i] || laws[law_count - 1].odds != odds[i])
        laws[law_count++] = ManySuccesses(totals[i], odds[i]);
      many.add(word, &laws[law_count - 1], &counts[i]);
    }
  }
  inverse(few, u.data(), u.data(), few_totals.data(), few_odds.data());
  for (std::size_t i = 0; i < few; ++i) counts[places[i]] = u[i];
  many.run();
}

}  // namespace tapir::ops
