# ncprune_public_headers(OUT)
#
# The headers that ncprune/ncprune.h and ncprune/core.h include, directly or not: those that a user of the
# library gets, as paths from the project's folder. The others are how it works inside.

function(ncprune_public_headers OUT)
  set(FOUND ncprune/ncprune.h ncprune/core.h)
  set(OPEN ${FOUND})
  while(OPEN)
    list(POP_FRONT OPEN HEADER)
    set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                 ${PROJECT_SOURCE_DIR}/${HEADER})
    file(STRINGS ${PROJECT_SOURCE_DIR}/${HEADER} INCLUDES REGEX "^#include \"ncprune/")
    foreach(INCLUDE IN LISTS INCLUDES)
      string(REGEX REPLACE "^#include \"(.*)\"" "\\1" INCLUDE "${INCLUDE}")
      if(NOT INCLUDE IN_LIST FOUND AND NOT INCLUDE STREQUAL "ncprune/version.h")
        list(APPEND FOUND ${INCLUDE})
        list(APPEND OPEN ${INCLUDE})
      endif()
    endforeach()
  endwhile()
  set(${OUT} ${FOUND} PARENT_SCOPE)
endfunction()
