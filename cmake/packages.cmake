# Debian packages of the three components: `packaging/make-packages`.

# What libncprune-dev depends on: the libraries in packages.txt.
file(READ ${PROJECT_SOURCE_DIR}/packages.txt PACKAGES)
string(REGEX MATCH "\n# the library[^\n]*\n([^#]*)" LIBRARIES "${PACKAGES}")
string(STRIP "${CMAKE_MATCH_1}" LIBRARIES)
string(REGEX REPLACE "[ \n]+" ", " LIBRARIES "${LIBRARIES}")

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL program dev python)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_VENDOR "The ncprune authors")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The ncprune authors <ncprune@localhost>")
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE "")
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE OFF)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME ncprune)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
# Without it a clean system gets the reference BLAS, which is forty times slower.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS libopenblas0-openmp)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "dataset-fashion-mnist, gcc, libc6-dev")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "prunes trained classifiers without losing the rare classes
 A command-line program: ONNX in, smaller ONNX out, with the evidence for
 every class. See ncprune(1).")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libncprune-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${LIBRARIES}")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "cmake, g++")
set(CPACK_COMPONENT_DEV_DESCRIPTION
    "library of ncprune: headers, static library and CMake files
 The stable core is ncprune/core.h; find_package(ncprune) gives the target
 ncprune::ncprune.")

set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-ncprune)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS
    "ncprune (= ${PROJECT_VERSION}), python3 (>= 3.11), python3-numpy")
set(CPACK_DEBIAN_PYTHON_PACKAGE_RECOMMENDS "python3-torch, python3-onnx, python3-pandas")
set(CPACK_COMPONENT_PYTHON_DESCRIPTION
    "Python package of ncprune
 Prunes PyTorch modules and ONNX files with arrays in memory; it drives the
 program.")
include(CPack)
