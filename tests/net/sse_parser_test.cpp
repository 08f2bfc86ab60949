#include "net/wire/sse_parser.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace starling::net;

namespace {

struct heard {
  std::string name, data, id;
  friend bool operator==(const heard&, const heard&) = default;
};

std::vector<heard> feed(sse_parser& parser, std::string_view bytes, std::size_t step) {
  std::vector<heard> out;
  for (std::size_t i = 0; i < bytes.size(); i += step)
    parser.feed(bytes.substr(i, step), [&](const sse_event& e) {
      out.push_back({std::string(e.name), std::string(e.data), std::string(e.id)});
    });
  return out;
}

/// Data of all events, the same however the bytes are cut.
std::vector<std::string> datas(std::string_view bytes) {
  std::vector<std::string> out;
  for (std::size_t step = bytes.size(); step >= 1; --step) {
    sse_parser parser;
    std::vector<std::string> now;
    for (const auto& one : feed(parser, bytes, step)) now.push_back(one.data);
    if (step == bytes.size()) out = now;
    CAPTURE(step);
    CHECK(now == out);
  }
  return out;
}

using texts = std::vector<std::string>;
using namespace std::string_literals;

}  // namespace

TEST_SUITE("net/wire/sse_parser") {
  TEST_CASE("the vectors of the web platform tests come out as browsers have them") {
    CHECK(datas("\xEF\xBB\xBF"
                "data:1\n\n"
                "\xEF\xBB\xBF"
                "data:2\n\ndata:3\n\n") == texts{"1", "3"});
    CHECK(datas("\xEF\xBB\xBF"
                "\xEF\xBB\xBF"
                "data:1\n\ndata:2\n\ndata:3\n\n") == texts{"2", "3"});
    CHECK(datas("data:1\r:\0\n:\r\ndata:2\n:X\rdata:3\n:data:fail\r:X\ndata:4\n\n"s) ==
          texts{"1\n2\n3\n4"});
    CHECK(datas("retry:1000\ndata:test1\n\nid:test\ndata:test2") == texts{"test1"});
    CHECK(datas("data:\n\ndata\ndata\n\ndata:test\n\n") == texts{"", "\n", "test"});
    CHECK(datas("data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\r"
                "data:\r\n data:32\ndata:4\n\n"s) == texts{"\0\n 2\n1\n3\n\n4"s});
    CHECK(datas("data:\ttest\rdata: \ndata:test\n\n") == texts{"\ttest\n\ntest"});
    CHECK(datas("data:test\r\ndata\ndata:test\r\n\r\n") == texts{"test\n\ntest"});
    CHECK(datas("data:test\n data\ndata\nfoobar:xxx\njustsometext\n:comment\ndata:test\n\n") ==
          texts{"test\n\ntest"});
  }

  TEST_CASE("name, id and retry are the event's, whatever the cut") {
    const std::string_view bytes =
        "retry: 250\r\n\r\nevent: a\r\nid: 1\r\ndata: x\r\ndata: y\r\n\r\n"
        ": heartbeat\n\nid: 2\ndata:z\n\nevent: b\n\nevent: \ndata:w\n\n";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
      CAPTURE(step);
      sse_parser parser;
      CHECK(feed(parser, bytes, step) ==
            std::vector<heard>{{"a", "x\ny", "1"}, {"message", "z", "2"}, {"message", "w", "2"}});
      CHECK(parser.last_id() == "2");
      CHECK(parser.retry_ms() == 250);
    }
  }

  TEST_CASE("an id with a NUL and a retry with more than digits are passed over") {
    sse_parser parser;
    feed(parser, "id: a\0b\nretry: 10x\ndata: x\n\n"s, 7);
    CHECK(parser.last_id().empty());
    CHECK_FALSE(parser.retry_ms());
  }

  TEST_CASE("a broken connection loses the half-read event, and its id with it") {
    sse_parser parser;
    CHECK(feed(parser, "id: 7\ndata: x\n\nid: 8\ndata: ha", 64).size() == 1);
    parser.reset();
    CHECK(feed(parser, "data: y\n\n", 64) == std::vector<heard>{{"message", "y", "7"}});
    CHECK(parser.last_id() == "7");
  }
}
