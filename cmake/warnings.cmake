# Warnings are errors, for every target that links this.
add_library(ncprune_warnings INTERFACE)
target_compile_options(ncprune_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                  -Wsign-conversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # gcc 12 sees overlaps and overflows inside std::string that are not there (gcc bug 105651; the
  # overflows only where headers are precompiled).
  target_compile_options(ncprune_warnings INTERFACE -Wno-restrict -Wno-stringop-overflow)
endif()
