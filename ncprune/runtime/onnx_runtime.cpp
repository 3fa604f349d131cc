#include "ncprune/runtime/onnx_runtime.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <cstring>

#include "ncprune/base/error.h"
#include "ncprune/model/element_types.h"
#include "ncprune/runtime/onnx_runtime_api.h"

namespace ncprune {
namespace {

using onnx_runtime::api;
using onnx_runtime::check;
using onnx_runtime::library;

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

using Name = std::unique_ptr<char, void (*)(char*)>;

void free_name(char* name) {
  OrtAllocator* allocator = nullptr;
  check(api().default_allocator(&allocator));
  check(api().allocator_free(allocator, name));
}

using TypeOf = OrtStatus* (*)(const OrtSession*, size_t, OrtTypeInfo**);
using NameOf = OrtStatus* (*)(const OrtSession*, size_t, OrtAllocator*, char**);

std::string name_at(const OrtSession* session, size_t i, NameOf name_of) {
  OrtAllocator* allocator = nullptr;
  check(api().default_allocator(&allocator));
  char* name = nullptr;
  check(name_of(session, i, allocator, &name));
  return Name(name, free_name).get();
}

// Element type, as ONNX numbers them, and shape.
std::pair<int, std::vector<int64_t>> type_and_shape(const OrtTensorTypeAndShapeInfo* info) {
  int number = 0;
  check(api().element_type(info, &number));
  size_t rank = 0;
  check(api().dimension_count(info, &rank));
  std::vector<int64_t> shape(rank);
  check(api().dimensions(info, shape.data(), rank));
  return {number, std::move(shape)};
}

SessionValue value_at(const OrtSession* session, size_t i, NameOf name_of, TypeOf type_of) {
  SessionValue value{name_at(session, i, name_of), std::nullopt, {}};
  OrtTypeInfo* raw = nullptr;
  check(type_of(session, i, &raw));
  const Owned<OrtTypeInfo> type(raw, api().release_type);
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;
  check(api().tensor_type(raw, &tensor));
  if (tensor == nullptr) return value;
  auto [number, shape] = type_and_shape(tensor);
  value.type = torch_type(number);
  value.shape = std::move(shape);
  return value;
}

std::vector<SessionValue> inputs_of(const OrtSession* session) {
  size_t count = 0;
  check(api().input_count(session, &count));
  std::vector<SessionValue> all;
  for (size_t i = 0; i < count; ++i) {
    all.push_back(value_at(session, i, api().input_name, api().input_type));
  }
  return all;
}

std::vector<SessionValue> outputs_of(const OrtSession* session) {
  size_t count = 0;
  check(api().output_count(session, &count));
  std::vector<SessionValue> all;
  for (size_t i = 0; i < count; ++i) {
    all.push_back(value_at(session, i, api().output_name, api().output_type));
  }
  return all;
}

std::vector<const char*> pointers(const std::vector<SessionValue>& values) {
  std::vector<const char*> all;
  all.reserve(values.size());
  for (const SessionValue& value : values) all.push_back(value.name.c_str());
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
  const auto [number, shape] = type_and_shape(raw);
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

Owned<OrtSessionOptions> options_for(int threads) {
  OrtSessionOptions* raw = nullptr;
  check(api().create_session_options(&raw));
  Owned<OrtSessionOptions> options(raw, api().release_session_options);
  check(api().set_intra_op_threads(raw, threads));
  check(api().set_inter_op_threads(raw, 1));
  return options;
}

}  // namespace

std::string onnx_runtime_problem() {
  return library().problem;
}

std::string onnx_runtime_file() {
  return library().file;
}

std::vector<std::string> onnx_runtime_places() {
  return library().places;
}

std::string onnx_runtime_version() {
  return library().version;
}

struct OnnxRuntimeSession::State {
  Owned<OrtSession> session;
  Owned<OrtMemoryInfo> memory;
  std::vector<SessionValue> inputs;
  std::vector<SessionValue> outputs;

  // Takes ownership of `session`.
  static std::unique_ptr<State> of(OrtSession* session) {
    Owned<OrtSession> owned(session, api().release_session);
    constexpr int kArenaAllocator = 1;
    constexpr int kDefaultMemory = 0;
    OrtMemoryInfo* memory = nullptr;
    check(api().create_cpu_memory_info(kArenaAllocator, kDefaultMemory, &memory));
    return std::make_unique<State>(State{std::move(owned),
                                         Owned<OrtMemoryInfo>(memory, api().release_memory_info),
                                         inputs_of(session), outputs_of(session)});
  }
};

const std::vector<SessionValue>& OnnxRuntimeSession::inputs() const {
  return state_->inputs;
}

const std::vector<SessionValue>& OnnxRuntimeSession::outputs() const {
  return state_->outputs;
}

OnnxRuntimeSession::OnnxRuntimeSession(std::string_view model, int threads) {
  const Owned<OrtSessionOptions> options = options_for(threads);
  OrtSession* session = nullptr;
  check(api().create_session_from_bytes(library().env, model.data(), model.size(), options.get(),
                                        &session));
  state_ = State::of(session);
}

OnnxRuntimeSession OnnxRuntimeSession::from_file(const std::string& path, int threads) {
  const Owned<OrtSessionOptions> options = options_for(threads);
  OrtSession* session = nullptr;
  check(api().create_session(library().env, path.c_str(), options.get(), &session));
  OnnxRuntimeSession made;
  made.state_ = State::of(session);
  return made;
}

OnnxRuntimeSession::OnnxRuntimeSession() = default;
OnnxRuntimeSession::~OnnxRuntimeSession() = default;
OnnxRuntimeSession::OnnxRuntimeSession(OnnxRuntimeSession&&) noexcept = default;
OnnxRuntimeSession& OnnxRuntimeSession::operator=(OnnxRuntimeSession&&) noexcept = default;

std::vector<at::Tensor> OnnxRuntimeSession::run(const std::vector<at::Tensor>& inputs) const {
  return run(inputs, pointers(state_->outputs));
}

at::Tensor OnnxRuntimeSession::run(const std::vector<at::Tensor>& inputs, size_t output) const {
  return run(inputs, {state_->outputs.at(output).name.c_str()}).front();
}

std::vector<at::Tensor> OnnxRuntimeSession::run(
    const std::vector<at::Tensor>& inputs, const std::vector<const char*>& output_names) const {
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
