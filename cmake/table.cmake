# ncprune_table(OUT HEADER FOLDER ENTRY|LIST TYPE FUNCTION [OPEN])
#
# Makes a source file that defines `const std::vector<TYPE>& ncprune::FUNCTION()` from the files in
# FOLDER, and appends it to the list OUT. Each FOLDER/some_name.cpp defines, in namespace
# ncprune::FUNCTION_files,
#   ENTRY  TYPE some_name();               one entry; its name becomes "some-name"
#   LIST   std::vector<TYPE> some_name();  several entries with names of their own
# A file beside HEADER with its name is its source, not an entry. OPEN: it also defines
# `std::vector<TYPE>& ncprune::open_FUNCTION()`, the same table, for entries from elsewhere.

function(ncprune_table OUT HEADER FOLDER KIND TYPE FUNCTION)
  file(GLOB FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${FOLDER}/*.cpp)
  set(DECLARATIONS "")
  set(CALLS "")
  foreach(FILE IN LISTS FILES)
    get_filename_component(STEM ${FILE} NAME_WE)
    if(HEADER MATCHES "/${STEM}\\.h$")
      continue()
    endif()
    string(REPLACE "_" "-" NAME ${STEM})
    if(KIND STREQUAL ENTRY)
      string(APPEND DECLARATIONS "${TYPE} ${STEM}();\n")
      string(APPEND CALLS "    table.push_back(${FUNCTION}_files::${STEM}());\n")
      string(APPEND CALLS "    table.back().name = \"${NAME}\";\n")
    else()
      string(APPEND DECLARATIONS "std::vector<${TYPE}> ${STEM}();\n")
      string(APPEND CALLS "    for (auto& entry : ${FUNCTION}_files::${STEM}()) table.push_back(entry);\n")
    endif()
  endforeach()
  set(CONST "const ")
  set(OPENING "const std::vector<${TYPE}>& ${FUNCTION}()")
  set(CLOSING "")
  if(ARGN STREQUAL OPEN)
    set(CONST "")
    set(OPENING "std::vector<${TYPE}>& open_${FUNCTION}()")
    set(CLOSING "const std::vector<${TYPE}>& ${FUNCTION}() { return open_${FUNCTION}(); }\n")
  endif()
  set(FILE ${PROJECT_BINARY_DIR}/generated/${FUNCTION}_table.cpp)
  file(GENERATE OUTPUT ${FILE} CONTENT
"// Generated from the file names in ${FOLDER}.
#include \"${HEADER}\"

#include <algorithm>

namespace ncprune {
namespace ${FUNCTION}_files {
${DECLARATIONS}}
${OPENING} {
  static ${CONST}std::vector<${TYPE}> table = [] {
    std::vector<${TYPE}> table;
${CALLS}    std::sort(table.begin(), table.end(),
              [](const ${TYPE}& a, const ${TYPE}& b) { return a.name < b.name; });
    return table;
  }();
  return table;
}
${CLOSING}}  // namespace ncprune
")
  set_source_files_properties(${FILE} PROPERTIES COMPILE_OPTIONS "-Wno-shadow")
  set(${OUT} ${${OUT}} ${FILE} PARENT_SCOPE)
endfunction()
