// docs/distributions.md: written from the laws themselves, and current.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include <tapir/vi/kl.hpp>
#include <tapir/vi/renyi.hpp>
#include <tapir/vi/support_hull.hpp>

#include "recorded_run.hpp"
#include "shown_law.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {

std::vector<ShownLaw>& shown_laws() {
  static std::vector<ShownLaw> laws;
  return laws;
}

namespace {

const std::filesystem::path root = TAPIR_SOURCE_DIR;

// Every law with plain parameters, and with recorded ones: their bounds show which parameter they are.
struct Entry {
  Distribution plain, recorded;
};

class Laws {
 public:
  Laws() {
    for (const LawRow& row : law_rows()) add({row.make, row.cases[0]});
    for (const VectorRow& row : vector_rows()) add({row.make, row.cases[0]});
    for (const ShownLaw& law : shown_laws()) add(law);
  }

  const std::map<std::string, Entry>& all() const { return laws_; }

 private:
  void add(const ShownLaw& shown) {
    std::vector<Var> values, inputs;
    for (const Tensor& parameter : shown.parameters) {
      values.emplace_back(parameter);
      inputs.push_back(tape_->input(parameter.type()));
    }
    Distribution plain = shown.make(values);
    const std::string name(plain.name());
    laws_.emplace(name, Entry{std::move(plain), shown.make(inputs)});
  }

  std::shared_ptr<Tape> tape_ = Tape::make();
  std::map<std::string, Entry> laws_;
};

std::string end_of(const Var& end, const std::vector<LawParameter>& parameters) {
  if (!end.is_recorded()) {
    const double number = end.tensor().cast(f64).item();
    if (std::abs(number) == 0x1p53) return number < 0 ? "-2^53" : "2^53";
    std::ostringstream text;
    text << number;
    return text.str();
  }
  for (const LawParameter& parameter : parameters)
    if (parameter.value.is_recorded() && parameter.value.place()->ref == end.place()->ref)
      return parameter.name;
  return "..";
}

std::string set_of(const Support& support, const std::vector<LawParameter>& parameters) {
  const Support::Bounds* bounds = support.bounds();
  if (!bounds) return support.str();
  if (support == Support::Kind::category) return "0, 1, .. n - 1 (i64)";
  if (support == Support::Kind::count_vector) return "counts of sum " + end_of(bounds->low, parameters);
  const std::string low = end_of(bounds->low, parameters), high = end_of(bounds->high, parameters);
  if (low == high && low != "..") return "{" + low + "}";
  return (support.is_discrete() ? "whole numbers in " : "") + std::string(bounds->without_low ? "(" : "[") +
         low + ", " + high + (bounds->without_high ? ")" : "]");
}

// Of axes that the set itself does not have.
std::string with_axes(const Support& support, int own) {
  if (support.rank() == own) return "";
  return own == 1 ? ", a vector" : own == 2 ? ", a matrix" : ", an array";
}

// "half_normal" -> "halfnormal", as "HalfNormal" is in lower case.
std::string folded(std::string name) {
  std::erase(name, '_');
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  return name;
}

std::string header_of(const std::string& law) {
  std::ostringstream text;
  for (const auto& entry : std::filesystem::directory_iterator(root / "vi" / "distributions"))
    if (entry.path().extension() == ".hpp" && folded(entry.path().stem().string()) == folded(law))
      text << std::ifstream(entry.path()).rdbuf();
  return text.str();
}

// What all matches of a pattern with one group have there: "`a`, `b`".
std::string all_of(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::string found;
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match)
    found += (found.empty() ? "`" : ", `") + (*match)[1].str() + "`";
  return found;
}

std::string parameters_of(const Distribution& law) {
  const auto parameters = law.parameters();
  const std::string name(law.name()), header = header_of(name);
  std::string text;
  for (const LawParameter& p : parameters) {
    const bool depends_on_size = name == "Wishart" && p.name == "df";
    text += (text.empty() ? "`" : "; `") + p.name + "` " +
            (depends_on_size ? "(n - 1, inf) of values n x n" : set_of(p.support, parameters)) +
            with_axes(p.support, p.own);
  }
  const auto add = [&](const char* what, const std::string& names) {
    if (!names.empty()) text += (text.empty() ? "" : "; ") + (what + names);
  };
  add("static ", all_of(header, R"(\n  (?:Index|int|Shape) (\w+?)_?(?: = [^;]*)?;)"));
  add("made by ", all_of(header, "\n  static " + name + R"( (\w+)\()"));
  return text;
}

std::string values_of(const Distribution& law) {
  if (law.name() == "Empirical") return "its values";
  const Support support = law.support();
  return set_of(support, law.parameters()) +
         (support.is_discrete() ? "" : with_axes(support, law.own_rank()));
}

bool has_draws(const Distribution& law) {
  try {
    (void)law.sample(Key(1), law.batch_shape());
  } catch (const Error&) {
    return false;
  }
  return true;
}

std::string draws_of(const Distribution& law) {
  if (!has_draws(law)) return "none";
  if (!law.is_pathwise()) return "score function";
  if (law.is_circular()) return "along the path, of functions of the angle";
  return law.name() == "Mixture" ? "along the path, if no draw jumps" : "along the path";
}

bool is_of_categories(const Distribution& law) { return law.support() == Support::Kind::category; }

