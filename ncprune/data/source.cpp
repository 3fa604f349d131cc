#include "ncprune/data/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "ncprune/base/error.h"
#include "ncprune/base/log.h"
#include "ncprune/base/lookup.h"
#include "ncprune/base/runtime.h"
#include "ncprune/data/samples.h"
#include "ncprune/data/split.h"
#include "ncprune/data/synthetic.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

// A named data set: its files in a folder of that name.
struct NamedData {
  std::string name;
  std::string summary;
  std::string files;         // files to get, and their source
  std::string other_folder;  // of torchvision or of the archive
  std::string package;       // the Debian package that installs it; empty if there is none
  std::vector<std::string> class_names;  // for IDX files, which have no names
};

const std::vector<NamedData>& named_data() {
  constexpr const char* kIdx = "its four IDX files (idx:DIR)";
  constexpr const char* kCifar = "its binary files (cifar:DIR)";
  static const std::vector<NamedData> table = {
      {.name = "fashion-mnist",
       .summary = "70000 grey images 28 x 28 of clothes, 10 classes (Xiao, Rasul, Vollgraf 2017)",
       .files = kIdx,
       .other_folder = "FashionMNIST/raw",
       .package = "dataset-fashion-mnist",
       .class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                       "Sneaker", "Bag", "Ankle boot"}},
      {.name = "mnist",
       .summary = "70000 grey images 28 x 28 of digits, 10 classes (LeCun, Cortes, Burges 1998)",
       .files = kIdx,
       .other_folder = "MNIST/raw",
       .package = "",
       .class_names = numbered_classes(10)},
      {.name = "cifar10",
       .summary = "60000 colour images 32 x 32 of animals and vehicles, 10 classes (Krizhevsky "
                  "2009)",
       .files = kCifar,
       .other_folder = "cifar-10-batches-bin",
       .package = "",
       .class_names = {}},
      {.name = "cifar100",
       .summary = "60000 colour images 32 x 32, 100 classes (Krizhevsky 2009)",
       .files = kCifar,
       .other_folder = "cifar-100-binary",
       .package = "",
       .class_names = {}}};
  return table;
}

// The folders under `root` that may contain the data set. The root itself counts only when it has
// the set's name: the files of MNIST and Fashion-MNIST have the same names.
std::vector<fs::path> candidates(const fs::path& root, const NamedData& named) {
  std::vector<fs::path> folders = {root / named.name, root / named.other_folder};
  std::error_code error;
  if (fs::weakly_canonical(root / ".", error).filename() == named.name) folders.push_back(root);
  return folders;
}

// The data set if `folder` contains it, in its original format or as image files.
std::optional<Samples> read_if_there(const NamedData& named, const fs::path& folder) {
  if (holds_idx_files(folder.string())) return read_idx_folder(folder.string(), named.class_names);
  if (holds_cifar_files(folder.string())) return read_cifar_folder(folder.string());
  for (const char* ending : {".tar", ".tar.gz"}) {
    const fs::path tar = folder / fmt::format("{}-images{}", named.name, ending);
    std::error_code error;
    if (!fs::is_regular_file(tar, error)) continue;
    log_info(fmt::format("{} is read from the image files in {}", named.name, tar.string()));
    return read_image_files(tar.string(), {});
  }
  return std::nullopt;
}

Samples read_named(const NamedData& named, const std::string& data_root) {
  std::vector<fs::path> roots;
  if (!data_root.empty()) roots.emplace_back(data_root);
  const char* variable = std::getenv("NCPRUNE_DATA");
  if (variable != nullptr && *variable != '\0') roots.emplace_back(variable);
  for (const char* system : {"/usr/local/share/datasets", "/usr/share/datasets"}) {
    roots.emplace_back(system);
  }
  std::vector<std::string> looked;
  for (const fs::path& root : roots) {
    for (const fs::path& folder : candidates(root, named)) {
      if (std::optional<Samples> samples = read_if_there(named, folder)) return *samples;
    }
    looked.push_back((root / named.name).string());
  }
  throw InputError(fmt::format(
      "data set '{}' is not in {}; {}fetch it (ncprune fetch {}), or put {}, or {}-images.tar.gz "
      "(images:FILE), into a folder {} "
      "and give its parent folder with --data-root or $NCPRUNE_DATA",
      named.name, fmt::join(looked, ", "),
      named.package.empty() ? ""
                            : fmt::format("install the Debian package {} (apt install {}), or ",
                                          named.package, named.package),
      named.name, named.files, named.name, named.name));
}

Samples read_synthetic(const Spec& spec, uint64_t seed) {
  TrainTest data = synthetic_data(spec, seed);
  return {.train = std::move(data.train), .test = std::move(data.test)};
}

