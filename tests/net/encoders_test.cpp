#include "net/wire/encoders.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "net/wire/codec.hpp"

using namespace starling;
using namespace starling::net;
using nlohmann::json;

namespace {

struct parsed {
  std::string name = "message";
  std::string id;
  std::string data;
};

/// What an EventSource makes of `body` (WHATWG rules; our frames use LF only).
std::vector<parsed> read_events(std::string_view body) {
  std::vector<parsed> out;
  parsed now;
  bool any = false;
  while (!body.empty()) {
    const auto end = body.find('\n');
    REQUIRE(end != body.npos);
    const auto line = body.substr(0, end);
    body.remove_prefix(end + 1);
    if (line.empty()) {
      if (any) out.push_back(now);
      now = {};
      any = false;
    } else if (line.starts_with("data: ")) {
      if (any) now.data += '\n';
      now.data += line.substr(6);
      any = true;
    } else if (line.starts_with("event: ")) {
      now.name = line.substr(7);
    } else if (line.starts_with("id: ")) {
      now.id = line.substr(4);
    } else {
      CHECK((line.starts_with("retry: ") || line.starts_with(":")));
    }
  }
  CHECK_FALSE(any);
  return out;
}

/// The payload of an unmasked text frame.
json ws_payload(const frame& frame) {
  auto bytes = frame.whole();
  REQUIRE(bytes.size() >= 2);
  CHECK(static_cast<unsigned char>(bytes[0]) == 0x81);
  std::size_t size = static_cast<unsigned char>(bytes[1]);
  std::size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (extra > 0) size = 0;
  for (std::size_t i = 0; i < extra; ++i)
    size = size << 8 | static_cast<unsigned char>(bytes[2 + i]);
  bytes.remove_prefix(2 + extra);
  CHECK(bytes.size() == size);
  return json::parse(bytes);
}

event sample() {
  event out;
  out.channel = room_channel(tenant_id("t"), "chat:7");
  out.id = "e1";
  out.name = "NewMessage";
  out.data = R"({"n":1})";
  out.accepted_ns = 1'700'000'000'123'456'789;
  return out;
}

}  // namespace

