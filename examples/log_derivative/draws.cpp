// The model, the guide, and the program that draws gradients.
// SPDX-License-Identifier: BSD-3-Clause
#include "log_derivative/draws.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <string>

#include <tapir/nn/linear.hpp>
#include <tapir/vi/vi.hpp>

#include "support/random.hpp"

namespace tapir::examples {
namespace {

using namespace tapir::vi;

constexpr std::size_t draws_at_once = 100;

// ---- model and guide: inputs loc, log_scale [draws, images, latents], weights [draws, pixels], x [.., pixels] ----

Model model_of(const Problem& problem) {
  return [all = problem.size.images, latents = problem.size.latents](Context& c, const Var& loc, const Var&,
                                                                     const Var& weights, const Var& x) {
    const auto draws = c.plate("draws", loc.shape()[0]);
    const auto images = c.plate("images", all, loc.shape()[1]);
    const Var t = c.sample("t", iid(Normal{0, 1}, {latents}));
    const Var w = expand_dims(expand_dims(weights, 1), 1);
    c.observe("x", Bernoulli{.logits = expand_dims(t, -1) * w}, x);
  };
}

// The estimators differ in nothing but the last argument.
Model guide_of(const Problem& problem, const EstimatorOf& estimator) {
  return [all = problem.size.images, estimator](Context& c, const Var& loc, const Var& log_scale, const Var&,
                                                const Var& x) {
    const auto draws = c.plate("draws", loc.shape()[0]);
    const auto images = c.plate("images", all, loc.shape()[1]);
    c.sample("t", Normal{.loc = loc, .scale = exp(log_scale)}, estimator(x));
  };
}

// ---- the program ----

// What one run of the program draws: `rows` gradients, from inputs with a row for each.
class Gradients {
 public:
  Gradients(const Problem& problem, const EstimatorOf& estimator, By by, double offset)
      : model_(model_of(problem)),
        guide_(guide_of(problem, estimator)),
        by_(by),
        offset_(offset),
        run_(compile([this](std::span<const Var> inputs) { return record(inputs[0], inputs.subspan(1)); })) {}
  Gradients(const Gradients&) = delete;
  Gradients& operator=(const Gradients&) = delete;

  std::span<const Tensor> operator()(std::span<const Tensor> inputs) { return run_(inputs); }

 private:
  std::vector<Var> record(const Var& counter, std::span<const Var> inputs) {
    const Key key(counter, f64);
    Context guide(key / "guide");
    guide_(guide, inputs);
    Context model(key / "model", {.handlers = {replay(guide)}});
    model_(model, inputs);
    Objective objective = elbo(guide, model);
    // The divergence is easy and analytical; f is what is left.
    std::erase_if(objective.costs, [](const Cost& cost) { return cost.name == "t"; });
    objective.costs.at(0).value = objective.costs.at(0).value - offset_;

    const auto cells = [this](const std::string& path, const Tensor& init) {
      auto& cell = cells_[path];
      if (!cell) cell = std::make_shared<Cell>(Cell{path, init});
      return cell;
    };
    const Loss total = loss(objective.sites, objective.costs, {.cells = cells});
    const auto tape = total.surrogate.place()->tape;
    for (const StateUpdate& update : total.updates) tape->store(tape->cell(update.cell), update.value);
    const std::vector<Var> encoder = {inputs[0], inputs[1]}, decoder = {inputs[2]};
    return gradient(total, by_ == By::encoder ? encoder : decoder, /*allow_unused=*/true);
  }

