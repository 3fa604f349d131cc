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
  set(GENERATED ${PROJECT_BINARY_DIR}/generated)
  install(DIRECTORY ${GENERATED}/man/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT program)
  install(FILES ${GENERATED}/completions/ncprune.bash COMPONENT program
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ncprune)
  install(FILES ${GENERATED}/completions/_ncprune COMPONENT program
          DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  install(FILES ${GENERATED}/completions/ncprune.fish COMPONENT program
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

# Every package has its licence; Debian calls the notices "copyright".
foreach(PACKAGE program=ncprune dev=libncprune-dev python=python3-ncprune)
  string(REPLACE "=" ";" PACKAGE ${PACKAGE})
  list(GET PACKAGE 0 COMPONENT)
  list(GET PACKAGE 1 NAME)
  set(FOLDER ${CMAKE_INSTALL_DATADIR}/doc/${NAME})
  install(FILES LICENSE DESTINATION ${FOLDER} COMPONENT ${COMPONENT})
  install(FILES NOTICE DESTINATION ${FOLDER} COMPONENT ${COMPONENT} RENAME copyright)
endforeach()

install(DIRECTORY python/ncprune DESTINATION lib/python3/dist-packages COMPONENT python
        PATTERN __pycache__ EXCLUDE)
