#include "apps/starling-bench/measure/histogram.hpp"
#include "apps/starling-bench/measure/ledger.hpp"
#include "apps/starling-bench/wire/chunk_decoder.hpp"
#include "apps/starling-bench/wire/stamp.hpp"
#include "apps/starling-bench/wire/ws_parser.hpp"
#include "net/wire/sse_parser.hpp"

#include <doctest/doctest.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace starling::bench;

struct seen_events {
  std::vector<std::uint64_t> stamps;
  std::vector<std::pair<std::string, std::string>> others;
};

std::string chunk(std::string_view content, std::string_view extension = {}) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), content.size(), 16).ptr;
  return std::string(size.data(), end).append(extension).append("\r\n").append(content) + "\r\n";
}

/// `stream` through both parsers in pieces of `step` bytes.
bool read_in_steps(std::string_view stream, std::size_t step, seen_events& seen,
                   std::string& last_id) {
  chunk_decoder chunks;
  starling::net::sse_parser events;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    const bool good = chunks.feed(stream.substr(at, step), [&](std::string_view body) {
      events.feed(body, [&](const starling::net::sse_event& e) {
        if (const auto stamped = find_stamp(e.data))
          seen.stamps.push_back(stamped->n);
        else
          seen.others.emplace_back(e.name, e.data);
      });
    });
    if (!good) return false;
  }
  last_id = events.last_id();
  return true;
}

/// n of event `sequence` of `lane` in a ledger of two lanes.
std::uint64_t of_lane(std::uint32_t lane, std::uint64_t sequence) { return sequence * 2 + lane; }

struct two_lane_room {
  ledger books{2};
  std::uint32_t room = books.add_audience("a", false);
  std::uint32_t first = books.add_session(room);
  std::uint32_t second = books.add_session(room);
  two_lane_room() {
    books.join(first);
    books.join(second);
  }
};

}  // namespace

TEST_SUITE_BEGIN("apps/starling-bench");

TEST_CASE("percentiles keep three significant digits from nanoseconds to minutes") {
  for (std::int64_t value = 1; value < 1'000'000'000'000; value = value * 7 / 3 + 1) {
    histogram h;
    h.record(value);
    h.record(value * 2);
    CAPTURE(value);
    CHECK(h.percentile(50) >= value);
    CHECK(static_cast<double>(h.percentile(50) - value) <= static_cast<double>(value) / 1000);
    CHECK(h.max() == value * 2);
    CHECK(h.percentile(100) == value * 2);
  }
}

TEST_CASE("a percentile is the value that many records do not exceed") {
  histogram h;
  for (int i = 1; i <= 1000; ++i) h.record(i);
  CHECK(h.percentile(50) == 500);
  CHECK(h.percentile(99) == 990);
  CHECK(h.percentile(99.9) == 999);
  CHECK(h.percentile(0) == 1);
  CHECK(h.mean() == doctest::Approx(500.5));
  CHECK(histogram().percentile(99) == 0);
}

TEST_CASE("values outside of the table count at its ends") {
  histogram h;
  h.record(-5);
  h.record(INT64_MAX);
  CHECK(h.min() == 0);
  CHECK(h.percentile(100) == (std::int64_t{1} << 42) - 1);
}

TEST_CASE("merging gives what recording into one would have given") {
  histogram a;
  histogram b;
  a.record(10, 99);
  b.record(1'000'000);
  a.merge(b);
  CHECK(a.count() == 100);
  CHECK(a.percentile(99) == 10);
  CHECK(a.percentile(99.5) == 1'000'000);
  a.clear();
  CHECK(a.count() == 0);
}

TEST_CASE("the stamp is found bare and inside an envelope") {
  const auto bare = find_stamp(R"({"n":17,"t":123456789012,"x":"xx"})");
  REQUIRE(bare);
  CHECK(bare->n == 17);
  CHECK(bare->t == 123456789012);
  const auto wrapped =
      find_stamp(R"({"type":"event","ts":5,"data":{"n":8,"t":9,"x":"t"},"room":"n"})");
  REQUIRE(wrapped);
  CHECK(wrapped->n == 8);
  CHECK(wrapped->t == 9);
  CHECK_FALSE(find_stamp(R"({"n":17,"ts":4})"));
  CHECK_FALSE(find_stamp(R"({"n":"17","t":"4"})"));
  CHECK_FALSE(find_stamp(R"({"n":17,"t":)"));
  CHECK_FALSE(find_stamp(R"("n")"));
  CHECK_FALSE(find_stamp(""));
}

