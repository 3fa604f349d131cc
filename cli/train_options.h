#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// How to train, as the command line says it: a teacher is a file there.
struct TrainRequest {
  TrainOptions options;
  std::string teacher;  // empty: none
  std::string tracker;  // empty: none
  Distillation distillation;
};

// Every option of TrainOptions and of distillation, alike for every command that trains.
void add_train_options(CLI::App& command, TrainRequest& request);

// Reads the teacher, checks the tracker and begins the tracked run `name`, if one is asked for.
TrainOptions train_options(const TrainRequest& request, uint64_t seed, const std::string& name);

// Prints the epochs, a star at the one that was taken, and gives the same as data.
Json report_epochs(const Training& training);

}  // namespace ncprune::cli
