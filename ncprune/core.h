#pragma once

// The stable core of the library: read data and a network, prune, measure every class, write.
//
// Source code that uses only the declarations in these headers also compiles with the next minor
// version (0.3 after 0.2), or the compiler warns of the change for one minor version before.
// Structs may gain fields behind the others, so name the fields that you set. Numbers may change
// between minor versions, and the changelog says so. Headers that only ncprune.h includes may
// change in any version, and object files of two versions cannot be linked together.

#include "ncprune/version.h"
// errors that are the user's mistake; threads
#include "ncprune/base/error.h"
#include "ncprune/base/runtime.h"
// labelled samples, in memory or from files, and what is thinned and held out
#include "ncprune/data/dataset.h"
#include "ncprune/data/source.h"
#include "ncprune/experiment/prepare.h"
// networks, the files that hold them, their class scores
#include "ncprune/model/interpreter.h"
#include "ncprune/model/network.h"
#include "ncprune/onnx/onnx.h"
// criteria, those of other programs too; recipes, pruning, shrinking
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/calibration.h"
#include "ncprune/prune/method.h"
#include "ncprune/prune/prune.h"
#include "ncprune/prune/recipe.h"
#include "ncprune/prune/shrink.h"
// recall of every class
#include "ncprune/evaluate/metrics.h"
// networks as C
#include "ncprune/compile/compile.h"
