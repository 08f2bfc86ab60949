#include "net/stream/ws_transport.hpp"

#include "net/base/limits.hpp"
#include "net/wire/encoders.hpp"
#include "tests/net/transport_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;
using namespace std::chrono_literals;

namespace {

std::string ws_client(ws_opcode op, std::string_view payload) {
  std::array<char, max_ws_header> header{};
  const auto size = write_ws_header(op, payload.size(), header);
  header[1] = static_cast<char>(header[1] | 0x80);
  return std::string(header.data(), size).append(4, '\0').append(payload);  // mask 0
}

struct ws_case {
  explicit ws_case(ws_options options = {}, int buffers = 0)
      : client(buffers),
        stream(make_ws_transport(on.loop, accept(on, client, buffers), "HEAD", std::move(options),
                                 owner)) {}

  bool reads(std::string text) {
    text.insert(0, "HEAD");
    return on.until([&] { return client.read() || client.got.size() >= text.size(); }) &&
           client.got == text;
  }

  pumped_loop on;
  recorder owner;
  peer client;
  std::unique_ptr<transport> stream;
};

std::string text_of(const frame& f) { return std::string(f.whole()); }

}  // namespace

TEST_SUITE("net/stream_transport ws") {
  TEST_CASE("commands reach the owner; what does not parse is answered") {
    ws_options options;
    options.already_read = ws_client(ws_opcode::text, R"({"type":"ping","ref":1})");
    ws_case t(std::move(options));
    CHECK(t.owner.commands.empty());
    t.client.send(ws_client(ws_opcode::text, R"({"type":"presence","state":"away"})") +
                  ws_client(ws_opcode::text, R"({"type":"jump","ref":2})"));
    CHECK(t.on.until([&] { return t.owner.commands.size() == 2; }));
    CHECK(t.owner.commands[0].ref_json == "1");
    CHECK(t.owner.commands[1].state == "away");
    CHECK(t.reads(text_of(encode_error(wire_format::ws_json, "2",
                                       {errc::malformed,
                                        "type must be subscribe, unsubscribe, publish, "
                                        "presence, auth or ping"}))));
  }

  TEST_CASE("a publish that comes too early is answered with its ref and goes no further") {
    ws_options options;
    bool early = false;
    std::vector<std::size_t> costs;
    options.publish_wait = [&](std::size_t targets) -> std::optional<std::chrono::milliseconds> {
      costs.push_back(targets);
      return std::exchange(early, true) ? std::optional(250ms) : std::nullopt;
    };
    ws_case t(std::move(options));
    const auto publish = [](const char* ref) {
      return ws_client(ws_opcode::text,
                       R"({"type":"publish","rooms":["a","b"],"event":"e","data":1,"ref":)" +
                           std::string(ref) + "}");
    };
    t.client.send(publish("1") + publish("2") + ws_client(ws_opcode::text, R"({"type":"ping"})"));
    CHECK(t.reads(text_of(encode_error(
        wire_format::ws_json, "2",
        {errc::rate_limited,
         "this token publishes faster than limits.publish_rate allows; again in 250 ms"}))));
    CHECK(t.on.until([&] { return t.owner.commands.size() == 2; }));
    CHECK(t.owner.commands[0].ref_json == "1");
    CHECK(costs == std::vector<std::size_t>{2, 2});
    CHECK(t.owner.commands[1].action == ws_command::type::ping);
    CHECK(t.on.loop.metrics().publish_errors[static_cast<std::size_t>(errc::rate_limited)].get() ==
          1);
  }

  TEST_CASE("a command over a bound is refused with its ref and counted") {
    ws_options options;
    const auto rooms = limit_counts::get(limit_kind::rooms_per_session);
    const auto targets = limit_counts::get(limit_kind::max_targets);
    options.limits.max_rooms = 2;
    options.limits.max_targets = 2;
    ws_case t(std::move(options));
    t.client.send(
        ws_client(ws_opcode::text, R"({"type":"subscribe","rooms":["a","b","a"],"ref":1})") +
        ws_client(ws_opcode::text, R"({"type":"subscribe","rooms":["a","b","c"],"ref":2})") +
        ws_client(ws_opcode::text,
                  R"({"type":"publish","rooms":["a","b","c"],"event":"e","data":1,"ref":3})"));
    const auto refused = text_of(encode_error(wire_format::ws_json, "2", too_many_rooms(2)));
    CHECK(t.on.until([&] {
      t.client.read();
      return t.client.got.find(refused) != std::string::npos;
    }));
    CHECK(t.on.until([&] { return limit_counts::get(limit_kind::max_targets) == targets + 1; }));
    CHECK(limit_counts::get(limit_kind::rooms_per_session) >= rooms + 1);
    REQUIRE(t.owner.commands.size() == 1);
    CHECK(t.owner.commands[0].rooms == std::vector<std::string>{"a", "b"});
  }

  TEST_CASE("pings are answered in order, events count as WebSocket deliveries") {
    ws_case t;
    t.client.send(ws_client(ws_opcode::ping, "a") + ws_client(ws_opcode::ping, "b"));
    CHECK(
        t.reads("\x8A\x01"
                "a\x8A\x01"
                "b"));
    t.stream->send(event_frame("x"));
    CHECK(t.on.until([&] { return t.stream->delivered() == 1; }));
    CHECK(t.on.loop.metrics().deliveries[1].get() == 1);
  }

  TEST_CASE("the peer's close is echoed with its code") {
    ws_case t;
    t.client.send(ws_client(ws_opcode::close, "\x0F\xA0why") +
                  ws_client(ws_opcode::text, R"({"type":"ping"})"));
    CHECK(t.on.until([&] { return t.client.read(); }));
    CHECK(t.client.got == "HEAD\x88\x02\x0F\xA0");
    t.client.close();
    CHECK(t.on.until([&] { return !t.owner.closed.empty(); }));
    CHECK(t.owner.closed == std::vector{close_code::client_closed});
    CHECK(t.owner.commands.empty());
  }

  TEST_CASE("our close carries the code of its reason") {
    ws_case t;
    t.stream->close(close_code::kicked);
    CHECK(t.on.until([&] { return t.client.read(); }));
    CHECK(t.client.got == "HEAD" + text_of(make_ws_close(4003, "kicked")));
    t.client.send(ws_client(ws_opcode::close, "\x0F\xA3"));
    t.client.close();
    CHECK(t.on.until([&] { return !t.owner.closed.empty(); }));
    CHECK(t.owner.closed == std::vector{close_code::kicked});
  }

  TEST_CASE("who breaks the protocol is told how") {
    struct row {
      std::string bytes;
      std::string answer;
    };
    const std::vector<row> rows{
        {ws_client(ws_opcode::binary, "x"), text_of(make_ws_close(1003, "text messages only"))},
        {ws_client(ws_opcode::text, "\xFF"), text_of(make_ws_close(1007, {}))},
        {ws_client(ws_opcode::continuation, "x"), text_of(make_ws_close(1002, {}))},
        {ws_client(ws_opcode::text, std::string(300, 'x')), text_of(make_ws_close(1009, {}))}};
    for (const auto& r : rows) {
      ws_options options;
      options.max_message_bytes = 200;
      ws_case t(std::move(options));
      t.client.send(r.bytes);
      CHECK(t.on.until([&] { return t.client.read(); }));
      CHECK(t.client.got == "HEAD" + r.answer);
      t.client.close();
      CHECK(t.on.until([&] { return !t.owner.closed.empty(); }));
      CHECK(t.owner.closed == std::vector{close_code::protocol_error});
    }
  }

  TEST_CASE("a ping without a pong closes at the next heartbeat, an answered one does not") {
    ws_case t;
    t.on.settle();
    for (int beat = 0; beat < 3; ++beat) {
      t.stream->send_heartbeat({});
      CHECK(t.on.until([&] {
        t.client.read();
        return t.client.got.size() == 6 + 2u * static_cast<unsigned>(beat);
      }));
      t.client.send(ws_client(ws_opcode::pong, {}));
      t.on.until([] { return false; }, 5ms);
    }
    CHECK(t.owner.closed.empty());
    t.stream->send_heartbeat({});
    t.on.settle();
    t.stream->send_heartbeat({});
    CHECK(t.owner.closed.empty());
    CHECK(t.on.until([&] { return !t.owner.closed.empty(); }));
    CHECK(t.owner.closed == std::vector{close_code::client_closed});
  }

  TEST_CASE("the owner may destroy the transport, or close it, inside on_command") {
    const auto two = ws_client(ws_opcode::text, R"({"type":"ping"})") +
                     ws_client(ws_opcode::text, R"({"type":"ping"})");
    ws_case dies;
    dies.owner.at_command = [&] { dies.stream.reset(); };
    dies.client.send(two);
    CHECK(dies.on.until([&] { return dies.client.read(); }));
    CHECK(dies.owner.commands.size() == 1);
    ws_case closes;
    closes.owner.at_command = [&] { closes.stream->close(close_code::kicked); };
    closes.client.send(two);
    CHECK(closes.on.until([&] { return closes.client.read(); }));
    CHECK(closes.owner.commands.size() == 1);
  }

  TEST_CASE("who does not read its answers is not read either, until it does") {
    ws_case t({}, small_buffer);
    const auto bad = ws_client(ws_opcode::text, R"({"type":"jump"})");
    std::size_t sent = 0;
    std::string flood;
    for (int i = 0; i < 1000; ++i) flood += bad;
    // Stops taking input although the client would send more for ever.
    std::size_t most_queued = 0;
    std::string_view rest;
    std::size_t idle_rounds = 0;
    while (idle_rounds < 50) {
      if (rest.empty()) rest = flood;
      const auto n = t.client.try_send(rest);
      rest.remove_prefix(n);
      sent += n;
      idle_rounds = n == 0 ? idle_rounds + 1 : 0;
      t.on.settle();
      most_queued = std::max(most_queued, t.stream->queued_bytes());
    }
    CHECK(most_queued > 0);
    CHECK(most_queued < 256 * 1024);
    const auto answers = (sent + rest.size()) / bad.size();
    const auto one = text_of(encode_error(wire_format::ws_json, {},
                                          {errc::malformed,
                                           "type must be subscribe, unsubscribe, publish, "
                                           "presence, auth or ping"}));
    CHECK(t.on.until(
        [&] {
          rest.remove_prefix(t.client.try_send(rest));
          t.client.read();
          return t.client.got.size() >= 4 + answers * one.size();
        },
        20s));
    CHECK(t.client.got.size() == 4 + answers * one.size());
  }
}
