# ncprune_unity(TARGET)
#
# Compiles TARGET's sources a folder at a time, at most ten in one go, if NCPRUNE_UNITY is on: a clean
# build takes half the time, but a change of one source compiles its neighbours again. Sources of a
# folder therefore share one anonymous namespace: tests/check_unity_names.

option(NCPRUNE_UNITY "Compile the sources of a folder together, for a build from scratch" OFF)

function(ncprune_unity TARGET)
  if(NOT NCPRUNE_UNITY)
    return()
  endif()
  get_target_property(SOURCES ${TARGET} SOURCES)
  foreach(SOURCE IN LISTS SOURCES)
    cmake_path(GET SOURCE PARENT_PATH FOLDER)
    string(MAKE_C_IDENTIFIER "${FOLDER}" FOLDER)
    math(EXPR COUNT_${FOLDER} "0${COUNT_${FOLDER}} + 1")
    math(EXPR PART "${COUNT_${FOLDER}} / 10")
    set_source_files_properties(${SOURCE} PROPERTIES UNITY_GROUP ${FOLDER}_${PART})
  endforeach()
  set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
