# What `cmake --install` puts where, as three components: program, dev (the library) and python.
include(CMakePackageConfigHelpers)

set(CONFIG_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/ncprune)
install(TARGETS ncprune_library EXPORT ncprune ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT dev)
ncprune_public_headers(HEADERS)
foreach(HEADER IN LISTS HEADERS)
  cmake_path(GET HEADER PARENT_PATH FOLDER)
  install(FILES ${HEADER} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${FOLDER} COMPONENT dev)
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/generated/ncprune/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ncprune COMPONENT dev)
install(EXPORT ncprune NAMESPACE ncprune:: FILE ncpruneTargets.cmake DESTINATION ${CONFIG_FOLDER}
        COMPONENT dev)
configure_package_config_file(cmake/ncpruneConfig.cmake.in ${PROJECT_BINARY_DIR}/ncpruneConfig.cmake
                              INSTALL_DESTINATION ${CONFIG_FOLDER})
# Between minor versions before 1.0 more than the stable core may change (docs/library.md).
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ncpruneConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ncpruneConfig.cmake
              ${PROJECT_BINARY_DIR}/ncpruneConfigVersion.cmake cmake/dependencies.cmake
        DESTINATION ${CONFIG_FOLDER} COMPONENT dev)

if(NCPRUNE_CLI)
  install(TARGETS ncprune RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
  install(TARGETS ncprune_program RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/ncprune
          COMPONENT program)
endif()
