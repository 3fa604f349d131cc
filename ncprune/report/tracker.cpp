#include "ncprune/report/tracker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/output.h"
#include "ncprune/base/spec.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

int64_t milliseconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InputError(fmt::format("{}: {}", folder, error.message()));
}

void append(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.flush();
  if (!file) throw InputError(path + ": cannot be written");
}

// ------------------------------------------------------------------ TensorBoard

// Castagnoli's CRC, bit by bit: records are a few dozen bytes.
uint32_t crc32c(const std::string& bytes) {
  constexpr uint32_t kPolynomial = 0x82f63b78;
  uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
  }
  return ~crc;
}

template <typename Number>
std::string little_endian(Number number) {
  std::array<char, sizeof(Number)> bytes{};
  std::memcpy(bytes.data(), &number, sizeof(Number));  // x86-64 and ARM are little-endian
  return {bytes.begin(), bytes.end()};
}

// TFRecord: length, masked CRC of the length, data, masked CRC of the data.
std::string record(const std::string& data) {
  const auto masked = [](const std::string& bytes) {
    constexpr uint32_t kMask = 0xa282ead8;
    const uint32_t crc = crc32c(bytes);
    return little_endian((crc >> 15 | crc << 17) + kMask);
  };
  const std::string length = little_endian(static_cast<uint64_t>(data.size()));
  return length + masked(length) + data + masked(data);
}

// Protocol buffers' wire format: a field's number and type, then its value.
std::string varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(number | 0x80);
  return bytes + static_cast<char>(number);
}
std::string field(int number, const std::string& bytes) {
  return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string field(int number, double value) {
  return varint(static_cast<uint64_t>(number) << 3 | 1) + little_endian(value);
}
std::string field(int number, float value) {
  return varint(static_cast<uint64_t>(number) << 3 | 5) + little_endian(value);
}
std::string field(int number, int64_t value) {
  return varint(static_cast<uint64_t>(number) << 3) + varint(static_cast<uint64_t>(value));
}

class TensorBoardRun : public TrackedRun {
 public:
  TensorBoardRun(const std::string& folder, const std::string& name) {
    make_folder(folder + "/" + name);
    static int files = 0;
    const int64_t now = milliseconds_now();
    file_ = fmt::format("{}/{}/events.out.tfevents.{}.ncprune.{}.{}", folder, name, now / 1000,
                        getpid(), files++);
    // Event: 1 wall_time, 2 step, 3 file_version, 5 summary.
    append(file_, record(wall_time() + field(3, std::string("brain.Event:2"))));
  }

  void log(int64_t step, const std::vector<std::pair<std::string, double>>& values) override {
    std::string summary;
    for (const auto& [tag, value] : values) {
      // Summary: 1 value, which has 1 tag and 2 simple_value.
      summary += field(1, field(1, tag) + field(2, static_cast<float>(value)));
    }
    append(file_, record(wall_time() + field(2, step) + field(5, summary)));
  }

 private:
  static std::string wall_time() {
    constexpr double kSecond = 1000;
    return field(1, static_cast<double>(milliseconds_now()) / kSecond);
  }

  std::string file_;
};

// ------------------------------------------------------------------ MLflow

constexpr const char* kExperiment = "471125863099216735";  // any 18 digits

// A YAML string.
std::string quoted(const std::string& text) {
  std::string escaped = "'";
  for (const char c : text) {
    if (c == '\'') escaped += '\'';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped + "'";
}

class MlflowRun : public TrackedRun {
 public:
  MlflowRun(const std::string& store, std::string name, const TrackedParameters& parameters)
      : name_(std::move(name)), start_(milliseconds_now()) {
    const std::string experiment = fs::absolute(store).string() + "/" + kExperiment;
    make_folder(experiment);
    if (!fs::exists(experiment + "/meta.yaml")) {
      write_file(experiment + "/meta.yaml",
                 fmt::format("artifact_location: {}\ncreation_time: {}\nexperiment_id: '{}'\n"
                             "last_update_time: {}\nlifecycle_stage: active\nname: ncprune\n",
                             quoted("file://" + experiment), start_, kExperiment, start_));
    }
    std::random_device random;
    for (int i = 0; i < 4; ++i) id_ += fmt::format("{:08x}", random());
    folder_ = experiment + "/" + id_;
    for (const char* part : {"artifacts", "metrics", "params", "tags"}) {
      make_folder(folder_ + "/" + part);
    }
    for (const auto& [key, value] : parameters) write_file(folder_ + "/params/" + key, value);
    write_file(folder_ + "/tags/mlflow.runName", name_);
    constexpr int kRunning = 1;
    write_meta(kRunning, "null");
  }

  ~MlflowRun() override {
    constexpr int kFinished = 3;
    try {
      write_meta(kFinished, std::to_string(milliseconds_now()));
    } catch (const InputError&) {
      // The numbers are saved; the run only looks unfinished.
    }
  }

  void log(int64_t step, const std::vector<std::pair<std::string, double>>& values) override {
    for (const auto& [key, value] : values) {
      append(folder_ + "/metrics/" + key,
             fmt::format("{} {} {}\n", milliseconds_now(), value, step));
    }
  }

 private:
  void write_meta(int status, const std::string& end) const {
    write_file(folder_ + "/meta.yaml",
               fmt::format("artifact_uri: {}\nend_time: {}\nentry_point_name: ''\n"
                           "experiment_id: '{}'\nlifecycle_stage: active\nrun_id: {}\n"
                           "run_name: {}\nrun_uuid: {}\nsource_name: ncprune\nsource_type: 4\n"
                           "source_version: ''\nstart_time: {}\nstatus: {}\ntags: []\n"
                           "user_id: ncprune\n",
                           quoted("file://" + folder_ + "/artifacts"), end, kExperiment,
                           quoted(id_), quoted(name_), quoted(id_), start_, status));
  }

  std::string name_;
  int64_t start_;
  std::string id_;
  std::string folder_;
};

// The run of a process that leaves the logging to another process.
class UntrackedRun : public TrackedRun {
 public:
  void log(int64_t, const std::vector<std::pair<std::string, double>>&) override {}
};

}  // namespace

void require_tracker(const std::string& where) {
  const Spec spec = parse_spec(where);
  spec.require_known({});
  const bool known = spec.name == "tensorboard" || spec.name == "mlflow";
  if (known && !spec.argument.empty()) return;
  throw InputError(fmt::format("tracker '{}'; wanted tensorboard:DIR or mlflow:DIR", where));
}

std::unique_ptr<TrackedRun> start_tracking(const std::string& where, const std::string& name,
                                           const TrackedParameters& parameters) {
  require_tracker(where);
  if (output_left_to_another()) return std::make_unique<UntrackedRun>();
  const Spec spec = parse_spec(where);
  if (spec.name == "mlflow") return std::make_unique<MlflowRun>(spec.argument, name, parameters);
  std::string folder = name;
  for (char& c : folder) {
    if (c == '?' || c == '*' || c == ':' || static_cast<unsigned char>(c) < 0x20) c = '_';
  }
  return std::make_unique<TensorBoardRun>(spec.argument, folder);
}

}  // namespace ncprune
