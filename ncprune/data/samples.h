#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/spec.h"
#include "ncprune/data/dataset.h"
#include "ncprune/data/preprocessing.h"

namespace ncprune {

// The contents of a source, before load_data() adds a test set if there is none. One function per
// kind of source; all throw InputError (file, line or sample, what was expected).
struct Samples {
  Dataset train;
  std::optional<Dataset> test;
  std::optional<TableEncoding> table = {};  // how the columns became inputs, for tables
};

// A file of integer labels with more classes than this is considered a mistake.
inline constexpr int64_t kMaxClasses = 65536;

// The folder's IDX files of images and labels, train-* and, if present, t10k-*, plain or gzipped.
// Images [N, height, width] become [N, 1, height, width], bytes become [0, 1]. Classes beyond
// `class_names` are called by their number.
Samples read_idx_folder(const std::string& folder, const std::vector<std::string>& class_names);

// Whether `folder` holds train-* IDX files of images.
bool holds_idx_files(const std::string& folder);

// The folder's CIFAR files in binary form (Krizhevsky 2009): CIFAR-10 (data_batch_*.bin,
// test_batch.bin, batches.meta.txt) or CIFAR-100 (train.bin, test.bin, fine_label_names.txt: its
// 100 fine classes). [N, 3, 32, 32], bytes become [0, 1]. Classes without a name are numbered.
Samples read_cifar_folder(const std::string& folder);

// Whether `folder` holds CIFAR's training files.
bool holds_cifar_files(const std::string& folder);

// How image files are read.
struct ImageOptions {
  Preprocessing preprocessing = {};       // its geometry acts here
  std::string test = {};                  // a list of test images, for a list
  std::vector<std::string> classes = {};  // all classes in the order wanted; empty: byte order
};

// The image files of a folder, a tar file or a list (see find_images()), which the data sets read
// when they are needed. Worker threads decode, turn, resize and crop them; their number does not
// change the result. [N, C, H, W], bytes become [0, 1]. All images have one size after that. C is 1
// for grey and 3 for rgb or bgr (as red, green, blue); if channels are open, 1 when more than half
// of the training images are grey, otherwise 3 (of more than 4096 images a part decides, unless it
// is close); all other images are converted.
Samples read_image_files(const std::string& path, const ImageOptions& options);

// images:DIR_OR_TAR_OR_LIST[?OPTIONS]. `geometry` replaces the preprocessing that the options give.
Samples read_image_samples(const Spec& spec, const std::optional<Preprocessing>& geometry);

// csv:FILE?label=COLUMN and further options, see table_request.h. Without a test file, the test
// rows are test_split()'s with `seed`, by the labels sorted (as numbers if all are). The columns
// become inputs by the encoding `known`, or by one that is learned on the training rows alone. The
// classes are the encoding's.
Samples read_csv_samples(const Spec& spec, const std::optional<TableEncoding>& known,
                         uint64_t seed);

// npz:FILE_OR_DIR[?test=FILE_OR_DIR], an NPZ file or a folder of .npy files, which may name its
// classes (npy_folder.h): inputs called x, X, inputs, x_train or X_train and labels called y, Y,
// labels or y_train; test samples from x_test or X_test and y_test, or from x and y of the test
// file. Bytes [N, height, width], [N, channels, height, width] or [N, height, width, channels] are
// images and become [0, 1]; all other arrays are used unchanged. Inputs that are stored without
// compression and take more than a 64th of memory_limit() stay in the file. Labels are integers
// [N], or zeros and ones [N, L]: multi-label data (label_rows.h), unless each sample has exactly
// one. `inputs`, if not empty, are the arrays of a sample (or NAME_train and NAME_test), whose
// values are put side by side.
Samples read_npz_samples(const Spec& spec, const std::vector<std::string>& inputs = {});

// Names for `num_classes` classes: those in `known`, then numbers ("0", "1", ...).
std::vector<std::string> numbered_classes(int64_t num_classes,
                                          const std::vector<std::string>& known = {});

}  // namespace ncprune
