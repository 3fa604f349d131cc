#include "ncprune/runtime/onnx_runtime_api.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "ncprune/base/error.h"

namespace ncprune::onnx_runtime {
namespace {

// The file that holds a function which the loader found.
std::string file_of(const void* function) {
  Dl_info info{};
  return dladdr(function, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

Library load() {
  const char* wanted = std::getenv("NCPRUNE_ONNXRUNTIME");
  Library library;
  std::vector<std::string>& places = library.places;
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
  library.file = file_of(reinterpret_cast<const void*>(entry));
  library.api = &api;
  return library;
}

}  // namespace

const Library& library() {
  static const Library loaded = load();
  return loaded;
}

const Api& api() {
  if (!library().problem.empty()) throw InputError(library().problem);
  return *library().api;
}

void check(OrtStatus* status) {
  if (status == nullptr) return;
  std::string reason = api().error_message(status);
  api().release_status(status);
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  throw InputError("ONNX Runtime: " + reason);
}

}  // namespace ncprune::onnx_runtime
