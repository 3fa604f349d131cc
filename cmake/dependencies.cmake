# The libraries that ncprune links. It is installed beside ncpruneConfig.cmake, which finds them again.
find_package(Torch 1.13 REQUIRED)
if(NOT TARGET protobuf::libprotobuf)  # which ONNX needs, and Debian's Torch defines
  find_package(Protobuf REQUIRED)
endif()
find_package(ONNX CONFIG REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenMP REQUIRED)  # without it at::parallel_for compiles to serial code, silently
find_package(PkgConfig REQUIRED)
pkg_check_modules(NCPRUNE_BASE REQUIRED IMPORTED_TARGET GLOBAL libzip libcrypto)
if(NCPRUNE_IMAGES)
  pkg_check_modules(NCPRUNE_IMAGES REQUIRED IMPORTED_TARGET GLOBAL libturbojpeg libpng libwebp libwebpdemux
                    libtiff-4 libarchive)
endif()
if(NCPRUNE_DOWNLOADS)
  pkg_check_modules(NCPRUNE_DOWNLOADS REQUIRED IMPORTED_TARGET GLOBAL libcurl)
endif()
if(NCPRUNE_STUDIES)
  pkg_check_modules(NCPRUNE_STUDIES REQUIRED IMPORTED_TARGET GLOBAL sqlite3 tomlplusplus)
endif()
