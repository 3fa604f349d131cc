#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// Training options of the command line, where the teacher is a file.
struct TrainRequest {
  TrainOptions options;
  std::string teacher;  // empty: none
  std::string tracker;  // empty: none
  Distillation distillation;
};

// `options` with the teacher, if there is one, ready for the data (ready_for()).
TrainOptions with_ready_teacher(TrainOptions options, const TrainRequest& request,
                                const PreparedData& data);

// Adds the options of TrainOptions and of distillation, the same for every command that trains.
void add_train_options(CLI::App& command, TrainRequest& request);

// Reads the teacher, checks the tracker, and prepares the tracked run `name` if requested.
TrainOptions train_options(const TrainRequest& request, uint64_t seed, const std::string& name);

// Prints the epochs with a star at the selected one, and returns them as JSON.
Json report_epochs(const Training& training);

}  // namespace ncprune::cli