  Model model_, guide_;
  By by_;
  double offset_;
  std::map<std::string, std::shared_ptr<Cell>> cells_;  // what running baselines remember
  Compiled run_;
};

// Images i_1 .. i_n of each row, [rows, n]: all of them, or chosen at random.
std::vector<Index> choose_images(const Problem& problem, std::size_t rows, Index batch, Random& random) {
  const Index images = problem.size.images;
  std::vector<Index> chosen;
  for (std::size_t row = 0; row < rows; ++row)
    for (Index i = 0; i < (batch == 0 ? images : batch); ++i)
      chosen.push_back(batch == 0 ? i : random.below(static_cast<std::uint32_t>(images)));
  return chosen;
}

// loc, log_scale, weights, x: what the chosen images have, row by row.
std::vector<Tensor> inputs_of(const Problem& problem, std::size_t rows, const std::vector<Index>& chosen) {
  const auto count = static_cast<Index>(rows);
  const Tensor index({count, static_cast<Index>(chosen.size()) / count}, std::span<const Index>(chosen));
  return {take(problem.loc, index).tensor(), take(problem.log_scale, index).tensor(),
          broadcast_to(problem.weights, {count, problem.size.pixels}).tensor(),
          take(problem.x, index).tensor()};
}

void add_rows(Moments& moments, const Tensor& gradient_of_loss, std::size_t rows) {
  const Tensor ascent = neg(gradient_of_loss).tensor();  // the loss is -f
  const auto values = ascent.view<double>();
  const std::size_t width = values.size() / static_cast<std::size_t>(ascent.shape()[0]);
  for (std::size_t row = 0; row < rows; ++row) moments.add(values.data() + row * width, width);
}

}  // namespace

void Moments::add(const double* values, std::size_t size) {
  mean_.resize(size);
  squares_.resize(size);
  ++draws_;
  for (std::size_t i = 0; i < size; ++i) {
    const double before = values[i] - mean_[i];
    mean_[i] += before / draws_;
    squares_[i] += before * (values[i] - mean_[i]);
  }
}

double Moments::error(std::size_t i) const { return std::sqrt(variance(i) / draws_); }

double Moments::mean_variance() const {
  return std::accumulate(squares_.begin(), squares_.end(), 0.0) / (draws_ - 1) / static_cast<double>(size());
}

std::vector<Moments> draw_gradients(const Problem& problem, const EstimatorOf& estimator, By by,
                                    const DrawOptions& options) {
  const std::size_t rows = std::min(draws_at_once, options.draws);
  Gradients gradients(problem, estimator, by, options.offset);
  std::vector<Moments> moments(by == By::encoder ? 2 : 1);
  Random random(random_key({options.seed, 2}));
  std::vector<Tensor> inputs = inputs_of(problem, rows, choose_images(problem, rows, options.batch, random));
  inputs.insert(inputs.begin(), Tensor({2}, {static_cast<Index>(options.seed), Index{0}}));
  const std::size_t warm_up = (options.warm_up + rows - 1) / rows;
  const std::size_t runs = warm_up + (options.draws + rows - 1) / rows;
  for (std::size_t run = 0, left = options.draws; run < runs; ++run) {
    inputs[0].mutable_view<Index>()[1] = static_cast<Index>(run);
    if (options.batch > 0 && run > 0) {
      auto fresh = inputs_of(problem, rows, choose_images(problem, rows, options.batch, random));
      std::move(fresh.begin(), fresh.end(), inputs.begin() + 1);
    }
    const auto drawn = gradients(inputs);
    if (run < warm_up) continue;
    const std::size_t counted = std::min(left, rows);
    for (std::size_t i = 0; i < moments.size(); ++i) add_rows(moments[i], drawn[i], counted);
    left -= counted;
  }
  return moments;
}

EstimatorOf learned_baseline(const Problem& problem, std::uint64_t seed) {
  constexpr int steps = 1000;
  constexpr std::size_t rows = 4;
  const Index all_pixels = problem.size.latents * problem.size.pixels;
  Params params(static_cast<Index>(seed), f64);
  const nn::Linear per_pixel(params / "baseline", all_pixels, 1, {.initialiser = initialisers::zeros()});
  const EstimatorOf estimator = [per_pixel, all_pixels](const Var& x) -> Estimator {
    const Var flat = reshape(x, {x.shape()[0], x.shape()[1], all_pixels});
    return ScoreFunction{Baseline::learned(all_pixels * squeeze(per_pixel(flat), -1))};
  };
  // A step of Adam moves each weight by the learning rate, and so the sum over the pixels by less than 1.
  const LearningRate learning_rate = cosine(1.0 / static_cast<double>(all_pixels), {.steps = steps});
  Svi svi(params, model_of(problem), guide_of(problem, estimator), adam(learning_rate),
          {.seed = static_cast<Index>(seed)});
  Random random(0);
  const std::vector<Tensor> inputs = inputs_of(problem, rows, choose_images(problem, rows, 0, random));
  for (int step = 0; step < steps; ++step) svi.step(inputs);
  return estimator;
}

}  // namespace tapir::examples