TEST_SUITE("net/wire/encoders") {
  TEST_CASE("a named event is name, id, payload and a blank line") {
    const auto f = encode_event(wire_format::sse_named, sample(), "1-a");
    CHECK(f.body() == "event: NewMessage\nid: 1-a\ndata: {\"n\":1}\n\n");
    REQUIRE(f.accepted_ns().size() == 1);
    CHECK(f.accepted_ns()[0] == sample().accepted_ns);
  }

  TEST_CASE("joined events are one chunk, or one WebSocket frame after the other") {
    for (const auto format : {wire_format::sse_named, wire_format::ws_json}) {
      const frame each[] = {encode_event(format, sample(), "1-a"),
                            encode_event(format, sample(), "1-b")};
      const auto both = join_events(format, each);
      CHECK(both.body() == std::string(each[0].body()) + std::string(each[1].body()));
      CHECK(both.accepted_ns().size() == 2);
      if (format == wire_format::ws_json) {
        CHECK(both.whole() == both.body());
        continue;
      }
      std::size_t announced = 0;
      std::sscanf(both.whole().data(), "%zx\r\n", &announced);
      CHECK(announced == both.body().size());
      CHECK(both.whole().ends_with("\r\n"));
    }
  }

  TEST_CASE("the whole of an SSE frame is one chunk around the body") {
    for (const std::size_t size : {1u, 15u, 200u, 70000u}) {
      auto e = sample();
      e.data = std::string(size, 'x');
      e.data_is_text = true;
      const auto f = encode_event(wire_format::sse_named, e, "1-a");
      const auto line = f.whole().find("\r\n");
      std::size_t announced = 0;
      std::from_chars(f.whole().data(), f.whole().data() + line, announced, 16);
      CHECK(announced == f.body().size());
      CHECK(f.whole().substr(line + 2, announced) == f.body());
      CHECK(f.whole().substr(line + 2 + announced) == "\r\n");
    }
  }

  TEST_CASE("text payloads keep their lines, whichever way they end") {
    struct row {
      std::string text;
      std::string seen;
    };
    const std::vector<row> rows{{"a\nb", "a\nb"},     {"a\r\nb", "a\nb"}, {"a\rb", "a\nb"},
                                {"a\n\rb", "a\n\nb"}, {"", ""},           {"\n", "\n"},
                                {"  a", "  a"},       {"a\r", "a\n"},     {":x", ":x"}};
    for (const auto& r : rows) {
      CAPTURE(r.text);
      auto e = sample();
      e.data = r.text;
      e.data_is_text = true;
      const auto events = read_events(encode_event(wire_format::sse_named, e, "i").body());
      REQUIRE(events.size() == 1);
      CHECK(events[0].data == r.seen);
    }
  }

  TEST_CASE("an envelope carries the event's own id, its room and its time") {
    auto e = sample();
    e.sender = "ann";
    const auto events = read_events(encode_event(wire_format::sse_envelope, e, "1-a").body());
    REQUIRE(events.size() == 1);
    CHECK(events[0].name == "NewMessage");
    CHECK(events[0].id == "1-a");
    CHECK(events[0].data == R"({"id":"e1","room":"chat:7","event":"NewMessage","data":{"n":1},)"
                            R"("ts":1700000000123,"sender":"ann"})");
  }

  TEST_CASE("message has no event line; both is named then message under one id") {
    const auto e = sample();
    const auto message = encode_event(wire_format::sse_message, e, "1-a");
    CHECK(message.body().find("event:") == message.body().npos);
    const auto events = read_events(encode_event(wire_format::sse_both, e, "1-a").body());
    REQUIRE(events.size() == 2);
    CHECK(events[0].name == "NewMessage");
    CHECK(events[0].data == R"({"n":1})");
    CHECK(events[1].name == "message");
    CHECK(json::parse(events[1].data)["data"]["n"] == 1);
    CHECK(events[0].id == events[1].id);
  }

  TEST_CASE("the envelope names its audience") {
    auto e = sample();
    e.channel = tenant_channel(tenant_id("t"));
    CHECK(json::parse(envelope_json(e))["all"] == true);
    e.channel = user_channel(tenant_id("t"), "ann");
    CHECK(json::parse(envelope_json(e))["user"] == "ann");
    e.channel.kind = channel_kind::client;
    CHECK(json::parse(envelope_json(e))["client"] == "ann");
  }

  TEST_CASE("text is escaped inside JSON, and invalid UTF-8 replaced") {
    auto e = sample();
    e.data = "\"\\\n\t\x01\x7F \xC3\xA4 \xF0\x9F\x90\xA6 \xFF\xC3";
    e.data_is_text = true;
    const auto seen = json::parse(envelope_json(e))["data"].get<std::string>();
    CHECK(seen == "\"\\\n\t\x01\x7F \xC3\xA4 \xF0\x9F\x90\xA6 \xEF\xBF\xBD\xEF\xBF\xBD");
    for (int c = 0; c < 0x80; ++c) {
      const std::string text(3, static_cast<char>(c));
      CHECK(json::parse(starling::net::quoted(text)).get<std::string>() == text);
    }
  }

  TEST_CASE("a line break in a name or a foreign payload cannot forge an event") {
    auto e = sample();
    e.name = "x\ndata: forged\n\nevent: y";
    e.data = "{\n\n\"n\":1}";
    for (const auto format : {wire_format::sse_named, wire_format::sse_envelope}) {
      const auto events = read_events(encode_event(format, e, "i").body());
      REQUIRE(events.size() == 1);
      CHECK(events[0].name == "x data: forged  event: y");
    }
  }

  TEST_CASE("a WebSocket event has the cursor as id and the event's id beside it") {
    const auto f = encode_event(wire_format::ws_json, sample(), "1-a");
    CHECK(f.whole() == f.body());
    CHECK(ws_payload(f) == json::parse(R"({"type":"event","id":"1-a","event_id":"e1",
        "room":"chat:7","event":"NewMessage","data":{"n":1},"ts":1700000000123})"));
  }

  TEST_CASE("WebSocket lengths have their three forms") {
    for (const std::size_t size : {0u, 10u, 30u, 60u, 200u, 65000u, 65400u, 70000u}) {
      auto e = sample();
      e.data = std::string(size, 'x');
      e.data_is_text = true;
      const auto f = encode_event(wire_format::ws_json, e, "i");
      CHECK(ws_payload(f)["data"].get<std::string>().size() == size);
    }
  }

  TEST_CASE("connected: retry, then all fields") {
    connected c;
    c.user = "ann";
    c.tenant = "t";
    c.node = "n1";
    c.rooms = {"a", "b"};
    c.position = {1, 35};
    c.resumed = true;
    c.replayed = 3;
    c.lost = {{"*", "bad_cursor"}, {"a", "expired"}};
    c.heartbeat = std::chrono::milliseconds(30000);
    c.server_time_ms = 42;
    const auto f = encode_connected(wire_format::sse_message, c, std::chrono::milliseconds(2100));
    CHECK(f.body().starts_with("retry: 2100\nevent: connected\nid: 1-z\ndata: {"));
    CHECK_FALSE(f.is_event());
    const auto data = json::parse(read_events(f.body()).at(0).data);
    CHECK(data == json::parse(R"({"client_id":"00000000-0000-0000-0000-000000000000",
        "user":"ann","tenant":"t","node":"n1","rooms":["a","b"],"position":"1-z","resumed":true,
        "replayed":3,"lost":[{"room":"*","reason":"bad_cursor"},{"room":"a","reason":"expired"}],
        "heartbeat_ms":30000,"server_time":42})"));
    auto flat = data;
    flat["type"] = "connected";
    flat["id"] = "1-z";
    CHECK(ws_payload(encode_connected(wire_format::ws_json, c, {})) == flat);
  }

  TEST_CASE("goodbye: a closing mark exactly when there is to be no reconnect") {
    const auto kicked = make_goodbye(close_code::kicked, {}, {1, 35});
    const auto f = encode_goodbye(wire_format::sse_named, kicked);
    CHECK(f.body().starts_with("event: goodbye\nid: 1-z.x\ndata: {"));
    CHECK(json::parse(read_events(f.body()).at(0).data)["reconnect"] == false);
    const auto drain = make_goodbye(close_code::draining, std::chrono::milliseconds(700), {1, 35});
    const auto g = encode_goodbye(wire_format::sse_named, drain);
    CHECK(g.body().starts_with("retry: 700\nevent: goodbye\nid: 1-z\n"));
    CHECK(ws_payload(encode_goodbye(wire_format::ws_json, drain)) ==
          json::parse(R"({"type":"goodbye","code":"draining","reconnect":true,"retry_ms":700,
              "reason":"this node is leaving; reconnect to any node","id":"1-z"})"));
  }

  TEST_CASE("notices, acks, errors, pongs") {
    CHECK(encode_notice(wire_format::sse_both, "gap", R"({"a":1})", "i").body() ==
          "event: gap\nid: i\ndata: {\"a\":1}\n\n");
    CHECK(ws_payload(encode_notice(wire_format::ws_json, "gap", R"({"a":1})", "i")) ==
          json::parse(R"({"type":"gap","a":1,"id":"i"})"));
    CHECK(ws_payload(encode_notice(wire_format::ws_json, "gap", "{}", "i")) ==
          json::parse(R"({"type":"gap","id":"i"})"));
    CHECK(ws_payload(encode_ack(wire_format::ws_json, "7", R"({"rooms":["a"]})")) ==
          json::parse(R"({"type":"ack","ref":7,"rooms":["a"]})"));
    CHECK(ws_payload(encode_ack(wire_format::ws_json, "", "")) == json::parse(R"({"type":"ack"})"));
    CHECK(ws_payload(encode_error(wire_format::ws_json, "\"r\"", {errc::forbidden, "room a"})) ==
          json::parse(R"({"type":"error","ref":"r","code":"forbidden","message":"room a"})"));
    CHECK(ws_payload(encode_pong(wire_format::ws_json, "1")) ==
          json::parse(R"({"type":"pong","ref":1})"));
    CHECK(encode_heartbeat().whole() == "d\r\n: heartbeat\n\n\r\n");
  }
}
