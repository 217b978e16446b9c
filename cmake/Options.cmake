# Language level, warnings, sanitizers, compiler cache.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

# One job at a time for the few sources that need more than a gigabyte to compile.
set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these on inlined standard library code; the sanitizer builds find the real ones.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()

if(LIMEN_SANITIZE)
  add_compile_options(-fsanitize=${LIMEN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LIMEN_SANITIZE})
  if(LIMEN_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan)
  endif()
endif()
if(LIMEN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(LIMEN_CCACHE ccache)
if(LIMEN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths relative to the checkout: build folders share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${LIMEN_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  else()
    # Clang's precompiled headers are then the same whenever they are made: what was compiled with one is still known.
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()
