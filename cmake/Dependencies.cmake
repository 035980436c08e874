# Debian 12's libraries. Each is linked by the rooms that name it and by no other.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(absl REQUIRED)
find_package(yaml-cpp REQUIRED)
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
