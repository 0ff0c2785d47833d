# What find_package(SinchNumbers) reads. It gives, each when its library is installed:
#   SinchNumbers::shared  libsinch_numbers.so
#   SinchNumbers::static  libsinch_numbers.a and the system's libraries that it needs
# Every path follows from the place of this file, <prefix>/share/cmake/SinchNumbers, so the prefix may be moved. Libraries
# outside the usual folders of the prefix are found with -DSinchNumbers_LIBRARY_DIR=<folder>.

get_filename_component(_sinch_numbers_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(SinchNumbers_LIBRARY_DIR)
  set(_sinch_numbers_folders "${SinchNumbers_LIBRARY_DIR}")
else()
  set(_sinch_numbers_folders
    "${_sinch_numbers_prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}"
    "${_sinch_numbers_prefix}/lib"
    "${_sinch_numbers_prefix}/lib64")
endif()

foreach(_sinch_numbers_folder IN LISTS _sinch_numbers_folders)
  # With its whole version: a library of another version, left over in another folder, is not taken for ours.
  set(_sinch_numbers_shared "${_sinch_numbers_folder}/libsinch_numbers.so.${SinchNumbers_VERSION}")
  if(EXISTS "${_sinch_numbers_shared}" AND NOT TARGET SinchNumbers::shared)
    add_library(SinchNumbers::shared SHARED IMPORTED)
    set_target_properties(SinchNumbers::shared PROPERTIES
      IMPORTED_LOCATION "${_sinch_numbers_shared}"
      IMPORTED_SONAME "libsinch_numbers.so.${SinchNumbers_VERSION_MAJOR}"
      INTERFACE_INCLUDE_DIRECTORIES "${_sinch_numbers_prefix}/include")
  endif()

  # What the archive needs was said by the compiler when it was built; the pkg-config file keeps it.
  set(_sinch_numbers_static "${_sinch_numbers_folder}/libsinch_numbers.a")
  set(_sinch_numbers_pc "${_sinch_numbers_folder}/pkgconfig/sinch_numbers.pc")
  if(EXISTS "${_sinch_numbers_static}" AND EXISTS "${_sinch_numbers_pc}" AND NOT TARGET SinchNumbers::static)
    file(STRINGS "${_sinch_numbers_pc}" _sinch_numbers_private REGEX "^Libs\\.private:")
    string(REGEX MATCHALL "-[^ ]+" _sinch_numbers_private "${_sinch_numbers_private}")
    add_library(SinchNumbers::static STATIC IMPORTED)
    set_target_properties(SinchNumbers::static PROPERTIES
      IMPORTED_LOCATION "${_sinch_numbers_static}"
      IMPORTED_LINK_INTERFACE_LANGUAGES C
      INTERFACE_LINK_LIBRARIES "${_sinch_numbers_private}"
      INTERFACE_INCLUDE_DIRECTORIES "${_sinch_numbers_prefix}/include")
  endif()
endforeach()

if(NOT TARGET SinchNumbers::shared AND NOT TARGET SinchNumbers::static)
  set(SinchNumbers_FOUND FALSE)
  set(SinchNumbers_NOT_FOUND_MESSAGE
    "no library of version ${SinchNumbers_VERSION} in ${_sinch_numbers_folders}; set SinchNumbers_LIBRARY_DIR to its folder")
endif()

unset(_sinch_numbers_prefix)
unset(_sinch_numbers_folders)
unset(_sinch_numbers_shared)
unset(_sinch_numbers_static)
unset(_sinch_numbers_pc)
unset(_sinch_numbers_private)
