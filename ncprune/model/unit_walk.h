#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/model/unit_labels.h"
#include "ncprune/model/unit_sets.h"

namespace ncprune {

// What is known of the units on the way through a graph, from the input to the output: their labels
// at every value so far, and where they stand in initializers.
class UnitWalk {
 public:
  // Runs the network once, on one sample of zeros, to know the shapes.
  explicit UnitWalk(const Network& network);

  const Network& network() const { return network_; }
  UnitSets& sets() { return sets_; }

  // Of a value, for one sample; `axis` < 0 counts from the end of a value or an initializer, which
  // has size 1 where it has no axis.
  const std::vector<int64_t>& shape(const std::string& value) const { return shapes_.at(value); }
  int64_t rank(const std::string& value) const { return std::ssize(shape(value)); }
  int64_t size_from_end(const std::string& value, int64_t axis) const;

  // How many inputs of nodes `value` is.
  int64_t readers(const std::string& value) const { return readers_.at(value); }

  // The node's inputs that are initializers; one that is not is null, or undefined.
  const at::Tensor* constant(const Node& node, size_t input) const;
  std::vector<at::Tensor> constants(const Node& node) const;

  // The labels of a value (unit_sets.h) as they stand now; undefined when it has no units.
  at::Tensor labels(const std::string& value);
  bool has_labels(const std::string& value) const { return values_.contains(value); }
  void set(const std::string& value, const at::Tensor& labels) {
    values_.insert_or_assign(value, labels);
  }
  // Of units that stand along one axis of it.
  void set_along(const std::string& value, int64_t axis, const at::Tensor& labels);

  // Notes that units stand along an axis of an initializer. False when that does not hold as many
  // places.
  bool add_axis(const LabelledAxis& added);
  // The same of a bias, a statistic, a depthwise kernel.
  bool add_vector(const std::string& tensor, int64_t axis, const std::vector<int64_t>& labels) {
    return add_axis({tensor, axis, AxisRole::kVector, 0, labels});
  }
  // Notes that a number in an initializer counts these places, for one of those that read it.
  void add_count(const LabelledCount& added);
  // Notes that a Reshape is told sizes by the initializer `sizes` and gives `labels`.
  void add_reshape(const Node& node, const std::string& sizes, const at::Tensor& labels);

  // What was found, to be called once, at the end: a value keeps its form, so that what a Reshape
  // gives loses units along one axis only; and a number that does not count the same for all that
  // read it stays what it is, and so do those it counts.
  UnitLabels finish(std::vector<Layer> layers);

 private:
  struct Counted {
    size_t number = 0;            // in counts_
    int64_t readers = 0;          // for which it counts those
    std::vector<int64_t> others;  // what it counts for the rest
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
