#pragma once

#include <string>
#include <vector>

#include "ncprune/data/download.h"

namespace ncprune {

// A data set that can be downloaded, as load_data() names it.
struct Fetchable {
  std::string name;
  std::string from;  // who publishes it
};
const std::vector<Fetchable>& fetchable();

// Downloads the data set `name` into `root`/`name`, where load_data() finds it, and gives that
// folder. Files that are there and whole are left alone; each is checked against its known sum,
// archives are unpacked. `mirror`: an address below which `name`/FILE is asked for, in place of
// the publisher's. Throws InputError on an unknown name, as download() does, and, keeping nothing
// of it, on a file that is not the one that was published.
std::string fetch(const std::string& name, const std::string& root, const std::string& mirror = "",
                  const DownloadOptions& options = {});

}  // namespace ncprune
