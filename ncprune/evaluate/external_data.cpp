#include "ncprune/evaluate/external_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

// Visits every tensor of a model. The nesting of graphs is limited by protobuf's parser.
class ExternalData {
 public:
  explicit ExternalData(const std::string& folder) : folder_(folder) {}

  void visit(const onnx::GraphProto& graph) {
    for (const auto& tensor : graph.initializer()) visit(tensor);
    for (const auto& sparse : graph.sparse_initializer()) visit(sparse);
    for (const auto& node : graph.node()) visit(node);
  }

  void visit(const onnx::NodeProto& node) {
    for (const auto& attribute : node.attribute()) {
      visit(attribute.t());
      visit(attribute.sparse_tensor());
      for (const auto& tensor : attribute.tensors()) visit(tensor);
      for (const auto& sparse : attribute.sparse_tensors()) visit(sparse);
      if (attribute.has_g()) visit(attribute.g());
      for (const auto& graph : attribute.graphs()) visit(graph);
    }
  }

  bool found() const { return found_; }

 private:
  void visit(const onnx::SparseTensorProto& sparse) {
    visit(sparse.values());
    visit(sparse.indices());
  }

  void visit(const onnx::TensorProto& tensor) {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL && tensor.external_data_size() == 0) {
      return;
    }
    found_ = true;
    std::string location;
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") location = entry.value();
    }
    std::error_code error;
    const fs::path root = fs::canonical(folder_, error);
    const fs::path path = fs::canonical(root / location, error);
    const auto inside = std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first;
    if (error || inside != root.end() || !fs::is_regular_file(path, error)) {
      throw InputError(fmt::format("the external data '{}' are not a file in the model's folder",
                                   excerpt(location)));
    }
  }

  std::string folder_;
  bool found_ = false;
};

}  // namespace

bool has_external_data(const onnx::ModelProto& model, const std::string& folder) {
  ExternalData data(folder);
  data.visit(model.graph());
  for (const auto& function : model.functions()) {
    for (const auto& node : function.node()) data.visit(node);
  }
  for (const auto& training : model.training_info()) {
    data.visit(training.initialization());
    data.visit(training.algorithm());
  }
  return data.found();
}

}  // namespace ncprune
