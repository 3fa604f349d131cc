# Warnings for every target that links this. They are errors where the tests are built: a user's
# compiler that warns of more must not stop the build of the program.
add_library(ncprune_warnings INTERFACE)
target_compile_options(ncprune_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                  -Wsign-conversion)
if(NCPRUNE_TESTS)
  target_compile_options(ncprune_warnings INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # gcc 12 sees overlaps in std::string's operator+ that are not there (gcc bug 105651).
  target_compile_options(ncprune_warnings INTERFACE -Wno-restrict)
endif()
