# starling_unity(TARGET): some files of a folder are compiled together, which halves the build's work: they share
# what they include and instantiate. So the names that a folder's files keep to themselves must differ.
# To be called where the target is made.
set(unity_files 8)  # more would be slow to build again after a change of one

function(starling_unity target)
  get_target_property(sources ${target} SOURCES)
  foreach(file ${sources})
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    cmake_path(GET file PARENT_PATH folder)
    cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    string(MAKE_C_IDENTIFIER "${folder}" group)
    math(EXPR count_${group} "${count_${group}}+1")
    math(EXPR part "(${count_${group}}-1)/${unity_files}")
    set_source_files_properties(${file} PROPERTIES UNITY_GROUP ${group}_${part})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
