# A room is a folder of src/: one library, whose headers only those rooms see that name it.
#
#   room(NAME SOURCES a.cc … USES core … LINKS PkgConfig::curl …)
#
# USES are the rooms that this room's headers or sources include; LINKS are libraries from outside. Both
# stay private to the room, except the rooms in EXPORTS, whose types stand in this room's own headers.
# Each room's headers are reached through an include root of its own (a link <build>/rooms/NAME/NAME to
# src/NAME), so that an include of a room that is not named here does not compile.
function(room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;EXPORTS;LINKS;EXPORTS_LINKS" ${ARGN})
  set(root ${CMAKE_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${root}/${name} SYMBOLIC)
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_include_directories(${name} PUBLIC ${root})
  target_link_libraries(${name} PUBLIC ${ROOM_EXPORTS} ${ROOM_EXPORTS_LINKS}
                        PRIVATE ${ROOM_USES} ${ROOM_LINKS})
  target_compile_options(${name} PRIVATE ${COVERAGE_FOR_FUZZING})
endfunction()

# The unit tests of one room: one program, tests/<room>/*_test.cc. ROOM is for a second program of the same room, in a
# folder of its own.
#
#   room_test(NAME [ROOM room] SOURCES a_test.cc … USES core … LINKS …)
function(room_test name)
  cmake_parse_arguments(TEST "" "ROOM" "SOURCES;USES;LINKS" ${ARGN})
  if(NOT TEST_ROOM)
    set(TEST_ROOM ${name})
  endif()
  file(GLOB written RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS *_test.cc)
  list(REMOVE_ITEM written ${TEST_SOURCES})
  if(written)
    message(FATAL_ERROR "Tests that are not in SOURCES of room_test(${name}): ${written}")
  endif()
  add_executable(${name}_test ${TEST_SOURCES})
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name}_test PRIVATE ${TEST_ROOM} ${TEST_USES} ${TEST_LINKS} test_support
                        GTest::gmock GTest::gtest_main)
  add_test(NAME unit.${name} COMMAND ${name}_test)
endfunction()

# A libFuzzer target with its corpus tests/fuzz/corpus/NAME.
#
#   fuzz_target(NAME SOURCES … USES …)
function(fuzz_target name)
  if(NOT CREDENTIAL_BROKER_FUZZ)
    return()
  endif()
  cmake_parse_arguments(FUZZ "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_executable(${name}_fuzz ${FUZZ_SOURCES})
  set_target_properties(${name}_fuzz PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name}_fuzz PRIVATE ${FUZZ_USES} ${FUZZ_LINKS})
endfunction()
