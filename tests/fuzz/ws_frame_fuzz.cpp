/// RFC 6455 frames from a client, in one piece and in many.
#include <string>
#include <tuple>

#include "net/base/ids.hpp"
#include "net/wire/ws_frame.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

constexpr std::size_t most = 300;
using found = std::tuple<net::ws_found, std::string, std::uint16_t>;

void read(net::ws_parser& parser, std::string_view bytes, std::vector<found>& out) {
  while (!bytes.empty()) {
    const auto kind = parser.next(bytes);
    if (kind == net::ws_found::nothing) {
      require(bytes.empty(), "nothing is found only at the end of the input");
      return;
    }
    const bool has_payload = kind == net::ws_found::text || kind == net::ws_found::binary ||
                             kind == net::ws_found::ping || kind == net::ws_found::pong;
    const bool has_code = kind == net::ws_found::close || kind == net::ws_found::failure;
    out.emplace_back(kind, has_payload ? std::string(parser.payload()) : std::string(),
                     has_code ? parser.code() : 0);
    require(std::get<1>(out.back()).size() <= most, "a message is limited");
    if (kind == net::ws_found::text)
      require(valid_utf8(std::get<1>(out.back())), "a text message is UTF-8");
    if (kind == net::ws_found::failure)
      require(net::valid_ws_close(parser.code()), "a failure has a code that may be sent");
  }
}

}  // namespace

void fuzz(std::string_view bytes) {
  const auto seed = fuzz::take_byte(bytes);
  net::ws_parser one(most);
  std::vector<found> at_once;
  read(one, bytes, at_once);

  net::ws_parser other(most);
  std::vector<found> in_parts;
  for (const auto part : fuzz::pieces(bytes, seed)) read(other, part, in_parts);
  require(at_once == in_parts, "how the input is cut changes nothing");
  require(one.partial() == other.partial(), "nor what is still open");
}
