#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/model/unit_labels.h"
#include "ncprune/model/unit_sets.h"

namespace ncprune {

// The state of a walk through the graph, from the input to the output: the units' labels at every
// value so far, and their positions in initializers.
class UnitWalk {
 public:
  // Runs the network once, on one sample of zeros, to find the shapes.
  explicit UnitWalk(const Network& network);

  const Network& network() const { return network_; }
  UnitSets& sets() { return sets_; }

  // Shapes are those of one sample. `axis` < 0 counts from the end of a value or an initializer,
  // which has size 1 along an axis that it lacks.
  const std::vector<int64_t>& shape(const std::string& value) const { return shapes_.at(value); }
  int64_t rank(const std::string& value) const { return std::ssize(shape(value)); }
  int64_t size_from_end(const std::string& value, int64_t axis) const;

  // The number of node inputs that read `value`.
  int64_t readers(const std::string& value) const { return readers_.at(value); }

  // The node's inputs that are initializers; null or undefined for other inputs.
  const at::Tensor* constant(const Node& node, size_t input) const;
  std::vector<at::Tensor> constants(const Node& node) const;

  // The current labels of a value (unit_sets.h); undefined when it has no units.
  at::Tensor labels(const std::string& value);
  bool has_labels(const std::string& value) const { return values_.contains(value); }
  void set(const std::string& value, const at::Tensor& labels) {
    values_.insert_or_assign(value, labels);
  }
  // Sets the labels of units along one axis of `value`.
  void set_along(const std::string& value, int64_t axis, const at::Tensor& labels);

  // Records units along an axis of an initializer. Returns false when the axis has another size.
  bool add_axis(const LabelledAxis& added);
  // Records the units of a bias, a statistic or a depthwise kernel.
  bool add_vector(const std::string& tensor, int64_t axis, const std::vector<int64_t>& labels) {
    return add_axis({tensor, axis, AxisRole::kVector, 0, labels});
  }
  // Records that a number in an initializer counts these positions for one of its readers.
  void add_count(const LabelledCount& added);
  // Records a Reshape that takes its sizes from the initializer `sizes` and gives `labels`.
  void add_reshape(const Node& node, const std::string& sizes, const at::Tensor& labels);

  // Returns the result; call it once, at the end. Values must keep their form: the output of a
  // Reshape may lose units along one axis only. A number that does not count the same for all its
  // readers is kept, together with the units it counts.
  UnitLabels finish(std::vector<Layer> layers);

 private:
  struct Counted {
    size_t number = 0;            // in counts_
    int64_t readers = 0;          // that agree with it
    std::vector<int64_t> others;  // counted by the other readers
  };
  struct Reshaped {
    std::string sizes;
    std::string name;
    at::Tensor labels;
  };

  void settle_reshapes();
  void settle_counts();

  const Network& network_;
  UnitSets sets_;
  std::map<std::string, std::vector<int64_t>> shapes_;
  std::map<std::string, int64_t> readers_;
  std::map<std::string, at::Tensor> values_;
  std::vector<LabelledAxis> axes_;
  std::vector<LabelledCount> counts_;
  std::map<std::pair<std::string, int64_t>, size_t> axis_at_;
  std::map<std::pair<std::string, int64_t>, Counted> count_at_;
  std::vector<Reshaped> reshapes_;
};

}  // namespace ncprune
