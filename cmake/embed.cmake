# ncprune_embed(SOURCE HEADER FUNCTIONS NAME=FILE...)
#
# Generates SOURCE, which carries files as they are, by the assembler. NAME_begin and NAME_end are then
# the first byte of a file and the one behind its last, for FUNCTIONS, the text of the functions that
# HEADER declares.

function(ncprune_embed SOURCE HEADER FUNCTIONS)
  set(SYMBOLS "")
  set(FILES "")
  foreach(ENTRY IN LISTS ARGN)
    string(REGEX MATCH "^([^=]+)=(.+)$" ENTRY "${ENTRY}")
    string(APPEND SYMBOLS "FILE_AS(${CMAKE_MATCH_1}, \"${CMAKE_MATCH_2}\");\n")
    list(APPEND FILES ${CMAKE_MATCH_2})
  endforeach()
  file(GENERATE OUTPUT ${SOURCE} CONTENT
"// Generated: files as they are, by the assembler.
#include \"${HEADER}\"

#define FILE_AS(NAME, PATH)                                                                    \\
  asm(\".section .rodata\\n\" #NAME \"_begin:\\n.incbin \\\"\" PATH \"\\\"\\n\" #NAME \"_end:\\n.previous\\n\"); \\
  extern const char NAME##_begin[];                                                            \\
  extern const char NAME##_end[]
extern \"C\" {
${SYMBOLS}}

namespace ncprune {
${FUNCTIONS}}  // namespace ncprune
")
  # Alone: of sources that are compiled together CMake forgets what they depend on.
  set_source_files_properties(${SOURCE} PROPERTIES OBJECT_DEPENDS "${FILES}"
                                                   SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
