#include "net/dialect/fechatter/messages.hpp"

#include <nlohmann/json.hpp>

#include <doctest/doctest.h>

#include "net/dialect/dialects.hpp"
#include "net/dialect/fechatter/formats.hpp"
#include "net/wire/publish_codec.hpp"

using namespace starling;
using namespace starling::net;
using nlohmann::json;

namespace {

event in_chat(const std::string& name, const std::string& data) {
  event out;
  out.channel = room_channel(tenant_id{"5"}, "chat:7");
  out.id = "message-9";
  out.name = name;
  out.data = data;
  out.accepted_ns = 1'735'787'045'000'000'000;
  return out;
}

json read(const event& event, fechatter::reader reader = fechatter::reader::stream) {
  return json::parse(fechatter::message_of(event, reader, "e-5"));
}

const foreign_format::commands& socket() { return fechatter::socket_commands; }

json answer_of(const frame& bytes) {
  const std::string text(bytes.body());
  return json::parse(text.substr(text.find('{')));
}

}  // namespace

TEST_SUITE("net/dialect/fechatter/messages") {
  TEST_CASE("both shapes of a message are one, with the id flat and nested") {
    const auto flat = read(
        in_chat("NewMessage", R"({"id":3,"chat_id":7,"sender_id":1,"content":"hi","files":[]})"));
    const auto nested = read(
        in_chat("NewMessage",
                R"({"chat_id":7,"message":{"id":3,"sender_id":1,"content":"hi","files":[]}})"));
    for (const auto& got : {flat, nested}) {
      CHECK(got["type"] == "new_message");
      for (const auto& at : {got, got["message"]}) {
        CHECK(at["id"] == 3);
        CHECK(at["chat_id"] == 7);
        CHECK(at["sender_id"] == 1);
        CHECK(at["content"] == "hi");
        CHECK(at["created_at"] == "2025-01-02T03:04:05.000Z");
      }
    }
  }

  TEST_CASE("a message published without ids gets those that are known") {
    auto sent = in_chat("NewMessage", R"({"content":"hi"})");
    sent.sender = "42";
    const auto got = read(sent);
    CHECK(got["id"] == "message-9");
    CHECK(got["chat_id"] == 7);
    CHECK(got["sender_id"] == 42);
    CHECK(got["message"]["id"] == "message-9");
  }

  TEST_CASE("the type is the event's name as clients spell it") {
    for (const auto& [name, type] :
         {std::pair{"TypingStatus", "typing_status"}, std::pair{"MessageRead", "message_read"},
          std::pair{"UserJoinedChat", "user_joined_chat"}, std::pair{"UserPresence", "presence"},
          std::pair{"system_maintenance", "system_maintenance"}, std::pair{"order", "order"}}) {
      const auto got = read(in_chat(name, R"({"type":"other","a":1})"));
      CHECK(got["type"] == type);
      CHECK(got["a"] == 1);
    }
    CHECK(read(in_chat("Generic", R"({"type":"own"})"))["type"] == "own");
    auto text = in_chat("note", "plain");
    text.data_is_text = true;
    CHECK(read(text)["data"] == "plain");
  }

  TEST_CASE("a socket says chat_message, with message_id and position") {
    const auto got =
        read(in_chat("NewMessage", R"({"id":3,"content":"hi"})"), fechatter::reader::socket);
    CHECK(got["type"] == "chat_message");
    CHECK(got["message_id"] == 3);
    CHECK(got["position"] == "e-5");
    CHECK(got.contains("timestamp"));
  }

  TEST_CASE("the welcome lists the chats, and numbers are numbers") {
    connected hello;
    hello.user = "42";
    hello.rooms = {"chat:7", "lobby", "chat:8"};
    hello.server_time_ms = 1'735'787'045'000;
    const auto got = json::parse(fechatter::welcome(hello));
    CHECK(got["type"] == "connection_confirmed");
    CHECK(got["user_id"] == 42);
    CHECK(got["connected_chats"] == 2);
    CHECK(got["connected_chat_ids"] == json::parse("[7,8]"));
    CHECK(got["server_time"] == 1'735'787'045);
    CHECK(got.contains("resumed"));
  }

  TEST_CASE("commands of its socket protocol become ours and are answered in its words") {
    std::string ref;
    auto command = socket().parse(R"({"type":"subscribe","chat_id":7})", {}, ref);
    REQUIRE(command.ok());
    CHECK(command->action == ws_command::type::subscribe);
    CHECK(command->rooms == std::vector<std::string>{"chat:7"});
    CHECK(answer_of(socket().ack(ref, R"({"position":"e-5"})")) ==
          json::parse(R"({"type":"subscribed","position":"e-5","chat_id":7})"));
    CHECK(answer_of(socket().failure(ref, {errc::forbidden, "no"})) ==
          json::parse(R"({"type":"error","code":"unauthorized","message":"no","chat_id":7})"));

    command = socket().parse(R"({"type":"auth","token":"t"})", {}, ref);
    REQUIRE(command.ok());
    CHECK(command->token == "t");
    CHECK(answer_of(socket().ack(ref, R"({"user":"42"})")) ==
          json::parse(R"({"type":"auth_result","success":true,"user_id":42})"));
    CHECK(answer_of(socket().failure(ref, {errc::unauthorized, "bad"})) ==
          json::parse(R"({"type":"auth_result","success":false,"message":"bad"})"));

    command = socket().parse(R"({"type":"ping","ref":5})", {}, ref);
    REQUIRE(command.ok());
    const auto pong = answer_of(socket().pong(ref));
    CHECK(pong["type"] == "pong");
    CHECK(pong["ref"] == 5);

    for (const auto* bad :
         {"", "[]", R"({"type":"dance"})", R"({"type":"subscribe","chat_id":"a b"})"}) {
      const auto refused = socket().parse(bad, {}, ref);
      REQUIRE_FALSE(refused.ok());
      CHECK(answer_of(socket().failure(ref, refused.error()))["code"] == "invalid_message");
    }
  }

  TEST_CASE(
      "named events come beside unnamed ones only where it is the standard and both is asked") {
    const auto typing = in_chat("TypingStatus", R"({"user_id":1,"is_typing":true})");
    const auto usual = *dialect_formats(dialect_names(), "named");
    const auto only = std::string(encode_event(usual.find("fechatter")->sse, typing, "e-5").body());
    CHECK(only.find("event:") == only.npos);
    CHECK(only.find("id: e-5\ndata: {\"type\":\"typing_status\"") == 0);
    CHECK(usual.find("both")->sse == wire_format::sse_both);
    const auto own = *dialect_formats(dialect_names(), "fechatter");
    const auto both = std::string(encode_event(own.find("both")->sse, typing, "e-5").body());
    CHECK(both.find("event: TypingStatus\nid: e-5\n") == 0);
    CHECK(both.find("\n\nid: e-5\ndata: {\"type\":\"typing_status\"") != both.npos);
    CHECK_FALSE(dialect_formats(std::vector<std::string>{"native"}, "fechatter").ok());
  }

  TEST_CASE("heartbeats go on counting after the first, named where events are, unasked") {
    connected hello;
    hello.user = "42";
    const auto usual = *dialect_formats(dialect_names(), "named");
    const auto unnamed = heartbeats_of(usual.find("fechatter")->sse, hello, false);
    REQUIRE(unnamed);
    for (int number = 2; number < 5; ++number) {
      const auto beat = unnamed->next("e-5");
      CHECK(beat.body().starts_with("id: e-5\ndata: "));
      CHECK(answer_of(beat)["heartbeat_id"] == number);
      CHECK(answer_of(beat)["user_id"] == 42);
    }
    const auto own = *dialect_formats(dialect_names(), "fechatter");
    const auto both = heartbeats_of(own.find("both")->sse, hello, false)->next("e-5");
    CHECK(both.body().starts_with("event: heartbeat\nid: e-5\ndata: {\"ts\":"));
    CHECK(both.body().find("\n\nid: e-5\ndata: {") != std::string_view::npos);
    CHECK_FALSE(heartbeats_of(wire_format::sse_named, hello, false));
  }
}
