#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"

namespace ncprune {

// The same samples with the classes in the order of `names`. Throws InputError, naming `where` and
// the first class that is missing, unless `names` are the data's classes.
Dataset in_class_order(Dataset data, const std::vector<std::string>& names,
                       const std::string& where);

}  // namespace ncprune
