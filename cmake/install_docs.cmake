# Man pages and completions go where a packager expects them.
install(FILES ${PROJECT_SOURCE_DIR}/man/kubectl-pinnace.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/man/pinnace-controller.8 ${PROJECT_SOURCE_DIR}/man/pinnace-webhook.8
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)

# The program prints them itself. One with sanitizers, or for another machine, may not run in a build.
if(NOT CMAKE_C_FLAGS MATCHES "-fsanitize" AND (NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR))
  set(completions ${CMAKE_BINARY_DIR}/completions)
  file(MAKE_DIRECTORY ${completions})
  set(printed)
  foreach(shell bash zsh fish kubectl)
    add_custom_command(
      OUTPUT ${completions}/${shell}
      COMMAND kubectl-pinnace completion ${shell} > ${completions}/${shell}
      DEPENDS kubectl-pinnace
      VERBATIM)
    list(APPEND printed ${completions}/${shell})
  endforeach()
  add_custom_target(completions ALL DEPENDS ${printed})

  install(FILES ${completions}/bash RENAME kubectl-pinnace
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${completions}/zsh RENAME _kubectl-pinnace DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${completions}/fish RENAME kubectl-pinnace.fish
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  install(PROGRAMS ${completions}/kubectl RENAME kubectl_complete-pinnace DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