TEST_CASE("a chunked SSE stream reads the same at every split") {
  const std::string stream = chunk("event: connected\nid: 0.0\ndata: {\"a\":\ndata: ") +
                             chunk("1}\n\nr", ";x=y") +
                             chunk("etry: 50\r\n\r\n: heartbeat\nevent: bench\nid: 0") +
                             chunk(".7\ndata: {\"n\":7,\"t\":5,\"x\":\"") + chunk("xx\"}\n\n") +
                             chunk("id: 0.8\ndata:{\"n\":8,\"t\":6}\n\nid: 0");
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    CAPTURE(step);
    seen_events seen;
    std::string last_id;
    REQUIRE(read_in_steps(stream, step, seen, last_id));
    CHECK(seen.stamps == std::vector<std::uint64_t>{7, 8});
    REQUIRE(seen.others.size() == 1);
    CHECK(seen.others[0].first == "connected");
    CHECK(seen.others[0].second == "{\"a\":\n1}");
    CHECK(last_id == "0.8");
  }
}

TEST_CASE("what is not chunked encoding is refused, the closing chunk is noticed") {
  chunk_decoder broken;
  CHECK_FALSE(broken.feed("event: x\n", [](std::string_view) {}));
  chunk_decoder overrun;
  CHECK_FALSE(overrun.feed("2\r\nabc\r\n", [](std::string_view) {}));
  chunk_decoder whole;
  std::string body;
  REQUIRE(whole.feed("3\r\nabc\r\n0\r\n\r\n", [&](std::string_view part) { body += part; }));
  CHECK(body == "abc");
  CHECK(whole.finished());
}

TEST_CASE("WebSocket frames of all three lengths read the same at every split") {
  std::string stream = "\x81\x02hi";
  stream += std::string("\x81\x7e\x01\x2c", 4) + std::string(300, 'a');
  stream += std::string("\x89\x7f\0\0\0\0\0\0\0\x01", 10) + "p";
  for (std::size_t step = 1; step < stream.size(); ++step) {
    CAPTURE(step);
    ws_parser parser;
    std::vector<std::pair<ws_opcode, std::size_t>> frames;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      REQUIRE(parser.feed(std::string_view(stream).substr(at, step),
                          [&](ws_opcode opcode, std::string_view payload) {
                            frames.emplace_back(opcode, payload.size());
                          }));
    }
    REQUIRE(frames.size() == 3);
    CHECK(frames[0] == std::pair{ws_opcode::text, std::size_t{2}});
    CHECK(frames[1] == std::pair{ws_opcode::text, std::size_t{300}});
    CHECK(frames[2] == std::pair{ws_opcode::ping, std::size_t{1}});
  }
  ws_parser masked;
  CHECK_FALSE(masked.feed("\x81\x82....hi", [](ws_opcode, std::string_view) {}));
}

TEST_CASE_FIXTURE(two_lane_room, "everything once and in one order leaves nothing to report") {
  const auto a = books.next(room, 0);
  const auto b = books.next(room, 1);
  CHECK(books.outstanding() == 4);
  for (const auto session : {first, second}) {
    books.received(session, b);
    books.received(session, a);
  }
  CHECK(books.outstanding() == 0);
  const auto result = books.close();
  CHECK(result.lost + result.duplicated + result.reordered + result.disagreements == 0);
  CHECK(books.delivered() == 4);
}

TEST_CASE_FIXTURE(two_lane_room, "a hole, a missing end, a repeat and a late one are told apart") {
  for (int i = 0; i < 5; ++i) books.next(room, 0);
  for (const auto i : {1, 3, 3, 2, 5}) books.received(first, of_lane(0, i));
  for (const auto i : {1, 2}) books.received(second, of_lane(0, i));
  const auto result = books.close();
  CHECK(result.lost == 1 + 3);  // 4 of the first; 3, 4 and 5 of the second
  CHECK(result.duplicated == 1);
  CHECK(result.reordered == 1);
}

TEST_CASE_FIXTURE(two_lane_room, "sessions that saw two lanes in different orders disagree") {
  const auto a = books.next(room, 0);
  const auto b = books.next(room, 1);
  books.received(first, a);
  books.received(first, b);
  books.received(second, b);
  books.received(second, a);
  const auto result = books.close();
  CHECK(result.disagreements == 1);
  CHECK(result.lost == 0);
}

TEST_CASE_FIXTURE(two_lane_room, "an event the server refused may be missing") {
  books.next(room, 0);
  const auto refused = books.next(room, 0);
  books.next(room, 0);
  books.refused(room, refused);
  CHECK(books.outstanding() == 4);
  for (const auto session : {first, second}) {
    books.received(session, of_lane(0, 1));
    books.received(session, of_lane(0, 3));
  }
  CHECK(books.close().lost == 0);
}

TEST_CASE_FIXTURE(two_lane_room, "a session that left is not waited for, one that resumes is") {
  books.next(room, 0);
  books.leave(second);
  CHECK(books.outstanding() == 1);
  books.next(room, 0);
  CHECK(books.outstanding() == 2);
  books.join(second);
  CHECK(books.outstanding() == 4);
  books.received(second, of_lane(0, 2));
  books.leave(first);
  CHECK(books.close().lost == 1);
}

TEST_SUITE_END();
