#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

// ONNX Runtime's opaque types and entry point, as in onnxruntime_c_api.h; the packages of the
// library contain no headers.
extern "C" {
struct OrtStatus;
struct OrtEnv;
struct OrtSessionOptions;
struct OrtSession;
struct OrtRunOptions;
struct OrtMemoryInfo;
struct OrtValue;
struct OrtTypeInfo;
struct OrtTensorTypeAndShapeInfo;
struct OrtAllocator;
struct OrtApiBase {
  const void* const* (*get_api)(uint32_t version);
  const char* (*version)();
};
}

namespace ncprune::onnx_runtime {

// The entries of OrtApi that are used here. Its table only ever grows at the end, so that a place
// in it is as good as a name.
struct Api {
  explicit Api(const void* const* table) {
    const auto set = [&](auto& function, size_t place) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
          const_cast<void*>(table[place]));
    };
    set(error_message, 2);
    set(create_env, 3);
    set(create_session_from_bytes, 8);
    set(create_session, 7);
    set(run, 9);
    set(create_session_options, 10);
    set(set_intra_op_threads, 24);
    set(set_inter_op_threads, 25);
    set(input_count, 30);
    set(output_count, 31);
    set(input_type, 33);
    set(output_type, 34);
    set(input_name, 36);
    set(output_name, 37);
    set(create_tensor, 49);
    set(tensor_data, 51);
    set(tensor_type, 55);
    set(element_type, 60);
    set(dimension_count, 61);
    set(dimensions, 62);
    set(type_and_shape, 65);
    set(create_cpu_memory_info, 69);
    set(allocator_free, 76);
    set(default_allocator, 78);
    set(release_status, 93);
    set(release_memory_info, 94);
    set(release_session, 95);
    set(release_value, 96);
    set(release_type, 98);
    set(release_type_and_shape, 99);
    set(release_session_options, 100);
  }

  const char* (*error_message)(const OrtStatus*);
  OrtStatus* (*create_env)(int log_level, const char* id, OrtEnv**);
  OrtStatus* (*create_session)(const OrtEnv*, const char* path, const OrtSessionOptions*,
                               OrtSession**);
  OrtStatus* (*create_session_from_bytes)(const OrtEnv*, const void* model, size_t bytes,
                                          const OrtSessionOptions*, OrtSession**);
  OrtStatus* (*run)(OrtSession*, const OrtRunOptions*, const char* const* input_names,
                    const OrtValue* const* inputs, size_t input_count,
                    const char* const* output_names, size_t output_count, OrtValue** outputs);
  OrtStatus* (*create_session_options)(OrtSessionOptions**);
  OrtStatus* (*set_intra_op_threads)(OrtSessionOptions*, int);
  OrtStatus* (*set_inter_op_threads)(OrtSessionOptions*, int);
  OrtStatus* (*input_count)(const OrtSession*, size_t*);
  OrtStatus* (*output_count)(const OrtSession*, size_t*);
  OrtStatus* (*input_type)(const OrtSession*, size_t, OrtTypeInfo**);
  OrtStatus* (*output_type)(const OrtSession*, size_t, OrtTypeInfo**);
  OrtStatus* (*input_name)(const OrtSession*, size_t, OrtAllocator*, char**);
  OrtStatus* (*output_name)(const OrtSession*, size_t, OrtAllocator*, char**);
  OrtStatus* (*create_tensor)(const OrtMemoryInfo*, void* data, size_t bytes, const int64_t* shape,
                              size_t rank, int type, OrtValue**);
  OrtStatus* (*tensor_data)(OrtValue*, void**);
  // Null for anything but a tensor; the result belongs to the type.
  OrtStatus* (*tensor_type)(const OrtTypeInfo*, const OrtTensorTypeAndShapeInfo**);
  OrtStatus* (*element_type)(const OrtTensorTypeAndShapeInfo*, int*);
  OrtStatus* (*dimension_count)(const OrtTensorTypeAndShapeInfo*, size_t*);
  OrtStatus* (*dimensions)(const OrtTensorTypeAndShapeInfo*, int64_t*, size_t);
  OrtStatus* (*type_and_shape)(const OrtValue*, OrtTensorTypeAndShapeInfo**);
  OrtStatus* (*create_cpu_memory_info)(int allocator, int memory, OrtMemoryInfo**);
  OrtStatus* (*allocator_free)(OrtAllocator*, void*);
  OrtStatus* (*default_allocator)(OrtAllocator**);
  void (*release_status)(OrtStatus*);
  void (*release_memory_info)(OrtMemoryInfo*);
  void (*release_session)(OrtSession*);
  void (*release_value)(OrtValue*);
  void (*release_type)(OrtTypeInfo*);
  void (*release_type_and_shape)(OrtTensorTypeAndShapeInfo*);
  void (*release_session_options)(OrtSessionOptions*);
};

// The loaded library, or the reason why it is not loaded. It stays loaded until the process ends.
struct Library {
  std::string problem;
  std::string version;
  std::string file;                 // that it was loaded from
  std::vector<std::string> places;  // that were tried
  const Api* api = nullptr;
  OrtEnv* env = nullptr;
};

// Loads the library on the first call.
const Library& library();

// The functions of the loaded library. Throws InputError with the reason why there is none.
const Api& api();

// Throws InputError with the error of ONNX Runtime, if there is one, and releases it.
void check(OrtStatus* status);

}  // namespace ncprune::onnx_runtime
