# ncprune_precompile(TARGET [HEADER LIBRARY])
#
# Gives TARGET the headers that nearly every source includes, and HEADER of LIBRARY, compiled once
# for all targets that name the same one. Without them a source spends three quarters of its time on
# LibTorch's headers. Sources still include what they use: this is speed, not an interface. TARGET
# links ncprune_library or is it.

# ccache needs it to see what a precompiled header was made of.
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)

function(ncprune_precompile TARGET)
  list(POP_FRONT ARGN HEADER LIBRARY)
  string(MAKE_C_IDENTIFIER "ncprune_precompiled${HEADER}" PRECOMPILED)
  if(NOT TARGET ${PRECOMPILED})
    set(SOURCE ${PROJECT_BINARY_DIR}/generated/${PRECOMPILED}.cpp)
    file(GENERATE OUTPUT ${SOURCE} CONTENT "// Only carries the precompiled headers.\n")
    add_library(${PRECOMPILED} OBJECT ${SOURCE})
    # A precompiled header serves only sources that are compiled with its flags.
    target_link_libraries(
      ${PRECOMPILED} PRIVATE ${TORCH_LIBRARIES} OpenMP::OpenMP_CXX fmt::fmt
                             nlohmann_json::nlohmann_json ncprune_warnings ${LIBRARY})
    target_precompile_headers(
      ${PRECOMPILED}
      PRIVATE
      <ATen/TensorIndexing.h> <ATen/TensorOperators.h> <ATen/core/Tensor.h> <ATen/core/grad_mode.h>
      <ATen/ops/cat.h> <ATen/ops/tensor.h> <ATen/ops/zeros.h>
      <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp>
      <algorithm> <cmath> <cstdint> <functional> <map> <memory> <numeric> <optional> <set> <span>
      <string> <string_view> <vector> ${HEADER})
  endif()
  target_precompile_headers(${TARGET} REUSE_FROM ${PRECOMPILED})
endfunction()
