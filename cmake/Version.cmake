# The commit and version are compiled into one source file only (src/app/version.cpp).
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse HEAD
  OUTPUT_VARIABLE LIMEN_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT LIMEN_COMMIT)
  set(LIMEN_COMMIT "not-a-git-repo")
endif()
