#include "cluster/subjects.hpp"

#include <doctest/doctest.h>

#include <string>

#include "cluster/kv/roster_codec.hpp"

using namespace starling;
using namespace starling::cluster;

TEST_SUITE_BEGIN("cluster/subjects");

TEST_CASE("what would break a subject is escaped") {
  CHECK(escape_token("plain-Name_1~:/@") == "plain-Name_1~:/@");
  CHECK(escape_token("a.b") == "a=2Eb");
  CHECK(escape_token("*> =\"\\\x01\x7F") == "=2A=3E=20=3D=22=5C=01=7F");
  CHECK(escape_token("é") == "é");
  CHECK(escape_token("\xff") == "=FF");
  CHECK(escape_token("") == "=");
}

TEST_CASE("every byte string comes back from its token") {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    const std::string one(1, static_cast<char>(i));
    all += one;
    CHECK(unescape_token(escape_token(one)) == one);
    CHECK(unescape_token(escape_key_token(one)) == one);
  }
  CHECK(unescape_token(escape_token(all)) == all);
  CHECK(unescape_token(escape_key_token(all)) == all);
  CHECK(unescape_token(escape_token("")) == "");
}

TEST_CASE("a token that no name could make is refused") {
  for (const auto* bad : {"", "=2", "a=", "=2g", "=2e", "==41"})
    CHECK_MESSAGE(unescape_token(bad) == std::nullopt, bad);
}

TEST_CASE("a channel's subjects lead back to the channel and the kind of message") {
  const subjects names("starling");
  const channel target{tenant_id("acme.eu"), channel_kind::user, "ann b"};
  CHECK(names.stored(target) == "starling.in.acme=2Eeu.user.ann=20b");
  CHECK(names.followed(target) == "starling.ch.acme=2Eeu.user.ann=20b.*");
  for (const auto message :
       {channel_message::stored, channel_message::ephemeral, channel_message::control}) {
    const auto heard = names.parse(names.of(target, message));
    REQUIRE(heard);
    CHECK(heard->channel == target);
    CHECK(heard->message == message);
  }
}

TEST_CASE(
    "with several partitions the subjects name the tenant's, and the streams do not overlap") {
  const subjects names("s", 3);
  CHECK(names.stream(partition_id{2}) == "s-p2");
  CHECK(names.stream_source(partition_id{2}) == "s.in.2.*.*.*");
  CHECK(names.stream_destination(partition_id{0}).starts_with("s.ch.0.{{wildcard(1)}}."));
  CHECK(names.partition_of_stream("s-p1") == partition_id{1});
  CHECK_FALSE(names.partition_of_stream("s"));
  for (const auto* tenant : {"a", "b", "c", "d", "acme"}) {
    const auto channel = room_channel(tenant_id(tenant), "x");
    const auto number = std::to_string(index_of(names.partition_of(channel)));
    CHECK(names.stored(channel) == "s.in." + number + "." + tenant + ".room.x");
    CHECK(names.followed(channel) == "s.ch." + number + "." + tenant + ".room.x.*");
    const auto heard = names.parse(names.of(channel, channel_message::ephemeral));
    REQUIRE(heard);
    CHECK(heard->partition == names.partition_of(channel));
    CHECK(heard->channel == channel);
  }
  for (const auto* other : {"s.ch.3.t.room.a.e", "s.ch.t.room.a.e", "s.ch.-1.t.room.a.e",
                            "s.ch.1x.t.room.a.e", "s.ch..t.room.a.e"})
    CHECK_MESSAGE(!names.parse(other), other);
}

TEST_CASE("with one partition streams and subjects do not speak of it") {
  const subjects names("s");
  CHECK(names.stream(partition_id{0}) == "s");
  CHECK(names.stream_source(partition_id{0}) == "s.in.*.*.*");
  CHECK(names.stream_destination(partition_id{0}) ==
        "s.ch.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}.e");
}

TEST_CASE("subjects of others are no messages of a channel") {
  const subjects names("starling");
  for (const auto* other :
       {"starling.in.t.room.a", "starling.ch.t.room.a", "starling.ch.t.room.a.q",
        "starling.ch.t.planet.a.e", "starling.ch.t.room.a.e.e", "other.ch.t.room.a.e",
        "starling.ch.", "starling.ch....e"})
    CHECK_MESSAGE(!names.parse(other), other);
}

TEST_CASE("announcements and questions are told apart") {
  const subjects names("s");
  const node_id node("n.1");
  CHECK(names.announcement(node) == "s.node.n=2E1");
  CHECK(names.is_announcement(names.announcement(node)));
  CHECK(names.is_question(names.question(node)));
  CHECK(names.is_question(names.questions_to_all()));
  CHECK_FALSE(names.is_question("s.asking"));
  CHECK_FALSE(names.is_announcement("s.ask"));
}

TEST_CASE("an id for duplicates belongs to one channel") {
  const auto a = room_channel(tenant_id("t"), "a");
  const auto ab = room_channel(tenant_id("t"), "a.b");
  CHECK(dedupe_id(a, "b.c") != dedupe_id(ab, "c"));
  CHECK(dedupe_id(a, "x\r\ny").find_first_of("\r\n") == std::string::npos);
}

TEST_CASE("a membership comes back from its key and value") {
  const roster_entry entry{tenant_id("t~.1"), "chat:7/e", "ann@x.org", 1'700'000'000'123, 42};
  const auto key = roster_key(entry);
  CHECK(key == "t=7E=2E1.ann=40x=2Eorg.chat=3A7=2Fe");
  const auto back = parse_roster_entry(key, roster_value(entry));
  REQUIRE(back);
  CHECK(back->tenant == entry.tenant);
  CHECK(back->room == entry.room);
  CHECK(back->user == entry.user);
  CHECK(back->since_ms == entry.since_ms);
  CHECK(back->since_seq == entry.since_seq);
}

TEST_CASE("answers go below the inbox of nodes and nowhere else") {
  const subjects names("starling", 1);
  CHECK(names.is_inbox(names.inbox() + ".x.1"));
  for (const std::string other :
       {"", "_INBOX.x", "starling.inbox", "starling.inbox.", "starling.inboxes.x",
        "starling.ch.a.room.b.e", "x.starling.inbox.y"}) {
    CAPTURE(other);
    CHECK_FALSE(names.is_inbox(other));
  }
}

TEST_CASE("a key or value that is not ours is no membership") {
  CHECK_FALSE(parse_roster_entry("a.b", "1 2"));
  CHECK_FALSE(parse_roster_entry("a.b.c.d", "1 2"));
  CHECK_FALSE(parse_roster_entry("a..c", "1 2"));
  for (const auto* bad : {"", "1", "1 ", "x 2", "1 x", "1 2x", "1  2", "1 -2"})
    CHECK_FALSE(parse_roster_entry("a.b.c", bad));
  CHECK(parse_roster_entry("a.b.c", "1 2"));
  for (const auto* name : {"a=0A", "=C3=A9", "=00"}) {
    const auto key = [&](const char* tenant, const char* user, const char* room) {
      return std::string(tenant).append(".").append(user).append(".").append(room);
    };
    CAPTURE(name);
    CHECK_FALSE(parse_roster_entry(key(name, "b", "c"), "1 2"));
    CHECK_FALSE(parse_roster_entry(key("a", name, "c"), "1 2"));
    CHECK_FALSE(parse_roster_entry(key("a", "b", name), "1 2"));
  }
}

TEST_SUITE_END();
