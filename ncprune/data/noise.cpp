#include "ncprune/data/noise.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>

#include <memory>
#include <utility>

#include "ncprune/data/normal_stream.h"

namespace ncprune {
namespace {

at::Tensor within_range(at::Tensor inputs, const Dataset& data) {
  if (data.range) inputs.clamp_(data.range->first, data.range->second);
  return inputs;
}

// Adds noise to inputs that another reader gives.
class NoisyReader : public InputReader {
 public:
  NoisyReader(Dataset clean, double sigma, const Random& random)
      : clean_(std::move(clean)),
        sample_elements_(elements_of(clean_)),
        noise_(clean_.size() * sample_elements_, sigma, random) {}

  std::vector<int64_t> sample_shape() const override { return clean_.sample_shape(); }

  at::Tensor read(const at::Tensor& rows) const override {
    const at::Tensor inputs = clean_.inputs_of(rows);
    const at::Tensor noise = at::empty_like(inputs, at::MemoryFormat::Contiguous);
    const at::Tensor by_sample = noise.view({rows.numel(), sample_elements_});
    const at::Tensor own = rows.contiguous();
    const auto places = elements<int64_t>(own);
    for (size_t first = 0; first < places.size();) {
      size_t last = first;  // of rows that follow each other, which are drawn together
      while (last + 1 < places.size() && places[last + 1] == places[last] + 1) ++last;
      const at::Tensor drawn =
          noise_.read(places[first] * sample_elements_, (places[last] + 1) * sample_elements_);
      by_sample.slice(0, static_cast<int64_t>(first), static_cast<int64_t>(last) + 1)
          .copy_(drawn.view({-1, sample_elements_}));
      first = last + 1;
    }
    return within_range(inputs + noise, clean_);
  }

 private:
  static int64_t elements_of(const Dataset& data) {
    int64_t elements = 1;
    for (const int64_t size : data.sample_shape()) elements *= size;
    return elements;
  }

  Dataset clean_;
  int64_t sample_elements_;
  NormalStream noise_;
};

}  // namespace

Dataset with_gaussian_noise(const Dataset& data, double sigma, uint64_t seed) {
  Random random = Random(seed).stream("gaussian noise");
  Dataset noisy = data;
  if (data.reader) {
    noisy.reader = std::make_shared<const NoisyReader>(data, sigma, random);
    noisy.rows = at::arange(data.size());
    return noisy;
  }
  const at::Tensor noise = at::empty_like(data.inputs).normal_(0, sigma, random.generator());
  noisy.inputs = within_range(data.inputs + noise, data);
  return noisy;
}

}  // namespace ncprune
