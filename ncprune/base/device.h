#pragma once

#include <string>

#include "ncprune/base/tensor.h"

namespace ncprune {

// The device on which networks are run and trained, and on which layers are searched and solved
// (search_support(), least_squares(), SparseGPT). Stages exchange data sets, networks and
// statistics in main memory. A pass moves its batches to the device, sums there, and returns the
// sums to main memory at the end. Criteria and the other searches and solvers work in main memory.
at::Device compute_device();

// Sets the compute device of the process, at its start: "cpu", or "cuda", the first visible CUDA
// device ($CUDA_VISIBLE_DEVICES). Throws InputError on another name or when there is no such
// device.
void use_device(const std::string& name);

// Sets any device that LibTorch knows. CUDA computes in full float precision and with deterministic
// convolutions.
void use_device(at::Device device);

// The name with which use_device() chooses compute_device() again.
std::string device_name();

// `tensor` as an operand of nodes that compute on `device`: moved there, unless its elements are
// integers. Integers are shapes and positions, which nodes read in main memory.
at::Tensor operand_on(at::Device device, const at::Tensor& tensor);

}  // namespace ncprune
