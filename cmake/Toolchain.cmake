# Warnings, hardening, sanitizers and the compiler cache: the same for every target.

find_program(CCACHE ccache)
if(CCACHE)
  # Paths relative to the checkout, so that two clones share what they compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=include_file_ctime,include_file_mtime ${CCACHE})
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

add_compile_options(-Wall -Wextra -Wshadow -fstack-protector-strong)
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wthread-safety)
elseif(CMAKE_UNITY_BUILD)
  # gcc takes a source that is included for a header, whose classes should hold no type of an unnamed namespace.
  add_compile_options(-Wno-subobject-linkage)
endif()

set(CREDENTIAL_BROKER_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread; empty for none")
if(CREDENTIAL_BROKER_SANITIZE)
  add_compile_options(-fsanitize=${CREDENTIAL_BROKER_SANITIZE} -fno-omit-frame-pointer -g1
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CREDENTIAL_BROKER_SANITIZE})
endif()

option(CREDENTIAL_BROKER_FUZZ "Build the libFuzzer targets (clang only)" OFF)
# Of what a fuzzer is to explore: the rooms, not the tests.
set(COVERAGE_FOR_FUZZING $<$<BOOL:${CREDENTIAL_BROKER_FUZZ}>:-fsanitize=fuzzer-no-link>)
