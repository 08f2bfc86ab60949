/// Every subject and payload shape of a fechatter server, by the rules that the program carries.
#include "apps/starlingd/config/config_mapping.hpp"
#include "tests/apps/config_fixture.hpp"

#include <nlohmann/json.hpp>

namespace {

using namespace starling;
using starling::app::test::load_file;

const net::rule_set& profile() {
  static const auto rules = [] {
    auto r = load_file(
        "mapping_profile = \"fechatter\"\nauth.dev = true\nnats.url = \"nats://127.0.0.1\"\n");
    app::config_errors errors;
    auto out = app::compile_mappings(r.value, r.from, errors);
    REQUIRE(errors.empty());
    return out;
  }();
  return rules;
}

net::mapping_verdict become(const std::string& subject, const std::string& body) {
  return profile().apply({{}, subject, body, {}});
}

/// `NAME tenant/room +users -exclude =id`, one line per event.
std::string shown(const net::mapping_verdict& verdict) {
  if (verdict.result != net::mapping_result::ok)
    return std::string(net::to_string(verdict.result)) + " " + verdict.reason;
  std::string out;
  for (const auto& event : verdict.events) {
    if (!out.empty()) out += '\n';
    out += event.name + ' ' + (event.tenant ? event.tenant->str() : "?") + '/';
    for (const auto& room : event.rooms) out += room;
    if (event.everyone) out += "all";
    for (const auto& user : event.users) out += " +" + user;
    for (const auto& user : event.exclude) out += " -" + user;
    if (!event.id.empty()) out += " =" + event.id;
    if (event.ephemeral) out += " ~";
    if (event.members == net::member_change::add) out += " joins";
    if (event.members == net::member_change::remove) out += " leaves";
  }
  return out;
}

nlohmann::json data_of(const net::mapping_verdict& verdict) {
  REQUIRE(!verdict.events.empty());
  return nlohmann::json::parse(verdict.events[0].data);
}

const std::string message =
    R"({"id":12,"chat_id":7,"sender_id":1,"content":"hi","files":null,"created_at":"2025-01-02T03:04:05.123456789Z","idempotency_key":"k"})";
const std::string received =
    R"({"MessageReceived":{"message":{"id":"12","chat_id":7,"sender_id":1,"content":"hi","files":["a"],"timestamp":1735787045},"chat_id":7,"recipients":[1,2,3]}})";
const std::string flat =
    R"({"event_type":"new_message","chat_id":7,"sender_id":1,"sender_name":"Ann","content":"hi","files":[],"timestamp":"2025-01-02T03:04:05Z","message_id":12,"workspace_id":5})";
const std::string v1 =
    R"({"version":"V1","kind":"Created","msg":)" + message +
    R"(,"members":[1],"occurred_at":"2025-01-02T03:04:05Z","sender_name":"Ann","chat_name":"c","workspace_id":5,"event_id":"e","trace_context":{}})";

std::string with(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_SUITE("apps/profile fechatter") {
  TEST_CASE("a new message is one event on whatever subject it comes, with one id") {
    CHECK(shown(become("fechatter.realtime.chat.7", received)) ==
          "NewMessage ?/chat:7 +1 +2 +3 =message-12");
    CHECK(shown(become("fechatter.message.new", flat)) == "NewMessage 5/chat:7 =message-12");
    CHECK(shown(become("fechatter.messages.message.created.v1", v1)) ==
          "NewMessage 5/chat:7 +1 =message-12");
    CHECK(shown(become("fechatter.message.created", with(v1, R"("version":"V1",)", ""))) ==
          "NewMessage 5/chat:7 +1 =message-12");
    CHECK(shown(become("fechatter.messages.created",
                       R"({"message":)" + message + R"(,"chat_members":[1,2]})")) ==
          "NewMessage ?/chat:7 +1 +2 =message-12");
    CHECK(shown(become("fechatter.messages.created",
                       R"({"msg":)" + message + R"(,"members":[1,2]})")) ==
          "NewMessage ?/chat:7 +1 +2 =message-12");
    CHECK(
        shown(become(
            "fechatter.messages.created.v2",
            R"({"message_id":12,"chat_id":7,"user_id":1,"content":"hi","event_type":"whatever","timestamp":1735787045,"workspace_id":5})")) ==
        "NewMessage 5/chat:7 =message-12");
    CHECK(shown(become(
              "fechatter.message.events",
              R"({"event_type":"message_created","event_id":"e","workspace_id":5,"message":)" +
                  message + "}")) == "NewMessage 5/chat:7 =message-12");
  }

  TEST_CASE("its data has the id flat and in message, as a number, and the time as text") {
    for (const auto& [subject, body] : {std::pair{"fechatter.realtime.chat.7", received},
                                        std::pair{"fechatter.message.new", flat},
                                        std::pair{"fechatter.messages.message.created.v1", v1}}) {
      CAPTURE(subject);
      const auto data = data_of(become(subject, body));
      CHECK(data["id"] == 12);
      CHECK(data["message"]["id"] == 12);
      CHECK(data["chat_id"] == 7);
      CHECK(data["sender_id"] == 1);
      CHECK(data["content"] == "hi");
      CHECK(data["created_at"].get<std::string>().starts_with("2025-01-02T03:04:05."));
    }
    CHECK(data_of(become("fechatter.message.new", flat))["sender_name"] == "Ann");
  }

  TEST_CASE("edits and deletes have one id on all subjects") {
    const auto edited = with(with(flat, "new_message", "message_edited"), R"("hi")",
                             "\"\xE2\x9C\x8F\xEF\xB8\x8F [EDITED] new\"");
    const auto updated = with(with(v1, "Created", "Updated"), R"("hi")", R"("new")");
    const auto one = become("fechatter.message.edited", edited);
    const auto two = become("fechatter.messages.message.edited.v1", updated);
    CHECK(shown(one).starts_with("MessageEdited 5/chat:7 =edit-12-"));
    CHECK(one.events.at(0).id == two.events.at(0).id);
    CHECK(data_of(one)["content"] == "new");
    CHECK(data_of(two)["content"] == "new");
    CHECK(become("fechatter.message.edited", with(edited, "new\"", "newer\"")).events.at(0).id !=
          one.events.at(0).id);
    for (const auto& [subject, body] :
         {std::pair{"fechatter.message.deleted", with(flat, "new_message", "message_deleted")},
          std::pair{"fechatter.message.deleted", with(v1, "Created", "Deleted")},
          std::pair{"fechatter.messages.message.deleted.v1",
                    with(with(v1, "Created", "Deleted"), "[1]", "[]")}}) {
      CAPTURE(subject);
      CHECK(shown(become(subject, body)) == "MessageDeleted 5/chat:7 =delete-12");
      CHECK(data_of(become(subject, body))["message_id"] == 12);
    }
    CHECK(
        shown(become(
            "fechatter.realtime.chat.7.deleted",
            R"({"MessageDeleted":{"message_id":12,"chat_id":7,"deleted_by":1,"deleted_at":"2025-01-02T03:04:05Z"}})")) ==
        "MessageDeleted ?/chat:7 =delete-12");
  }

  TEST_CASE("read receipts, one by one and many at once, go to the others") {
    CHECK(
        shown(become(
            "fechatter.realtime.chat.7.read",
            R"({"MessageRead":{"message_id":12,"chat_id":7,"reader_id":2,"read_at":"2025-01-02T03:04:05Z"}})")) ==
        "MessageRead ?/chat:7 -2 =read-12-2-1735787045000");
    CHECK(
        shown(become(
            "fechatter.realtime.read_receipts",
            R"({"event_type":"messages_read","chat_id":7,"user_id":2,"message_ids":[12,13],"read_at":"2025-01-02T03:04:05Z"})")) ==
        "MessageRead ?/chat:7 -2 =read-12-2-1735787045000\n"
        "MessageRead ?/chat:7 -2 =read-13-2-1735787045000");
    CHECK(shown(become("fechatter.realtime.message.read_receipt.v1",
                       with(v1, R"("trace_context":{})",
                            R"("trace_context":{"event_type":"read_receipt"})")))
              .starts_with("skipped"));
    CHECK(shown(become("fechatter.realtime.chat.7.unread",
                       R"({"MessageUnread":{"message_id":12,"chat_id":7,"user_id":2}})")) ==
          "MessageUnread ?/ +2");
    CHECK(
        shown(become(
            "fechatter.realtime.delivery.7",
            R"({"MessageDelivered":{"message_id":12,"chat_id":7,"delivered_to":2,"delivered_at":"x"}})")) ==
        "MessageDelivered ?/chat:7 -2 ~");
  }

  TEST_CASE("typing goes to the others of the chat and is not stored") {
    for (const auto* subject :
         {"fechatter.realtime.chat.7.typing", "fechatter.realtime.typing.7"}) {
      const auto started =
          become(subject, R"({"TypingStarted":{"chat_id":7,"user_id":1,"user_name":"Ann"}})");
      CHECK(shown(started) == "TypingStatus ?/chat:7 -1 ~");
      CHECK(
          data_of(started) ==
          nlohmann::json::parse(R"({"chat_id":7,"user_id":1,"user_name":"Ann","is_typing":true})"));
      const auto stopped = become(subject, R"({"TypingStopped":{"chat_id":7,"user_id":1}})");
      CHECK(data_of(stopped) ==
            nlohmann::json::parse(R"({"chat_id":7,"user_id":1,"is_typing":false})"));
    }
    const auto by_type = [](const char* type) {
      return data_of(become("fechatter.realtime.events",
                            std::string(R"({"event_type":")") + type +
                                R"(","chat_id":7,"user_id":1,"user_name":"Ann"})"))["is_typing"];
    };
    CHECK(by_type("typing_started") == true);
    CHECK(by_type("typing_stopped") == false);
    CHECK(shown(become("fechatter.users.typing.started.v1", R"({"chat_id":7,"user_id":1})")) ==
          "TypingStatus ?/chat:7 -1 ~");
  }

  TEST_CASE("presence is for the user's workspace") {
    const auto presence =
        become("fechatter.realtime.user.3.presence",
               R"({"UserPresence":{"user_id":3,"status":"away","last_seen":null}})");
    CHECK(shown(presence) == "UserPresence ?/all ~");
    CHECK(presence.events[0].about == std::vector<std::string>{"3"});
    CHECK(data_of(presence)["status"] == "away");
    CHECK(shown(become("fechatter.realtime.presence.3",
                       R"({"UserPresenceChanged":{"user_id":3,"status":"online"}})")) ==
          "UserPresence ?/all ~");
    CHECK(shown(become("fechatter.user.status",
                       R"({"event_type":"status_changed","user_id":3,"status":"offline"})")) ==
          "UserPresence ?/all ~");
  }

  TEST_CASE("members come and go") {
    const std::string at = "2025-01-02T03:04:05Z";
    CHECK(
        shown(become(
            "fechatter.chat.member_joined",
            R"({"event_type":"member_added","chat_id":7,"user_id":2,"user_name":"Bob","timestamp":")" +
                at + "\"}")) == "UserJoinedChat ?/chat:7 +2 =joined-7-2-1735787045000 joins");
    CHECK(shown(become("fechatter.chat.member_left",
                       R"({"event_type":"member_removed","chat_id":7,"user_id":2,"timestamp":")" +
                           at + "\"}")) ==
          "UserLeftChat ?/chat:7 +2 =left-7-2-1735787045000 leaves");
    for (const auto* subject : {"fechatter.chats.member.joined", "fechatter.chats.member.joined.v1",
                                "fechatter.chat.joined", "fechatter.chat.member.joined.v2"})
      CHECK(shown(become(subject, R"({"chat_id":7,"user_id":2,"joined_at":")" + at +
                                      R"(","workspace_id":5})")) ==
            "UserJoinedChat 5/chat:7 +2 =joined-7-2-1735787045000 joins");
    for (const auto* subject : {"fechatter.chats.member.left", "fechatter.chats.member.left.v1",
                                "fechatter.chat.left", "fechatter.chat.member.left.v2"})
      CHECK(shown(become(subject, R"({"chat_id":7,"user_id":2,"joined_at":")" + at + "\"}")) ==
            "UserLeftChat ?/chat:7 +2 =left-7-2-1735787045000 leaves");
    CHECK(shown(become("fechatter.chats.created",
                       R"({"id":7,"workspace_id":5,"name":"c","chat_members":[1,2]})")) ==
          "NewChat 5/ +1 +2 =chat-7");
    CHECK(shown(become("fechatter.chats.created",
                       R"({"chat":{"id":7,"name":"c"},"chat_members":[1,2]})")) ==
          "NewChat ?/ +1 +2 =chat-7");
  }

  TEST_CASE("what is for some alone reaches those alone") {
    const std::string duplicate = R"({"idempotency_key":"k","chat_id":7,"sender_id":1})";
    for (const auto* subject : {"fechatter.messages.duplicate", "fechatter.message.duplicate",
                                "fechatter.system.duplicate.detected.v1"})
      CHECK(shown(become(subject, duplicate)) == "DuplicateMessageAttempted ?/ +1");
    CHECK(shown(become("fechatter.broadcast",
                       R"({"target_users":[1,2],"event_data":{"any":"thing"}})")) ==
          "Generic ?/ +1 +2");
    CHECK(shown(become("fechatter.broadcast.chat.7", R"({"target_users":[1],"event_data":1})")) ==
          "Generic ?/ +1");
    CHECK(
        shown(become(
            "fechatter.notification.delivery",
            R"({"NotificationSendRequested":{"notification_id":9,"user_id":1,"channels":[]}})")) ==
        "Notification ?/ +1 =notification-9");
    CHECK(shown(become("fechatter.notifications.any", R"({"recipients":[4],"x":1})")) ==
          "Generic ?/ +4");
    CHECK(shown(become("fechatter.system.maintenance",
                       R"({"message":"down at noon","timestamp":"t"})")) ==
          "system_maintenance */all");
  }

  TEST_CASE("what is not for push is not even looked into") {
    for (const auto* subject :
         {"fechatter.analytics.events", "fechatter.health.ping", "fechatter.search.index.message"})
      CHECK(become(subject, "\x0a\x05ping").result == net::mapping_result::skipped);
    CHECK(become("fechatter.chat.unheard_of", R"({"a":1})").result == net::mapping_result::skipped);
  }
}
