// Independent: the last batch axes of a law as own axes.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/independent.hpp>

#include <tapir/autodiff/exec/apply.hpp>

namespace tapir::vi {

Independent::Independent(Distribution law, int rank, Where where) : law_(std::move(law)), rank_(rank) {
  const Shape batch = law_.batch_shape(where);
  if (rank < 1 || batch.rank() < rank)
    throw Error(name,
                std::string(law_.name()) + " has batch shape " + batch.str() + ", " + std::to_string(rank) +
                    (rank == 1 ? " axis of it becomes" : " axes of it become") + " a value's own",
                where);
  law_ = law_.each([&](const ParameterInfo& info, const Var& value) {
    return with_batch_axes(value, info.own, rank, where);
  });
}

Independent Independent::mapped(const ParameterMap& f) const {
  return {law_.each([&](const ParameterInfo& info, const Var& value) {
            return f({info.name, info.support, info.own + rank_}, value);
          }),
          rank_, Unchecked{}};
}

Shape Independent::axes() const {
  const Shape batch = law_.batch_shape();
  return batch.drop_front(batch.rank() - rank_);
}

std::optional<PerElement> Independent::per_element(Where where) const {
  PerElement inner = law_.per_element(where);
  return PerElement{std::move(inner.law), axes() + inner.axes};
}

Var Independent::sample(const Key& key, const Shape& shape, Where where) const {
  return law_.sample(key, shape + axes(), where);
}

Var Independent::log_prob(Arg x) const {
  const Shape own = own_shape();
  const int outer = x.rank() - own.rank();
  if (outer < 0 || x.shape().drop_front(outer) != own)
    throw Error(name, "x is " + x.type().str() + "; its last axes have to be " + own.str(), x.where);
  return composed(x.where, name, {x.var, recorded_one(parameters(*this))},
                  [&] { return sum_last(law_.log_prob(x), rank_, x.where); });
}

std::optional<Var> Independent::entropy(Where where) const {
  const auto terms = law_.entropy(where);
  if (!terms) return std::nullopt;
  return composed(where, name, {*terms},
                  [&] { return sum_last(stretched(*terms, law_.batch_shape(where), where), rank_, where); });
}

}  // namespace tapir::vi