std::string closed_forms(const Distribution& law) {
  const Var some = is_of_categories(law) ? Var(Tensor(Index{0})) : Var(0.5);
  std::vector<std::string> there;
  if (law.mean()) there.emplace_back("mean");
  if (law.variance()) there.emplace_back("variance");
  if (law.entropy()) there.emplace_back("entropy");
  if (law.own_rank() == 0) {
    if (law.has_cdf()) there.emplace_back("cdf");
    if (law.icdf(some)) there.emplace_back("icdf");
    if (law.has_tails()) there.emplace_back("tails");
  }
  if (law.enumerate()) there.emplace_back("enumerate");
  if (error_of([&] { (void)renyi(law, law, 0.5); }) == "no error") there.emplace_back("renyi");
  std::string text;
  for (const std::string& form : there) text += (text.empty() ? "" : ", ") + form;
  return text;
}

// Whatever the parameters: values reach to where the other law has none.
bool is_always_infinite(const Entry& p, const Entry& q) {
  const auto from = p.recorded.support().ends(), to = q.plain.support().ends();
  const auto leaves = [](const Var& end, const Var& other) {
    const auto is_infinite = [](const Var& x) { return x.is_number() && std::isinf(x.number()); };
    return is_infinite(end) && !is_infinite(other);
  };
  return is_known_beyond(p.recorded.support(), q.recorded.support()) ||
         (from && to && (leaves(from->low, to->low) || leaves(from->high, to->high)));
}

std::string divergences(const Laws& laws, const Entry& of) {
  const Distribution& p = of.plain;
  std::string text;
  std::size_t count = 0;
  for (const auto& [name, entry] : laws.all()) {
    const Distribution& q = entry.plain;
    if (q.own_shape() == p.own_shape() && is_of_categories(q) == is_of_categories(p) && kl(p, q) &&
        (p.is_atomic() || !is_always_infinite(of, entry))) {
      text += (text.empty() ? "" : ", ") + (name == p.name() ? "itself" : name);
      ++count;
    }
  }
  return count > laws.all().size() / 2 ? "any" : text;
}

std::string page() {
  const Laws laws;
  std::string text = R"(# Distributions

Every law of `tapir::vi`, written by `tests/vi/distributions_page_test.cpp` from the code; a test keeps it current. The laws'
headers say what their densities are, where they are accurate, and which errors they give.

- **Draws** say how a gradient gets through a sample. *Along the path*: by all parameters, through the value. *Score function*:
  the law has no such path; at a site the log-derivative trick is used, which is an error by parameters that move an end of the
  law. The path of an angle is exact for functions of the angle alone. A Mixture has a path if all components have one and a
  distribution function, and any two supports of numbers are known to be connected, or the supports of a vector's elements are
  the same; its row shows Normals.
- **Closed forms** are members of the law; *tails* are log_cdf, log_sf and isf, *renyi* is that of two laws of the kind. **KL**
  lists the laws q with KL(p || q) in closed form, unless their values alone make it inf; where a moment does that (of 1/x, from
  Exponential to InverseGamma) it is listed. Elsewhere a sampled difference is used, and the report says so.
- *Static* members are numbers, known when the program is recorded; a law may also be *made by* named constructors.
- RelaxedBernoulli and RelaxedOneHotCategorical are continuous laws of their own: as stand-ins for the discrete laws their
  gradients are biased.
- A Normal with own axes has a closed KL to MultivariateNormal and LowRankMultivariateNormal, and they to it.
- Laws of laws: `iid(law, shape)` and `Independent(law, n)` make own axes of independent values, `Transformed(law, bijector)`
  takes a law through a bijector; the rows of these, of Truncated, Censored, Mixture and HiddenMarkov show them with Normal. They
  have a path if what they are made of has one.
- An end `..` is made of several parameters.

| law | parameters | values | closed forms | draws | KL to |
|---|---|---|---|---|---|
)";
  for (const auto& [name, law] : laws.all())
    text += "| " + name + " | " + parameters_of(law.recorded) + " | " + values_of(law.recorded) + " | " +
            closed_forms(law.plain) + " | " + draws_of(law.plain) + " | " + divergences(laws, law) + " |\n";
  return text;
}

}  // namespace

TEST_CASE("page of laws: it is what the laws say; TAPIR_UPDATE_DOCS=1 writes it anew") {
  const auto path = root / "docs" / "distributions.md";
  const std::string text = page();
  if (std::getenv("TAPIR_UPDATE_DOCS")) std::ofstream(path) << text;
  std::ifstream file(path);
  std::ostringstream found;
  found << file.rdbuf();
  CHECK(found.str() == text);
}

TEST_CASE("page of laws: every law has a line") {
  const Laws laws;
  std::set<std::string> names;
  for (const auto& [name, law] : laws.all()) names.insert(folded(name));
  const std::set<std::string> no_laws{"bounded",  "components", "distributions", "forms",
                                      "gaussian", "iid",        "vectors"};
  for (const auto& entry : std::filesystem::directory_iterator(root / "vi" / "distributions")) {
    if (entry.path().extension() != ".hpp") continue;
    const std::string name = entry.path().stem().string();
    CHECK_MESSAGE((no_laws.contains(name) || names.contains(folded(name))), name);
  }
}

}  // namespace tapir::vi::test
