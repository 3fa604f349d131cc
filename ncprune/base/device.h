#pragma once

#include <string>

#include "ncprune/base/tensor.h"

namespace ncprune {

// Where networks are run and trained. What stages hand each other (data sets, networks, statistics)
// lies in main memory; a pass takes its batches to the device, adds up there, and brings its sums
// back at its end. Criteria, searches and solvers work in main memory.
at::Device compute_device();

// Chooses it for the whole process, at its start: "cpu", or "cuda", the first CUDA device that the
// process may see ($CUDA_VISIBLE_DEVICES). Throws InputError on another name, or when there is no
// such device.
void use_device(const std::string& name);

// The same of any device that LibTorch knows. CUDA computes in full float precision, and its
// convolutions in an order that is the same every time.
void use_device(at::Device device);

// The name by which use_device() would choose compute_device() again.
std::string device_name();

// `tensor` as nodes that compute on `device` read it: there, but for whole numbers: those are
// shapes and places, which nodes read themselves, and stay where they are.
at::Tensor operand_on(at::Device device, const at::Tensor& tensor);

}  // namespace ncprune
