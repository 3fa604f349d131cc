# ncprune_assets(OUT)
#
# What the report's page carries with it: its style and script (ncprune/report/page.css, page.js) and
# Vega, from the modules Debian ships, one file that needs neither a bundler nor a request. OUT is a source
# file that defines what ncprune/report/assets.h declares.

function(ncprune_assets OUT)
  set(VEGA /usr/share/javascript/vega)
  set(MODULES util time format loader dataflow canvas scale scenegraph expression selection statistics functions
              runtime view event-selector parser transforms view-transforms encode interpreter)
  # Whoever passes a report on passes Vega on, whose terms ask for its notices.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/NOTICE)
  file(READ ${PROJECT_SOURCE_DIR}/NOTICE NOTICE)
  string(REGEX REPLACE "^.*\n== IN REPORTS ==\n+(.*[^\n])\n+== COMPILED.*$" "\\1" NOTICE "${NOTICE}")
  set(SCRIPT "/*\n${NOTICE}\n*/\n")
  string(APPEND SCRIPT "const vega = (() => {\nconst modules = {};\n"
                       "const require = (name) => modules[name === 'vega-selections' ? 'vega-selection' : name];\n")
  foreach(MODULE IN LISTS MODULES)
    if(NOT EXISTS ${VEGA}/vega-${MODULE}.min.js)
      message(FATAL_ERROR "${VEGA}/vega-${MODULE}.min.js is missing: run ./install-packages (libjs-vega)")
    endif()
    file(READ ${VEGA}/vega-${MODULE}.min.js TEXT)
    string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" TEXT "${TEXT}")
    string(APPEND SCRIPT "(function (exports, module) {\n${TEXT}\n"
                         "})(modules['vega-${MODULE}'] = {}, {});\n")
  endforeach()
  string(APPEND SCRIPT "Object.assign(modules['vega-dataflow'].transforms, modules['vega-transforms'],\n"
                       "  modules['vega-view-transforms'], modules['vega-encode']);\n"
                       "return {parse: modules['vega-parser'].parse, View: modules['vega-view'].View,\n"
                       "  expressionInterpreter: modules['vega-interpreter'].expressionInterpreter};\n})();\n")
  set(FOLDER ${PROJECT_BINARY_DIR}/generated)
  file(WRITE ${FOLDER}/vega.js.new "${SCRIPT}")
  file(COPY_FILE ${FOLDER}/vega.js.new ${FOLDER}/vega.js ONLY_IF_DIFFERENT)
  file(REMOVE ${FOLDER}/vega.js.new)
  set(REPORT ${PROJECT_SOURCE_DIR}/ncprune/report)
  ncprune_embed(
    ${FOLDER}/assets.cpp ncprune/report/assets.h
"std::string_view page_style() { return {ncprune_page_style_begin, ncprune_page_style_end}; }
std::string_view page_script() { return {ncprune_page_script_begin, ncprune_page_script_end}; }
std::string_view vega_script() { return {ncprune_vega_begin, ncprune_vega_end}; }
"
    ncprune_page_style=${REPORT}/page.css ncprune_page_script=${REPORT}/page.js
    ncprune_vega=${FOLDER}/vega.js)
  set(${OUT} ${FOLDER}/assets.cpp PARENT_SCOPE)
endfunction()

# ncprune_kernels(OUT)
#
# The C files in ncprune/compile/kernels, which compile() puts at the head of what it writes. OUT is a
# source file that defines what ncprune/compile/kernels.h declares.

function(ncprune_kernels OUT)
  file(GLOB FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/ncprune/compile/kernels/*.c)
  set(ENTRIES "")
  set(CASES "")
  foreach(FILE IN LISTS FILES)
    get_filename_component(STEM ${FILE} NAME_WE)
    list(APPEND ENTRIES ncprune_kernel_${STEM}=${FILE})
    string(APPEND CASES
           "  if (name == \"${STEM}\") return {ncprune_kernel_${STEM}_begin, ncprune_kernel_${STEM}_end};\n")
  endforeach()
  set(SOURCE ${PROJECT_BINARY_DIR}/generated/kernels.cpp)
  ncprune_embed(${SOURCE} ncprune/compile/kernels.h
                "std::string_view kernel_text(std::string_view name) {\n${CASES}  return {};\n}\n" ${ENTRIES})
  set(${OUT} ${SOURCE} PARENT_SCOPE)
endfunction()
