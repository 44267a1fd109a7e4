// PerSlice: another bijector for each slice of a vector.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/per_slice.hpp>

#include <algorithm>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/support_hull.hpp>

namespace tapir::vi {
namespace {

using Slice = PerSlice::Slice;

std::string axes(int count) { return std::to_string(count) + (count == 1 ? " axis" : " axes"); }

void require_vectors(const std::vector<Slice>& slices, Where where) {
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const Ranks ranks = slices[i].bijector.ranks();
    if (ranks.domain <= 1 && ranks.codomain == ranks.domain) continue;
    throw Error(PerSlice::name,
                "slices[" + std::to_string(i) + "]: " + std::string(slices[i].bijector.name()) + " takes " +
                    axes(ranks.domain) + " to " + std::to_string(ranks.codomain) +
                    "; a slice is a vector and stays one",
                where);
  }
}

std::vector<Index> sizes_before(const std::vector<Slice>& slices) {
  std::vector<Index> sizes;
  for (const Slice& slice : slices) sizes.push_back(slice.size);
  return sizes;
}

std::vector<Index> sizes_after(const std::vector<Slice>& slices, Where where) {
  std::vector<Index> sizes;
  for (const Slice& slice : slices) sizes.push_back(slice.bijector.forward_shape({slice.size}, where).back());
  return sizes;
}

Index total(const std::vector<Index>& sizes) {
  Index result = 0;
  for (const Index size : sizes) result += size;
  return result;
}

void require_size(const std::vector<Index>& sizes, const Shape& point, Where where) {
  if (point.back() != total(sizes))
    throw Error(PerSlice::name,
                "the slices have " + std::to_string(total(sizes)) + " elements, a point is " + point.str(),
                where);
}

// The set of all slices if they have one in common that elements or slices of any length may have.
Support common(const std::vector<Support>& sets) {
  for (const Support& set : sets)
    if (set.rank() > 0 || set.bounds() || !(set == sets.front().kind())) return Support::real;
  return sets.empty() ? Support::real : sets.front();
}

// The ends of a set that is one slice's; constant ones of a kind of set count as 0.
std::vector<Var> own_ends(const Support& set) {
  std::vector<Var> all = set.all_ends();
  if (!set.bounds() && set != Support::Kind::real) all.emplace_back(0.0);
  return all;
}

// f(bijector, its slice of x), for each.
template <class F>
void for_each_slice(const std::vector<Slice>& slices, const std::vector<Index>& sizes, const Arg& x,
                    const F& f) {
  Index begin = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    f(slices[i].bijector, Arg(slice(x, -1, begin, begin + sizes[i]), x.where));
    begin += sizes[i];
  }
}

// Results side by side. A parameter may have given one of them batch axes that the others lack.
Var joined(std::vector<Var> values, Where where) {
  Shape batch;
  for (const Var& value : values) {
    const Shape so_far = batch;
    const Shape shape = value.shape();
    if (!broadcast_shapes(so_far, shape.take_front(shape.rank() - 1), batch))
      throw Error(PerSlice::name,
                  "parameters of the slices do not broadcast: " + so_far.str() + " and " + value.type().str(),
                  where);
  }
  for (Var& value : values) value = stretched(value, batch + Shape{value.shape().back()}, where);
  return concat(values, -1, where);
}

template <class F>
Var mapped_slices(const std::vector<Slice>& slices, const std::vector<Index>& sizes, const Arg& x,
                  const F& f) {
  std::vector<Var> results;
  for_each_slice(slices, sizes, x,
                 [&](const Bijector& b, const Arg& part) { results.push_back(f(b, part)); });
  return joined(std::move(results), x.where);
}

