# Warnings are errors, for every target that links this.
add_library(ncprune_warnings INTERFACE)
target_compile_options(ncprune_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                  -Wsign-conversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # gcc 12 sees overlaps in std::string's operator+ that are not there (gcc bug 105651).
  target_compile_options(ncprune_warnings INTERFACE -Wno-restrict)
endif()
