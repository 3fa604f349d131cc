# The ONNX reader and the interpreter, which need LibTorch.
file(GLOB NETWORK_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/ncprune/onnx/*.cpp)
file(GLOB_RECURSE MODEL_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/ncprune/model/*.cpp)
ncprune_table(TABLES ncprune/model/operators.h ncprune/model/operators LIST Operator operators)
ncprune_table(TABLES ncprune/model/architectures.h ncprune/model/architectures ENTRY Architecture
              architectures)
add_library(
  ncprune_networks STATIC
  ${NETWORK_SOURCES} ${MODEL_SOURCES} ${TABLES}
  ${PROJECT_SOURCE_DIR}/ncprune/base/device.cpp ${PROJECT_SOURCE_DIR}/ncprune/base/json.cpp
  ${PROJECT_SOURCE_DIR}/ncprune/base/log.cpp ${PROJECT_SOURCE_DIR}/ncprune/base/machine.cpp
  ${PROJECT_SOURCE_DIR}/ncprune/base/random.cpp ${PROJECT_SOURCE_DIR}/ncprune/base/runtime.cpp
  ${PROJECT_SOURCE_DIR}/ncprune/base/sparse_product.cpp ${PROJECT_SOURCE_DIR}/ncprune/data/dataset.cpp
  ${PROJECT_SOURCE_DIR}/ncprune/data/waiting.cpp
  ${PROJECT_SOURCE_DIR}/ncprune/distributed/world.cpp ${PROJECT_SOURCE_DIR}/ncprune/runtime/onnx_runtime.cpp
  ${PROJECT_SOURCE_DIR}/ncprune/runtime/onnx_runtime_api.cpp)
target_include_directories(ncprune_networks PRIVATE ${PROJECT_BINARY_DIR}/generated)
# LibTorch 1.13 leaves a type incomplete that clang wants whole in C++20.
target_compile_options(ncprune_networks PUBLIC "SHELL:-include ATen/core/ivalue.h")
target_link_libraries(
  ncprune_networks
  PUBLIC ncprune_readers ${TORCH_LIBRARIES} fmt::fmt nlohmann_json::nlohmann_json
  PRIVATE onnx onnx_proto spdlog::spdlog ncprune_warnings)

ncprune_fuzz_target(onnx ncprune_networks)
set_tests_properties(fuzz_onnx PROPERTIES ENVIRONMENT OMP_NUM_THREADS=1)
