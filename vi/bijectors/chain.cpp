// Chain: one bijector after another.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/chain.hpp>

#include <algorithm>

#include <tapir/autodiff/ops/elementwise.hpp>

namespace tapir::vi {
namespace {

// The axes that a point has before each part, beyond those which the part needs.
std::vector<int> extra_axes(const Chain& chain) {
  int rank = chain.ranks().domain;
  std::vector<int> extra;
  for (const Bijector& part : chain.parts) {
    extra.push_back(rank - part.ranks().domain);
    rank += part.ranks().codomain - part.ranks().domain;
  }
  return extra;
}

// What becomes of the domain: the set before each part and after the last, and the axes of a point there.
struct Images {
  const Chain& chain;
  std::vector<Support> sets;
  std::vector<int> ranks;
  bool exact = true;

  Images(const Chain& of, Where where) : chain(of), sets{of.domain()}, ranks{of.ranks().domain} {
    for (const Bijector& part : chain.parts) {
      exact = exact && part.knows_image(sets.back(), where);
      sets.push_back(part.image(sets.back(), where));
      ranks.push_back(ranks.back() + part.ranks().codomain - part.ranks().domain);
    }
  }

  // Before part `i`: not in the set, or not what the part before it gives.
  Var excludes(std::size_t i, const Var& x, Where where) const {
    const Arg value(x, where);
    const Var outside = sum_last(sets[i].excludes(value), ranks[i] - sets[i].rank(), where);
    if (i == 0) return outside;
    const Bijector& part = chain.parts[i - 1];
    const Var unmapped = sum_last(part.excludes(value), ranks[i] - part.ranks().codomain, where);
    return logical_or(Arg(outside, where), Arg(unmapped, where));
  }
};

// Adds the log determinant of a part: one for each element of the extra axes.
void add_log_det(Var& total, const Var& log_det, int extra, Where where) {
  total = add(Arg(total, where), Arg(sum_last(log_det, extra, where), where));
}

}  // namespace

Ranks Chain::ranks() const {
  int before = 0;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    const Ranks own = part->ranks();
    before = own.domain + std::max(0, before - own.codomain);
  }
  int after = before;
  for (const Bijector& part : parts) after += part.ranks().codomain - part.ranks().domain;
  return {before, after};
}

bool Chain::is_bijective() const {
  return std::all_of(parts.begin(), parts.end(), [](const Bijector& part) { return part.is_bijective(); });
}

Chain Chain::mapped(const ParameterMap& f) const {
  const std::vector<int> extra = extra_axes(*this);
  Chain result;
  for (std::size_t i = 0; i < parts.size(); ++i)
    result.parts.push_back(parts[i].each(within("parts[" + std::to_string(i) + "]", f, extra[i])));
  return result;
}

Shape Chain::forward_shape(const Shape& x, Where where) const {
  Shape shape = x;
  for (const Bijector& part : parts) shape = part.forward_shape(shape, where);
  return shape;
}

Shape Chain::inverse_shape(const Shape& y, Where where) const {
  Shape shape = y;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) shape = part->inverse_shape(shape, where);
  return shape;
}

bool Chain::is_like(const Chain& other) const {
  return std::equal(parts.begin(), parts.end(), other.parts.begin(), other.parts.end(),
                    [](const Bijector& a, const Bijector& b) { return same(a, b); });
}

std::optional<Var> Chain::direction(Where where) const {
  Var result = 1.0;
  for (const Bijector& part : parts) {
    const auto sign = part.direction(where);
    if (!sign) return std::nullopt;
    result = mul(Arg(result, where), Arg(*sign, where));
  }
  return result;
}

Support Chain::image(const Support& part, Where where) const {
  Support set = part;
  for (const Bijector& next : parts) set = next.image(set, where);
  return set;
}

Var Chain::excludes(Arg y) const {
  const Where where = y.where;
  const Images images(*this, where);
  if (parts.empty()) return images.sets[0].excludes(y);
  Var outside = images.excludes(parts.size(), y, where);
  if (images.exact) return outside;
  // Part by part, backwards; what is outside goes on as the image of an example.
  const Shape shape = inverse_shape(y.shape().drop_front(y.rank() - ranks().codomain), where);
  std::vector<Var> examples{stretched(domain().example(shape, where), shape, where)};
  for (const Bijector& part : parts) examples.push_back(part.forward(Arg(examples.back(), where)));
  Var value = y;
  for (std::size_t i = parts.size(); i > 0; --i) {
    const Var replaced = with_last_axes(outside, images.ranks[i], where);
    value =
        parts[i - 1].inverse(tapir::where(Arg(replaced, where), Arg(examples[i], where), Arg(value, where)));
    outside = logical_or(Arg(outside, where), Arg(images.excludes(i - 1, value, where), where));
  }
  return outside;
}

Var Chain::forward(Arg x) const {
  Var value = x;
  for (const Bijector& part : parts) value = part.forward(Arg(value, x.where));
  return value;
}

Var Chain::inverse(Arg y) const {
  Var value = y;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) value = part->inverse(Arg(value, y.where));
  return value;
}

ValueAndLogDet Chain::forward_and_log_det(Arg x) const {
  const std::vector<int> extra = extra_axes(*this);
  ValueAndLogDet result{x, 0.0};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [value, log_det] = parts[i].forward_and_log_det(Arg(result.value, x.where));
    result.value = value;
    add_log_det(result.log_det, log_det, extra[i], x.where);
  }
  return result;
}

ValueAndLogDet Chain::inverse_and_log_det(Arg y) const {
  const std::vector<int> extra = extra_axes(*this);
  ValueAndLogDet result{y, 0.0};
  for (std::size_t i = parts.size(); i-- > 0;) {
    const auto [value, log_det] = parts[i].inverse_and_log_det(Arg(result.value, y.where));
    result.value = value;
    add_log_det(result.log_det, log_det, extra[i], y.where);
  }
  return result;
}

}  // namespace tapir::vi
