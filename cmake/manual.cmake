# ncprune_manual()
#
# Makes manual pages and completions for shells out of the built program's own definitions, in the
# target `manual`, a part of `all`. The build's folder generated/ then contains man/man1/ncprune.1,
# man/man1/ncprune-COMMAND.1 and completions/ncprune.bash, _ncprune and ncprune.fish. The date of the
# pages is the release's in CITATION.cff.

function(ncprune_manual)
  file(STRINGS ${PROJECT_SOURCE_DIR}/CITATION.cff DATE REGEX "^date-released:")
  string(REGEX MATCH "[0-9]+-[0-9]+-[0-9]+" DATE "${DATE}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/CITATION.cff)
  set(FOLDER ${PROJECT_BINARY_DIR}/generated)
  set(PAGES ${FOLDER}/man/man1)
  set(COMPLETIONS ${FOLDER}/completions)
  # Which pages there are is known only to the program: one of them stands for all.
  add_custom_command(
    OUTPUT ${PAGES}/ncprune.1 ${COMPLETIONS}/ncprune.bash ${COMPLETIONS}/_ncprune
           ${COMPLETIONS}/ncprune.fish
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${PAGES} ${COMPLETIONS}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PAGES} ${COMPLETIONS}
    COMMAND ncprune_program --manual ${PAGES} ${DATE}
    COMMAND ncprune_program --completion bash > ${COMPLETIONS}/ncprune.bash
    COMMAND ncprune_program --completion zsh > ${COMPLETIONS}/_ncprune
    COMMAND ncprune_program --completion fish > ${COMPLETIONS}/ncprune.fish
    DEPENDS ncprune_program VERBATIM)
  add_custom_target(manual ALL DEPENDS ${PAGES}/ncprune.1 ${COMPLETIONS}/ncprune.bash
                                       ${COMPLETIONS}/_ncprune ${COMPLETIONS}/ncprune.fish)
endfunction()
