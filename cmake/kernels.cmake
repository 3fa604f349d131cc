# ncprune_kernels(OUT)
#
# The C files in ncprune/compile/kernels, which compile() puts at the head of what it writes. OUT is a
# source file that defines what ncprune/compile/kernels.h declares.

function(ncprune_kernels OUT)
  file(GLOB FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ncprune/compile/kernels/*.c)
  set(SYMBOLS "")
  set(ENTRIES "")
  foreach(FILE IN LISTS FILES)
    get_filename_component(STEM ${FILE} NAME_WE)
    string(APPEND SYMBOLS "FILE_AS(ncprune_kernel_${STEM}, \"${FILE}\");\n")
    string(APPEND ENTRIES
           "  if (name == \"${STEM}\") return {ncprune_kernel_${STEM}_begin, ncprune_kernel_${STEM}_end};\n")
  endforeach()
  set(SOURCE ${CMAKE_BINARY_DIR}/generated/kernels.cpp)
  file(GENERATE OUTPUT ${SOURCE} CONTENT
"// Generated: files as they are, by the assembler.
#include \"ncprune/compile/kernels.h\"

#define FILE_AS(NAME, PATH)                                                                    \\
  asm(\".section .rodata\\n\" #NAME \"_begin:\\n.incbin \\\"\" PATH \"\\\"\\n\" #NAME \"_end:\\n.previous\\n\"); \\
  extern const char NAME##_begin[];                                                            \\
  extern const char NAME##_end[]
extern \"C\" {
${SYMBOLS}}

namespace ncprune {
std::string_view kernel_text(std::string_view name) {
${ENTRIES}  return {};
}
}  // namespace ncprune
")
  # Alone: of sources that are compiled together CMake forgets what they depend on.
  set_source_files_properties(${SOURCE} PROPERTIES OBJECT_DEPENDS "${FILES}"
                                                   SKIP_UNITY_BUILD_INCLUSION ON)
  set(${OUT} ${SOURCE} PARENT_SCOPE)
endfunction()
