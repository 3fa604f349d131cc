#include "ncprune/data/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "ncprune/base/digest.h"
#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/log.h"
#include "ncprune/base/lookup.h"
#include "ncprune/data/tar.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

struct RemoteFile {
  std::string name;
  std::string sum;  // SHA-256 of the unpacked content, or MD5 of the file
};

struct RemoteData {
  std::string name;
  std::string from;
  std::string address;  // of the folder of the files
  std::vector<RemoteFile> files;
  bool archive = false;  // contains the binary files
};

const std::vector<RemoteData>& remote_data() {
  static const std::vector<RemoteData> table{
      {"mnist",
       "LeCun, Cortes, Burges 1998, as PyTorch's mirror has it",
       "https://ossci-datasets.s3.amazonaws.com/mnist/",
       {{"train-images-idx3-ubyte.gz",
         "6705eff8e49fb8f823af92addac64fe87d5ddd6adbec30534755ed0f6fd2f407"},
        {"train-labels-idx1-ubyte.gz",
         "fffa927b06d57127f1f73b3dab411dc4688d2888bbd4b7ccfeae103413ba74c0"},
        {"t10k-images-idx3-ubyte.gz",
         "d05232f87e170a2e2614cb47a6cfd2c0ce2306906971abbe73bd8b5c5af08c64"},
        {"t10k-labels-idx1-ubyte.gz",
         "ea6a8911592eed449eacd56cf7e48bd5da2cc7f7ae241ddf5d4daef9fabc30bf"}}},
      {"fashion-mnist",
       "Xiao, Rasul, Vollgraf 2017",
       "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
       {{"train-images-idx3-ubyte.gz",
         "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
        {"train-labels-idx1-ubyte.gz",
         "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
        {"t10k-images-idx3-ubyte.gz",
         "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
        {"t10k-labels-idx1-ubyte.gz",
         "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}}},
      {"cifar10",
       "Krizhevsky 2009",
       "https://www.cs.toronto.edu/~kriz/",
       {{"cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"}},
       true},
      {"cifar100",
       "Krizhevsky 2009",
       "https://www.cs.toronto.edu/~kriz/",
       {{"cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8"}},
       true}};
  return table;
}

std::string raw_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string sum_of(const std::string& path, const std::string& like) {
  constexpr size_t kMd5Digits = 32;
  if (like.size() != kMd5Digits) return sha256(read_file(path));
  return md5(raw_bytes(path));
}

// Whether the file exists and has the published checksum.
bool is_whole(const std::string& path, const RemoteFile& file) {
  if (!fs::exists(path)) return false;
  try {
    return sum_of(path, file.sum) == file.sum;
  } catch (const InputError&) {
    return false;  // cannot be unpacked
  }
}

void get_file(const std::string& address, const std::string& path, const RemoteFile& file,
              const DownloadOptions& options) {
  if (is_whole(path, file)) return;
  const std::string fetched = path + ".new";
  log_info(fmt::format("{} from {}", file.name, address));
  download(address + file.name, fetched, options);
  if (!is_whole(fetched, file)) {
    fs::remove(fetched);
    throw InputError(fmt::format("{}{}: is not the published file, whose checksum is {}", address,
                                 file.name, file.sum));
  }
  fs::rename(fetched, path);
}

bool is_binary(const std::string& name) {
  return name.ends_with(".bin") || name.ends_with(".txt");
}

// Extracts the archive's binary files and class names next to it, whatever their folders in it.
void unpack(const std::string& path, const std::string& folder) {
  const TarLimits limits{.file_bytes = 1 << 28};  // CIFAR-100's training images are one file
  const std::string bytes = read_file(path);
  const TarArchive archive = index_tar(bytes, is_binary, path, limits);
  for (const TarFile& file : archive.files) {
    write_file(folder + "/" + fs::path(file.name).filename().string(),
               std::string_view(bytes).substr(file.offset, file.size));
  }
}

// The archive is deleted last.
bool is_unpacked(const std::string& folder, const RemoteFile& archive) {
  if (fs::exists(folder + "/" + archive.name)) return false;
  return std::any_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const auto& entry) { return entry.path().extension() == ".bin"; });
}

}  // namespace

const std::vector<Fetchable>& fetchable() {
  static const std::vector<Fetchable> table = [] {
    std::vector<Fetchable> list;
    for (const RemoteData& data : remote_data()) list.push_back({data.name, data.from});
    return list;
  }();
  return table;
}

std::string fetch(const std::string& name, const std::string& root, const std::string& mirror,
                  const DownloadOptions& options) {
  const RemoteData& data = find_named(remote_data(), name, "data set to fetch");
  std::string folder = root + "/" + name;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InputError(fmt::format("{}: {}", folder, error.message()));
  if (data.archive && is_unpacked(folder, data.files.front())) return folder;
  const std::string address = mirror.empty() ? data.address : mirror + "/" + name + "/";
  for (const RemoteFile& file : data.files) {
    const std::string path = folder + "/" + file.name;
    get_file(address, path, file, options);
    if (!data.archive) continue;
    unpack(path, folder);
    fs::remove(path);
  }
  return folder;
}

}  // namespace ncprune
