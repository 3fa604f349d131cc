#include "ncprune/model/sample_order.h"

#include <array>
#include <vector>

namespace ncprune {
namespace {

constexpr std::array<int64_t, 4> kTogether{2, 3, 1, 0};      // [H, W, C, N]
constexpr std::array<int64_t, 4> kFromTogether{3, 2, 0, 1};  // back to [N, C, H, W]

}  // namespace

bool has_samples_together(const at::Tensor& x) {
  return x.dim() == 4 && !x.is_contiguous() && x.permute(kTogether).is_contiguous();
}

at::Tensor with_samples_together(const at::Tensor& x) {
  const at::Tensor together = x.permute(kTogether);
  if (together.is_contiguous()) return x;
  // LibTorch turns a matrix round fast, and copies other orders number by number.
  const at::Tensor channels_last = x.permute({0, 2, 3, 1});
  const at::Tensor& pictures = channels_last.is_contiguous() ? channels_last : x;
  if (!pictures.is_contiguous()) return together.contiguous().permute(kFromTogether);
  std::vector<int64_t> shape = pictures.sizes().slice(1).vec();
  shape.push_back(x.size(0));
  const at::Tensor turned = pictures.reshape({x.size(0), -1}).t().contiguous().view(shape);
  if (channels_last.is_contiguous()) return turned.permute(kFromTogether);
  return turned.permute({1, 2, 0, 3}).contiguous().permute(kFromTogether);
}

at::Tensor with_channels_together(const at::Tensor& x) {
  if (!has_samples_together(x)) return x.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor turned = x.permute(kTogether).reshape({-1, x.size(0)}).t().contiguous();
  return turned.view({x.size(0), x.size(2), x.size(3), x.size(1)}).permute({0, 3, 1, 2});
}

bool is_in_sample_order(const at::Tensor& x) {
  return x.dim() == 4 && x.size(0) > 1 && x.stride(0) == 1;
}

at::Tensor samples_last(const at::Tensor& x) {
  return x.permute(kTogether);
}

at::Tensor samples_first(const at::Tensor& x) {
  return x.permute(kFromTogether);
}

int64_t axis_with_samples_last(int64_t axis) {
  return kFromTogether[static_cast<size_t>(axis)];
}

at::Tensor as_planes(const at::Tensor& x) {
  return x.permute(kTogether).reshape({x.size(2) * x.size(3), x.size(1), x.size(0)});
}

at::Tensor from_planes(const at::Tensor& planes, at::IntArrayRef shape) {
  return planes.reshape({shape[2], shape[3], shape[1], shape[0]}).permute(kFromTogether);
}

at::Tensor as_one_picture(const at::Tensor& x) {
  const at::Tensor flat = x.permute(kTogether).reshape({1, x.size(2), x.size(3), -1});
  return flat.permute({0, 3, 1, 2});
}

at::Tensor from_one_picture(const at::Tensor& picture, int64_t samples) {
  const at::Tensor flat = picture.permute({2, 3, 1, 0});  // [H, W, C N, 1]
  return flat.reshape({flat.size(0), flat.size(1), -1, samples}).permute(kFromTogether);
}

}  // namespace ncprune
