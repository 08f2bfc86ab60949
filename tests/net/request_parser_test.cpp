#include "net/http/request_parser.hpp"

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::net;

namespace {

/// Feeds all of `bytes` as they would arrive one by one; how often the parser was content to wait.
std::size_t feed_singly(request_parser& parser, std::string_view bytes) {
  std::size_t begin = 0;
  std::size_t waits = 0;
  for (std::size_t end = 1; end <= bytes.size() && !parser.is_done(); ++end) {
    for (;;) {
      const auto used = parser.feed(bytes.substr(begin, end - begin));
      REQUIRE(used.ok());
      begin += *used;
      if (*used > 0 && begin < end && !parser.is_done()) continue;
      waits += *used == 0 ? 1 : 0;
      break;
    }
  }
  return waits;
}

}  // namespace

TEST_SUITE("net/request_parser") {
  // Found by the fuzz target http_request, where Beast's assertions are on.
  TEST_CASE("a chunked body may come byte by byte, its end too") {
    http_request request;
    request_parser parser(request, 1024, 1024);
    CHECK(feed_singly(parser,
                      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5\r\nhello\r\n3;x=y\r\nyou\r\n0\r\n\r\n") > 0);
    CHECK(parser.is_done());
    CHECK(request.body == "helloyou");
  }

  TEST_CASE("a chunk of fewer bytes than the end of a body needs is taken as it comes") {
    http_request request;
    request_parser parser(request, 1024, 1024);
    const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    REQUIRE(parser.feed(head).value() == head.size());
    CHECK(parser.feed("4\r\na").value() == 0);
    CHECK(parser.feed("4\r\nab").value() == 3);
    CHECK(parser.feed("ab").value() == 2);
    CHECK(parser.feed("cd").value() == 2);
    CHECK(request.body == "abcd");
  }
}
