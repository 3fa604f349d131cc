#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"

namespace ncprune {

// Whether `names` say nothing: none, or only the numbers 0, 1, 2, ... of the classes.
bool are_numbers(const std::vector<std::string>& names);

// Throws InputError, naming both `where`s and the first class that only one of them has, unless
// both have the same classes in any order. Names that say nothing (are_numbers()) fit all others.
void require_same_classes(const std::vector<std::string>& wanted, const std::string& wanted_where,
                          const std::vector<std::string>& given, const std::string& given_where);

// The data with their classes in the order of `names`. Throws InputError, naming `where` and a
// class, unless these are the data's classes, each once.
Dataset with_class_order(Dataset data, const std::vector<std::string>& names,
                         const std::string& where);

}  // namespace ncprune
