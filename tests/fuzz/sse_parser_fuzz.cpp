/// The clients' reader of event streams, fed in one piece and in many.
#include <string>

#include "net/wire/sse_parser.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

struct heard {
  std::string events;
  std::string last_id;
  std::optional<int> retry_ms;

  friend bool operator==(const heard&, const heard&) = default;
};

heard listen(const std::vector<std::string_view>& parts) {
  heard out;
  net::sse_parser parser;
  for (const auto part : parts)
    parser.feed(part, [&](const net::sse_event& got) {
      require(!got.name.empty(), "an event has a name");
      require(got.id.find_first_of(std::string_view("\r\n\0", 3)) == got.id.npos,
              "an id is a line");
      out.events.append(got.name).append("\t").append(got.id).append("\t").append(got.data);
      out.events += '\0';
    });
  out.last_id = parser.last_id();
  out.retry_ms = parser.retry_ms();
  return out;
}

}  // namespace

void fuzz(std::string_view bytes) {
  const auto seed = fuzz::take_byte(bytes);
  require(listen({bytes}) == listen(fuzz::pieces(bytes, seed)),
          "how the input is cut changes nothing");
}
