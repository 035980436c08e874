# Generated protobuf code. Sources: proto/ of this project, and others' definitions in third_party/protos.

find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
set(THIRD_PARTY_PROTO_DIR ${CMAKE_SOURCE_DIR}/third_party/protos)

# proto_library(NAME ROOT dir FILES a.proto … [IMPORTS dir …] [GRPC] [USES other …])
#   NAME: the messages, included as <path>.pb.h. With GRPC also NAME_grpc: grpc++ client and server stubs,
#   included as <path>.grpc.pb.h.
function(proto_library name)
  cmake_parse_arguments(P "GRPC" "ROOT" "FILES;IMPORTS;USES" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/protos/${name})
  file(MAKE_DIRECTORY ${out} ${out}_grpc)
  set(flags -I${P_ROOT} -I${THIRD_PARTY_PROTO_DIR})
  foreach(dir ${P_IMPORTS})
    list(APPEND flags -I${dir})
  endforeach()
  set(messages)
  set(stubs)
  foreach(file ${P_FILES})
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    add_custom_command(OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
      COMMAND protobuf::protoc ${flags} --cpp_out=${out} ${file}
      DEPENDS ${P_ROOT}/${file} VERBATIM)
    list(APPEND messages ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    if(P_GRPC)
      add_custom_command(OUTPUT ${out}_grpc/${stem}.grpc.pb.cc ${out}_grpc/${stem}.grpc.pb.h
        COMMAND protobuf::protoc ${flags} --grpc_out=${out}_grpc
                --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${file}
        DEPENDS ${P_ROOT}/${file} VERBATIM)
      list(APPEND stubs ${out}_grpc/${stem}.grpc.pb.cc ${out}_grpc/${stem}.grpc.pb.h)
    endif()
  endforeach()
  add_library(${name} STATIC ${messages})
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf ${P_USES})
  target_compile_options(${name} PRIVATE -w)
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  if(P_GRPC)
    add_library(${name}_grpc STATIC ${stubs})
    target_include_directories(${name}_grpc SYSTEM PUBLIC ${out}_grpc)
    target_link_libraries(${name}_grpc PUBLIC ${name} gRPC::grpc++)
    target_compile_options(${name}_grpc PRIVATE -w)
  endif()
endfunction()
