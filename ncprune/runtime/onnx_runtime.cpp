#include "ncprune/runtime/onnx_runtime.h"

#include <ATen/ops/empty.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "ncprune/base/error.h"
#include "ncprune/model/element_types.h"

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
struct OrtTensorTypeAndShapeInfo;
struct OrtAllocator;
struct OrtApiBase {
  const void* const* (*get_api)(uint32_t version);
  const char* (*version)();
};
}

namespace ncprune {
namespace {

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
    set(create_session, 8);
    set(run, 9);
    set(create_session_options, 10);
    set(set_intra_op_threads, 24);
    set(set_inter_op_threads, 25);
    set(input_count, 30);
    set(output_count, 31);
    set(input_name, 36);
    set(output_name, 37);
    set(create_tensor, 49);
    set(tensor_data, 51);
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
    set(release_type_and_shape, 99);
    set(release_session_options, 100);
  }

  const char* (*error_message)(const OrtStatus*);
  OrtStatus* (*create_env)(int log_level, const char* id, OrtEnv**);
  OrtStatus* (*create_session)(const OrtEnv*, const void* model, size_t bytes,
                               const OrtSessionOptions*, OrtSession**);
  OrtStatus* (*run)(OrtSession*, const OrtRunOptions*, const char* const* input_names,
                    const OrtValue* const* inputs, size_t input_count,
                    const char* const* output_names, size_t output_count, OrtValue** outputs);
  OrtStatus* (*create_session_options)(OrtSessionOptions**);
  OrtStatus* (*set_intra_op_threads)(OrtSessionOptions*, int);
  OrtStatus* (*set_inter_op_threads)(OrtSessionOptions*, int);
  OrtStatus* (*input_count)(const OrtSession*, size_t*);
  OrtStatus* (*output_count)(const OrtSession*, size_t*);
  OrtStatus* (*input_name)(const OrtSession*, size_t, OrtAllocator*, char**);
  OrtStatus* (*output_name)(const OrtSession*, size_t, OrtAllocator*, char**);
  OrtStatus* (*create_tensor)(const OrtMemoryInfo*, void* data, size_t bytes, const int64_t* shape,
                              size_t rank, int type, OrtValue**);
  OrtStatus* (*tensor_data)(OrtValue*, void**);
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
  void (*release_type_and_shape)(OrtTensorTypeAndShapeInfo*);
  void (*release_session_options)(OrtSessionOptions*);
};

// The loaded library, or the reason why it is not loaded. It stays loaded until the process ends.
struct Library {
  std::string problem;
  std::string version;
  const Api* api = nullptr;
  OrtEnv* env = nullptr;
};

Library load() {
  const char* wanted = std::getenv("NCPRUNE_ONNXRUNTIME");
  std::vector<std::string> places;
  if (wanted != nullptr) {
    places.emplace_back(wanted);
  } else {
#ifdef NCPRUNE_ONNXRUNTIME
    places.emplace_back(NCPRUNE_ONNXRUNTIME);
#endif
    places.emplace_back("libonnxruntime.so.1");
  }
  void* handle = nullptr;
  std::string reason;
  for (const std::string& place : places) {
    handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) break;
    reason = dlerror();
  }
  Library library;
  if (handle == nullptr) {
    library.problem = fmt::format(
        "ONNX Runtime was not found ({}): set NCPRUNE_ONNXRUNTIME to the file libonnxruntime.so.1",
        reason);
    return library;
  }
  const auto entry = reinterpret_cast<const OrtApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
  const OrtApiBase* base = entry == nullptr ? nullptr : entry();
  const void* const* table = base == nullptr ? nullptr : base->get_api(1);
  if (table == nullptr) {
    library.problem = fmt::format("{} is not ONNX Runtime", places.back());
    return library;
  }
  static const Api api(table);
  constexpr int kErrorsOnly = 3;
  if (OrtStatus* status = api.create_env(kErrorsOnly, "ncprune", &library.env)) {
    library.problem = fmt::format("ONNX Runtime cannot start: {}", api.error_message(status));
    return library;
  }
  library.version = base->version();
  library.api = &api;
  return library;
}

const Library& library() {
  static const Library loaded = load();
  return loaded;
}

const Api& api() {
  if (!library().problem.empty()) throw InputError(library().problem);
  return *library().api;
}

// Throws the error of ONNX Runtime, if any.
void check(OrtStatus* status) {
  if (status == nullptr) return;
  std::string reason = api().error_message(status);
  api().release_status(status);
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  throw InputError("ONNX Runtime: " + reason);
}

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

using Name = std::unique_ptr<char, void (*)(char*)>;

void free_name(char* name) {
  OrtAllocator* allocator = nullptr;
  check(api().default_allocator(&allocator));
  check(api().allocator_free(allocator, name));
}

using CountOf = OrtStatus* (*)(const OrtSession*, size_t*);
using NameOf = OrtStatus* (*)(const OrtSession*, size_t, OrtAllocator*, char**);

