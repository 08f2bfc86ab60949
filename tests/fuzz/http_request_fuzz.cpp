/// The request parser, fed in one piece and in many, up to the end of the first request.
#include <optional>
#include <string>

#include "net/http/request_parser.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

constexpr std::size_t most_header = 2048;
constexpr std::size_t most_body = 4096;

struct outcome {
  bool done = false;
  std::optional<errc> refused;
  std::size_t used = 0;
  net::http_request request;
};

/// As http_session does: what the parser leaves is offered again with what comes next.
outcome read(std::string_view bytes, const std::vector<std::string_view>& parts) {
  outcome out;
  out.request.clear();
  net::request_parser parser(out.request, most_header, most_body);
  std::size_t end = 0;
  for (const auto part : parts) {
    end += part.size();
    for (;;) {
      const auto used = parser.feed(bytes.substr(out.used, end - out.used));
      if (!used) {
        out.refused = used.error().code;
        return out;
      }
      require(*used <= end - out.used, "no more is used than was given");
      out.used += *used;
      if (parser.is_done()) {
        out.done = true;
        return out;
      }
      if (*used == 0 || out.used == end) break;
    }
  }
  return out;
}

}  // namespace

void fuzz(std::string_view bytes) {
  const auto seed = fuzz::take_byte(bytes);
  const auto at_once = read(bytes, {bytes});
  const auto in_parts = read(bytes, fuzz::pieces(bytes, seed));
  // When a header is refused may depend on that: Beast looks at pieces once their end is there.
  require(at_once.done == in_parts.done, "how the input is cut does not change what is accepted");
  require(at_once.request.body.size() <= most_body, "a body is limited");
  if (!at_once.done) return;
  require(at_once.used == in_parts.used, "the request ends where it ends");
  require(at_once.request.target == in_parts.request.target &&
              at_once.request.body == in_parts.request.body &&
              at_once.request.method == in_parts.request.method &&
              at_once.request.keep_alive == in_parts.request.keep_alive,
          "nor what was read");
  for (std::size_t i = 0; i < net::header_count; ++i) {
    const auto which = static_cast<net::header>(i);
    require(at_once.request.get(which) == in_parts.request.get(which), "nor a header");
  }
}
