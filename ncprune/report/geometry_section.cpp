#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/matmul.h>
#include <fmt/format.h>

#include <algorithm>

#include "ncprune/report/collapse_report.h"
#include "ncprune/report/evidence_sections.h"
#include "ncprune/report/figures.h"

namespace ncprune {
namespace {

// Coordinates [K, 2] whose inner products are nearest to the Gram matrix: its two largest axes.
at::Tensor plane_of(const at::Tensor& gram) {
  const auto [values, vectors] = at::linalg_eigh(gram);
  const int64_t k = gram.size(0);
  return vectors.slice(1, k - 2, k).flip(1) * values.slice(0, k - 2, k).flip(0).clamp_min(0).sqrt();
}

// Rotated or reflected to be nearest to `other` (orthogonal Procrustes; Schoenemann 1966).
at::Tensor turned_to(const at::Tensor& plane, const at::Tensor& other) {
  const auto [u, s, v] = at::linalg_svd(at::matmul(plane.t(), other));
  return at::matmul(plane, at::matmul(u, v));
}

}  // namespace

Section geometry_section(const Evidence& evidence) {
  Section section{"Geometry of the classes"};
  section.paragraphs = {
      "Neural Collapse: how tightly the activations of a class lie around their mean (NC1), how "
      "evenly the means stand (NC2), whether the head fits them (NC3, NC4); measured on the "
      "training samples. Each picture shows the class means that the head reads, in the plane in "
      "which they differ most, turned to fit the first. Triangles are rare classes."};
  const LayerCollapse& dense = evidence.collapse.front().layers.back();
  const bool drawn = dense.gram.size(0) >= 3 && evidence.classes.names.size() <= 40 &&
                     dense.gram.isfinite().all().item<bool>();
  std::vector<CollapseResult> networks;
  for (size_t i = 0; i < evidence.collapse.size(); ++i) {
    networks.push_back({evidence.results[i].name, evidence.collapse[i]});
  }
  for (const CollapseResult& network : networks) {
    const at::Tensor& gram = network.collapse.layers.back().gram;
    if (!drawn || !gram.isfinite().all().item<bool>()) continue;
    const at::Tensor reference = plane_of(dense.gram);
    const at::Tensor plane = turned_to(plane_of(gram), reference).contiguous();
    std::vector<PlanePoint> points;
    for (size_t c = 0; c < evidence.classes.names.size(); ++c) {
      const auto& rare = evidence.classes.minority;
      const bool marked =
          std::find(rare.begin(), rare.end(), static_cast<int64_t>(c)) != rare.end();
      points.push_back({evidence.classes.names[c], elements<double>(plane)[2 * c],
                        elements<double>(plane)[2 * c + 1], marked});
    }
    section.figures.push_back(scatter_plot(
        network.name,
        fmt::format("Class means of {} in the plane of their largest differences.", network.name),
        points));
  }
  section.tables = collapse_tables("", evidence.classes, networks);
  return section;
}

}  // namespace ncprune
