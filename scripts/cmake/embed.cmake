# IN -> OUT: a C++ file that defines `const std::string_view starling::app::embedded::NAME`, and
# `NAME_gzipped`: the same as gzip makes it.
function(read_bytes file out)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  set(${out} "${bytes}" PARENT_SCOPE)
endfunction()

find_program(gzip gzip REQUIRED)
execute_process(COMMAND ${gzip} -9nc ${IN} OUTPUT_FILE ${OUT}.gz COMMAND_ERROR_IS_FATAL ANY)
read_bytes(${IN} plain)
read_bytes(${OUT}.gz gzipped)
file(WRITE ${OUT} "#include <string_view>
namespace starling::app::embedded {
static const unsigned char bytes[] = {${plain}0};
static const unsigned char gzipped_bytes[] = {${gzipped}0};
extern const std::string_view ${NAME}, ${NAME}_gzipped;
const std::string_view ${NAME}{reinterpret_cast<const char*>(bytes), sizeof bytes - 1};
const std::string_view ${NAME}_gzipped{reinterpret_cast<const char*>(gzipped_bytes),
                                       sizeof gzipped_bytes - 1};
}
")
