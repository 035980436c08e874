# Debian's libraries. Each is linked by the rooms that name it and by no other.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(absl REQUIRED)
find_package(yaml-cpp REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)  # Debian 12's name
endif()
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
find_library(EV_LIBRARY ev REQUIRED)
add_library(ev INTERFACE)
target_link_libraries(ev INTERFACE ${EV_LIBRARY})
# Header-only: nlohmann/json and CLI11 are found on the system's include path.

# link_statically(TARGET…): links Debian's imported targets by their .a in place of their .so. For gRPC and what it stands
# on, in what is shipped: with half of 90 shared libraries less to relocate a start takes less than half the CPU. What Debian patches
# without us stays shared: OpenSSL, libnghttp2, libcurl. Sanitizers get the shared ones, whose inlined functions do not mix
# with instrumented ones.
function(link_statically)
  foreach(target ${ARGN})
    foreach(property IMPORTED_LOCATION IMPORTED_LOCATION_NONE IMPORTED_LOCATION_RELEASE)
      get_target_property(shared ${target} ${property})
      if(shared)
        string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive ${shared})
        set_target_properties(${target} PROPERTIES ${property} ${archive})
      endif()
    endforeach()
  endforeach()
endfunction()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
  list(FILTER imported INCLUDE REGEX "^(absl::|gRPC::[^_]*$|protobuf::libprotobuf$|yaml-cpp$|yaml-cpp::yaml-cpp$)")
  link_statically(${imported})
  # gRPC's configuration names it as pkg-config does, and with it those libraries of abseil that Debian 13's needs.
  find_library(RE2_ARCHIVE libre2.a REQUIRED)
  get_target_property(abseil_of_re2 re2::re2 INTERFACE_LINK_LIBRARIES)
  list(FILTER abseil_of_re2 INCLUDE REGEX "^-labsl_")
  list(TRANSFORM abseil_of_re2 REPLACE "^-labsl_" "absl::")
  set_target_properties(re2::re2 PROPERTIES INTERFACE_LINK_LIBRARIES "${RE2_ARCHIVE};${abseil_of_re2}")
endif()