Samples read_idx(const Spec& spec) {
  spec.require_known({});
  return read_idx_folder(spec.argument, {});
}

Samples read_cifar(const Spec& spec) {
  spec.require_known({});
  return read_cifar_folder(spec.argument);
}

void require_argument(const Spec& spec, const DataSource& source) {
  if (!spec.argument.empty()) return;
  throw InputError(fmt::format("'{}': wanted {}", spec.text, source.usage));
}

Samples read_samples(const Spec& spec, const std::string& data_root, uint64_t seed,
                     const DataReading& how) {
  const DataSource& source = find_named(data_sources(), spec.name, "data source");
  for (const NamedData& named : named_data()) {
    if (named.name != spec.name) continue;
    spec.require_known({});
    if (!spec.argument.empty()) {
      throw InputError(fmt::format("'{}': {} takes no argument", spec.text, spec.name));
    }
    return read_named(named, data_root);
  }
  require_argument(spec, source);
  if (spec.name == "idx") return read_idx(spec);
  if (spec.name == "cifar") return read_cifar(spec);
  if (spec.name == "images") return read_image_samples(spec, how.geometry);
  if (spec.name == "csv") return read_csv_samples(spec, how.table, seed);
  if (spec.name == "npz") return read_npz_samples(spec, how.arrays);
  return read_synthetic(spec, seed);
}

}  // namespace

bool is_image_source(const std::string& spec) {
  return parse_spec(spec).name == "images";
}

Preprocessing stated_preprocessing(const std::string& text) {
  const Spec spec = parse_spec(text);
  return is_image_source(text) ? preprocessing_of(spec) : Preprocessing{};
}

const std::vector<DataSource>& data_sources() {
  static const std::vector<DataSource> sources = [] {
    std::vector<DataSource> table;
    for (const NamedData& named : named_data()) {
      table.push_back({named.name, named.name, named.summary});
    }
    table.push_back({"idx", "idx:DIR",
                     "a folder of IDX files: train-images-idx3-ubyte, train-labels-idx1-ubyte and "
                     "the test files t10k-*, plain or .gz"});
    table.push_back({"cifar", "cifar:DIR",
                     "a folder of CIFAR-10's or CIFAR-100's binary files: data_batch_*.bin and "
                     "test_batch.bin, or train.bin and test.bin"});
    table.push_back({"images", "images:DIR_OR_TAR_OR_LIST[?resize=R&crop=C&mean=M&std=S&...]",
                     "JPEG, PNG, WebP, BMP and TIFF files, a folder per class, below train/ and "
                     "test/ if there is a test set, or a list of path,label; prepared as the "
                     "options say (docs/images.md)"});
    table.push_back(
        {"csv",
         "csv:FILE?label=COLUMN[&test=FILE][&ignore=A,B][&onehot=A,B][&ordinal=A,B(LOW<HIGH)]"
         "[&unknown=bin][&missing=TOKENS][&separator=;][&decimal=,][&thousands=.]"
         "[&units=%,$][&header=none][&comment=#]",
         "a table with a header: one column of labels; numbers, words or booleans in "
         "the others, with gaps. label: or first, last; ignore: columns to leave out; "
         "onehot, ordinal: columns of words, with their order if need be; unknown=bin: accept new "
         "words; missing: "
         "what stands for no value besides NA, N/A, NaN, null, ?; separator: , ; | or tab; "
         "thousands, units: what else is written in numbers; header=none: no column names"});
    table.push_back({"npz", "npz:FILE_OR_DIR[?test=FILE_OR_DIR]",
                     "NumPy arrays x and y, or x_train, y_train, x_test and y_test, in an NPZ file "
                     "or a folder of .npy files, where classes.txt may name the classes; bytes are "
                     "images; y may be a matrix of labels, 0 or 1"});
    table.push_back({"synthetic", "synthetic:CLASSES,FEATURES,SAMPLES_PER_CLASS[?spread=S&noise=N]",
                     "normal classes with known means and a known covariance"});
    return table;
  }();
  return sources;
}

TrainTest load_data(const std::string& text, const std::string& data_root, uint64_t seed,
                    const DataReading& how) {
  Samples samples = read_samples(parse_spec(text), data_root, seed, how);
  release_freed_memory();
  if (samples.test) {
    return {std::move(samples.train), std::move(*samples.test), std::move(samples.table)};
  }
  const auto [train, test] =
      test_split(samples.train.labels, samples.train.num_classes(), seed, text);
  return {select(samples.train, train), select(samples.train, test), std::move(samples.table)};
}

}  // namespace ncprune
