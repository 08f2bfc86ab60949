/// Last-Event-ID, as clients send it back.
#include "net/base/cursor.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

void fuzz(std::string_view bytes) {
  const auto read = parse_cursor(bytes);
  if (!read) return;
  const auto text = read->closed ? closing_mark(read->at) : read->at.str();
  const auto again = parse_cursor(text);
  require(again && again->at == read->at && again->closed == read->closed,
          "a cursor that was read is written so that it reads the same");
  require(text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-.") == text.npos,
          "a cursor is made of characters that never need a preflight");
}
