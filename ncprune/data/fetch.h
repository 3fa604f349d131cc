#pragma once

#include <string>
#include <vector>

#include "ncprune/data/download.h"

namespace ncprune {

// A data set that can be downloaded, under its name in load_data().
struct Fetchable {
  std::string name;
  std::string from;  // who publishes it
};
const std::vector<Fetchable>& fetchable();

// Downloads the data set `name` into `root`/`name`, where load_data() finds it, and returns that
// folder. Complete files are kept; each file is checked against its known checksum, and archives
// are unpacked. `mirror`: an address from which `name`/FILE is downloaded instead of the
// publisher's. Throws InputError on an unknown name, as download() does, and on a file with a wrong
// checksum, which is deleted.
std::string fetch(const std::string& name, const std::string& root, const std::string& mirror = "",
                  const DownloadOptions& options = {});

}  // namespace ncprune