template <class F>
ValueAndLogDet mapped_with_log_det(const std::vector<Slice>& slices, const std::vector<Index>& sizes,
                                   const Arg& x, const F& f) {
  std::vector<Var> values;
  Var log_det = 0.0;
  for_each_slice(slices, sizes, x, [&](const Bijector& b, const Arg& part) {
    const ValueAndLogDet result = f(b, part);
    values.push_back(result.value);
    log_det =
        add(Arg(log_det, x.where), Arg(sum_last(result.log_det, 1 - b.ranks().domain, x.where), x.where));
  });
  return {joined(std::move(values), x.where), log_det};
}

}  // namespace

Support PerSlice::domain() const {
  std::vector<Support> sets;
  for (const Slice& slice : slices) sets.push_back(slice.bijector.domain());
  return common(sets);
}

Support PerSlice::codomain() const {
  std::vector<Support> sets;
  for (const Slice& slice : slices) sets.push_back(slice.bijector.codomain());
  return common(sets);
}

bool PerSlice::is_bijective() const {
  return std::all_of(slices.begin(), slices.end(), [](const Slice& s) { return s.bijector.is_bijective(); });
}

PerSlice PerSlice::mapped(const ParameterMap& f) const {
  PerSlice result;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const Bijector& b = slices[i].bijector;
    result.slices.push_back(
        {b.each(within("slices[" + std::to_string(i) + "]", f, 1 - b.ranks().domain)), slices[i].size});
  }
  return result;
}

Shape PerSlice::forward_shape(const Shape& x, Where where) const {
  require_vectors(slices, where);
  require_size(sizes_before(slices), x, where);
  return {total(sizes_after(slices, where))};
}

Shape PerSlice::inverse_shape(const Shape& y, Where where) const {
  require_vectors(slices, where);
  require_size(sizes_after(slices, where), y, where);
  return {total(sizes_before(slices))};
}

bool PerSlice::is_like(const PerSlice& other) const {
  return std::equal(
      slices.begin(), slices.end(), other.slices.begin(), other.slices.end(),
      [](const Slice& a, const Slice& b) { return a.size == b.size && same(a.bijector, b.bijector); });
}

Support PerSlice::image(const Support& part, Where where) const {
  std::vector<Support> images;
  for (const Slice& slice : slices) images.push_back(slice.bijector.image(part, where));
  const auto is_one = [&](const Support& set) { return set.rank() == 0 && same_set(set, images.front()); };
  if (!images.empty() && std::all_of(images.begin(), images.end(), is_one)) return images.front();
  Support set = codomain();
  for (const Support& image : images) set = set.with_inner_ends(own_ends(image));
  return set;
}

Var PerSlice::excludes(Arg y) const {
  return composed(y.where, name, {y.var}, [&] {
    Var outside = 0.0;
    for_each_slice(slices, sizes_after(slices, y.where), y, [&](const Bijector& b, const Arg& part) {
      outside = logical_or(outside, sum_last(b.excludes(part), 1 - b.ranks().codomain, y.where));
    });
    return outside;
  });
}

Var PerSlice::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] {
    return mapped_slices(slices, sizes_before(slices), x,
                         [](const Bijector& b, const Arg& part) { return b.forward(part); });
  });
}

Var PerSlice::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] {
    return mapped_slices(slices, sizes_after(slices, y.where), y,
                         [](const Bijector& b, const Arg& part) { return b.inverse(part); });
  });
}

ValueAndLogDet PerSlice::forward_and_log_det(Arg x) const {
  return composed(x.where, name, {x.var}, [&] {
    return mapped_with_log_det(slices, sizes_before(slices), x, [](const Bijector& b, const Arg& part) {
      return b.forward_and_log_det(part);
    });
  });
}

ValueAndLogDet PerSlice::inverse_and_log_det(Arg y) const {
  return composed(y.where, name, {y.var}, [&] {
    return mapped_with_log_det(
        slices, sizes_after(slices, y.where), y,
        [](const Bijector& b, const Arg& part) { return b.inverse_and_log_det(part); });
  });
}

}  // namespace tapir::vi
