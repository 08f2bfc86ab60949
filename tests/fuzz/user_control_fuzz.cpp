/// What the actors of one user on several nodes tell each other.
#include "actors/room/user_control.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

void fuzz(std::string_view bytes) {
  const auto read = actors::decode_user_control(bytes);
  if (!read) return;
  const auto written = actors::encode(*read);
  const auto again = actors::decode_user_control(written);
  require(again.has_value(), "a message that was read can be written and read");
  require(again->from == read->from && again->ask == read->ask &&
              again->opened.size() == read->opened.size() && again->closed == read->closed,
          "and says the same");
  require(actors::encode(*again) == written, "and stays as it is");
}
