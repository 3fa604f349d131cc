#pragma once

#include <string>

#include "ncprune/data/npz.h"

namespace ncprune {

// Reads the arrays that `request` names from the files NAME.npy of `folder`, as numpy.save writes
// them, and the names of the classes from classes.txt, one a line, if it is there. An array that
// may stay in its file stays there if it is row-major and has more than `most_elements` elements;
// its file is then read in parts, and nobody needs a copy of it. Throws InputError, naming the
// file.
NpzArchive read_npy_folder(const std::string& folder, const NpzRequest& request);

}  // namespace ncprune