std::vector<std::string> names(const OrtSession* session, CountOf count_of, NameOf name_of) {
  size_t count = 0;
  check(count_of(session, &count));
  OrtAllocator* allocator = nullptr;
  check(api().default_allocator(&allocator));
  std::vector<std::string> all;
  for (size_t i = 0; i < count; ++i) {
    char* name = nullptr;
    check(name_of(session, i, allocator, &name));
    all.emplace_back(Name(name, free_name).get());
  }
  return all;
}

std::vector<const char*> pointers(const std::vector<std::string>& names) {
  std::vector<const char*> all;
  all.reserve(names.size());
  for (const std::string& name : names) all.push_back(name.c_str());
  return all;
}

// Refers to the memory of `tensor`, which must be contiguous and outlive the value.
Owned<OrtValue> value_of(const at::Tensor& tensor, const OrtMemoryInfo* memory) {
  const std::optional<int32_t> type = onnx_type(tensor.scalar_type());
  if (!type) {
    throw InputError("ONNX Runtime cannot take tensors of this element type");
  }
  OrtValue* value = nullptr;
  check(api().create_tensor(memory, tensor.data_ptr(), tensor.nbytes(), tensor.sizes().data(),
                            tensor.sizes().size(), *type, &value));
  return {value, api().release_value};
}

at::Tensor tensor_of(OrtValue* value) {
  OrtTensorTypeAndShapeInfo* raw = nullptr;
  check(api().type_and_shape(value, &raw));
  const Owned<OrtTensorTypeAndShapeInfo> info(raw, api().release_type_and_shape);
  int number = 0;
  check(api().element_type(raw, &number));
  size_t rank = 0;
  check(api().dimension_count(raw, &rank));
  std::vector<int64_t> shape(rank);
  check(api().dimensions(raw, shape.data(), rank));
  const std::optional<at::ScalarType> type = torch_type(number);
  if (!type) {
    throw InputError(
        fmt::format("ONNX Runtime returned a tensor of unsupported element type {}", number));
  }
  at::Tensor tensor = at::empty(shape, at::TensorOptions(*type));
  void* data = nullptr;
  check(api().tensor_data(value, &data));
  if (tensor.nbytes() > 0) std::memcpy(tensor.data_ptr(), data, tensor.nbytes());
  return tensor;
}

}  // namespace

std::string onnx_runtime_problem() {
  return library().problem;
}

std::string onnx_runtime_version() {
  return library().version;
}

struct OnnxRuntimeSession::State {
  Owned<OrtSession> session;
  Owned<OrtMemoryInfo> memory;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

OnnxRuntimeSession::OnnxRuntimeSession(std::string_view model, int threads) {
  OrtSessionOptions* raw_options = nullptr;
  check(api().create_session_options(&raw_options));
  const Owned<OrtSessionOptions> options(raw_options, api().release_session_options);
  check(api().set_intra_op_threads(raw_options, threads));
  check(api().set_inter_op_threads(raw_options, 1));
  OrtSession* session = nullptr;
  check(api().create_session(library().env, model.data(), model.size(), raw_options, &session));
  Owned<OrtSession> owned(session, api().release_session);
  constexpr int kArenaAllocator = 1;
  constexpr int kDefaultMemory = 0;
  OrtMemoryInfo* memory = nullptr;
  check(api().create_cpu_memory_info(kArenaAllocator, kDefaultMemory, &memory));
  state_ = std::make_unique<State>(State{std::move(owned),
                                         Owned<OrtMemoryInfo>(memory, api().release_memory_info),
                                         names(session, api().input_count, api().input_name),
                                         names(session, api().output_count, api().output_name)});
}

OnnxRuntimeSession::~OnnxRuntimeSession() = default;
OnnxRuntimeSession::OnnxRuntimeSession(OnnxRuntimeSession&&) noexcept = default;
OnnxRuntimeSession& OnnxRuntimeSession::operator=(OnnxRuntimeSession&&) noexcept = default;

std::vector<at::Tensor> OnnxRuntimeSession::run(const std::vector<at::Tensor>& inputs) const {
  if (inputs.size() != state_->inputs.size()) {
    throw InputError(
        fmt::format("{} inputs for a model of {}", inputs.size(), state_->inputs.size()));
  }
  std::vector<at::Tensor> contiguous;
  std::vector<Owned<OrtValue>> values;
  std::vector<const OrtValue*> given;
  for (const at::Tensor& input : inputs) {
    contiguous.push_back(input.cpu().contiguous());
    values.push_back(value_of(contiguous.back(), state_->memory.get()));
    given.push_back(values.back().get());
  }
  const std::vector<const char*> input_names = pointers(state_->inputs);
  const std::vector<const char*> output_names = pointers(state_->outputs);
  std::vector<OrtValue*> raw(output_names.size(), nullptr);
  OrtStatus* status = api().run(state_->session.get(), nullptr, input_names.data(), given.data(),
                                given.size(), output_names.data(), output_names.size(), raw.data());
  std::vector<Owned<OrtValue>> made;
  made.reserve(raw.size());
  for (OrtValue* value : raw) made.emplace_back(value, api().release_value);
  check(status);
  std::vector<at::Tensor> outputs;
  outputs.reserve(made.size());
  for (const Owned<OrtValue>& value : made) outputs.push_back(tensor_of(value.get()));
  return outputs;
}

}  // namespace ncprune
