#include <fmt/format.h>
#include <toml++/toml.h>

#include <optional>
#include <type_traits>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/study/grid.h"

namespace ncprune {
namespace {

// Reads the keys of one TOML table into fields. A key that no field has read is an unknown key,
// which finish() refuses.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string where)
      : table_(table), where_(std::move(where)) {}

  template <typename T>
  void read(const std::string& key, T& field) {
    known_ += (known_.empty() ? "" : ", ") + key;
    const toml::node* node = table_.get(key);
    if (node == nullptr) return;
    ++used_;
    field = value<T>(*node, key);
  }

  template <typename T>
  void read(const std::string& key, std::optional<T>& field) {
    T given{};
    const size_t before = used_;
    read(key, given);
    if (used_ > before) field = given;
  }

  // Accepts a list, or a single value as a list of one.
  template <typename T>
  void read(const std::string& key, std::vector<T>& field) {
    known_ += (known_.empty() ? "" : ", ") + key;
    const toml::node* node = table_.get(key);
    if (node == nullptr) return;
    ++used_;
    field.clear();
    if (const toml::array* list = node->as_array()) {
      for (const toml::node& item : *list) field.push_back(value<T>(item, key));
    } else {
      field.push_back(value<T>(*node, key));
    }
    if (field.empty()) fail(*node, key, "is empty");
  }

  const toml::table* table(const std::string& key) {
    known_ += (known_.empty() ? "" : ", ") + key;
    const toml::node* node = table_.get(key);
    if (node == nullptr) return nullptr;
    ++used_;
    if (!node->is_table()) fail(*node, key, "is not a table");
    return node->as_table();
  }

  void finish() const {
    if (used_ == table_.size()) return;
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if ((", " + known_ + ", ").find(", " + name + ", ") != std::string::npos) continue;
      fail(node, name, fmt::format("is unknown; known: {}", known_));
    }
  }

 private:
  template <typename T>
  T value(const toml::node& node, const std::string& key) const {
    // A whole number may stand for a number, but not the reverse.
    if constexpr (std::is_same_v<T, double>) {
      if (node.is_integer()) return static_cast<double>(*node.value<int64_t>());
    }
    if constexpr (std::is_same_v<T, uint64_t>) {
      const auto whole = value<int64_t>(node, key);
      if (whole < 0) fail(node, key, fmt::format("is negative: {}", whole));
      return static_cast<uint64_t>(whole);
    } else if (const auto found = node.value_exact<T>()) {
      return *found;
    }
    fail(node, key,
         fmt::format("is not a {}", std::is_same_v<T, std::string> ? "string"
                                    : std::is_same_v<T, double>    ? "number"
                                                                   : "whole number"));
  }

  [[noreturn]] void fail(const toml::node& node, const std::string& key,
                         const std::string& what) const {
    throw InputError(fmt::format("{}:{}: '{}' {}", where_, node.source().begin.line, key, what));
  }

  const toml::table& table_;
  std::string where_;
  std::string known_;
  size_t used_ = 0;
};

void read_training(const toml::table* table, const std::string& path, TrainOptions& options) {
  if (table == nullptr) return;
  TableReader reader(*table, path);
  reader.read("loss", options.loss);
  reader.read("sampler", options.sampler);
  reader.read("optimizer", options.optimizer);
  reader.read("schedule", options.schedule);
  reader.read("learning_rate", options.learning_rate);
  reader.read("momentum", options.momentum);
  reader.read("weight_decay", options.weight_decay);
  reader.read("epochs", options.epochs);
  reader.read("batch", options.batch);
  reader.read("select", options.select);
  reader.read("patience", options.patience);
  reader.read("augment", options.augment);
  reader.finish();
}

}  // namespace

Study read_study(const std::string& path) {
  constexpr uint64_t kMaxGridBytes = 1 << 20;
  return parse_study(read_file(path, kMaxGridBytes), path);
}

Study parse_study(const std::string& text, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw InputError(
        fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
  Study study;
  study.text = text;
  TableReader top(table, path);
  top.read("data", study.data);
  top.read("data_root", study.data_root);
  top.read("imbalance", study.imbalance);
  top.read("architecture", study.architecture);
  top.read("seeds", study.seeds);
  top.read("methods", study.methods);
  top.read("treatments", study.treatments);
  top.read("remove", study.remove);
  top.read("pattern", study.pattern);
  top.read("sparsities", study.sparsities);
  top.read("validation", study.validation);
  top.read("noise", study.noise);
  read_training(top.table("train"), path, study.train);
  read_training(top.table("finetune"), path, study.finetune);
  if (const toml::table* inner = top.table("metric")) {
    TableReader reader(*inner, path);
    for (const MetricField& f : metric_fields()) {
      std::optional<double> given;
      reader.read(f.name, given);
      if (given) f.set(study.metric, *given);
    }
    reader.finish();
  }
  top.finish();
  return study;
}

}  // namespace ncprune
