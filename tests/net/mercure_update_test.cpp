#include "net/dialect/mercure/update.hpp"

#include <doctest/doctest.h>

#include "net/dialect/mercure/encoder.hpp"
#include "net/dialect/mercure/publish_form.hpp"
#include "net/wire/encoders.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::mercure;

namespace {

event hub_event(const update& update, std::string id = "urn:x:1") {
  event out;
  out.channel = room_channel(tenant_id("t"), std::string(updates_room));
  out.id = std::move(id);
  out.id_given = true;
  out.name = "update";
  out.data = pack(update);
  out.data_is_text = true;
  out.accepted_ns = 17;
  return out;
}

std::string written(const event& event) {
  return std::string(encode_event(stream_format(), event, "7-5").body());
}

errc refused(const std::string& body) {
  const auto form = parse_publish_form(body, {});
  return form ? errc::internal : form.error().code;
}

}  // namespace

TEST_SUITE("net/dialect/mercure/update") {
  TEST_CASE("an update comes out as it went in, whatever bytes it holds") {
    const update in{{"a:b;c", "雪", "3:x"}, true, 1500, "edit", "0:\n;m1\r\n雪"};
    const auto out = unpack(pack(in));
    REQUIRE(out);
    CHECK(out->topics == in.topics);
    CHECK(out->is_private);
    CHECK(out->retry_ms == 1500);
    CHECK(out->type == "edit");
    CHECK(out->data == in.data);
  }

  TEST_CASE("bytes that are no update are none, wherever they are cut") {
    const auto whole = pack({{"topic"}, false, 0, "t", ""});
    for (std::size_t cut = 0; cut < whole.size(); ++cut) CHECK_FALSE(unpack(whole.substr(0, cut)));
    CHECK_FALSE(unpack("1-0;99999999999999999999:x"));
    CHECK_FALSE(unpack("1-0;1:t0:data"));
  }

  TEST_CASE("it is written with type, retry, its own id and a line per line of data") {
    CHECK(written(hub_event({{"t"}, false, 1234, "edit", "a\nid: evil\r\nb\rc"})) ==
          "event: edit\nretry: 1234\nid: urn:x:1\ndata: a\ndata: id: evil\ndata: b\ndata: c\n\n");
    CHECK(written(hub_event({{"t"}, false, 0, "message", "x"})) == "id: urn:x:1\ndata: x\n\n");
  }

  TEST_CASE("a native event is an update of its room, with its position as id") {
    event native;
    native.channel = room_channel(tenant_id("t"), "lobby");
    native.id = "e1";
    native.name = "Tick";
    native.data = R"({"k":1})";
    const auto seen = see(native);
    REQUIRE(seen);
    CHECK(*seen->topics == std::vector<std::string>{"lobby"});
    CHECK_FALSE(seen->is_private);
    CHECK(written(native) == "event: Tick\nid: #7-5\ndata: {\"k\":1}\n\n");
    native.exclude = {hub_session};
    CHECK_FALSE(see(native));  // the copy of an update
    native.exclude = {};
    native.channel = user_channel(tenant_id("t"), "ann");
    CHECK_FALSE(see(native));
  }

  TEST_CASE("events that follow each other are not mistaken for one") {
    const auto one = hub_event({{"a"}, false, 0, "message", "1"}, "i1");
    const auto two = hub_event({{"b"}, true, 0, "message", "2"}, "i2");
    for (int i = 0; i < 2; ++i) {
      CHECK(see(one)->data == "1");
      CHECK(see(two)->data == "2");
      CHECK(see(two)->is_private);
    }
  }

  TEST_CASE("the stream begins with a comment and ends without moving the client") {
    const auto hello = encode_connected(stream_format(), {}, std::chrono::milliseconds(700));
    CHECK(hello.body() == ":\nretry: 700\n\n");
    const auto away = make_goodbye(close_code::draining, std::chrono::milliseconds(9), {7, 5});
    const auto bye = std::string(encode_goodbye(stream_format(), away).body());
    CHECK(bye.starts_with("retry: 9\nevent: goodbye\ndata: {\"code\":\"draining\""));
    const auto kicked = make_goodbye(close_code::kicked, std::chrono::milliseconds(9), {7, 5});
    CHECK(std::string(encode_goodbye(stream_format(), kicked).body()).find("\nid: #7-5.x\n") !=
          std::string::npos);
  }
}

TEST_SUITE("net/dialect/mercure/publish_form") {
  TEST_CASE("all fields are read, repeated topics once, unknown ones passed over") {
    const auto form = parse_publish_form(
        "topic=a%20b&topic=https%3A%2F%2Fex.org&topic=a+b&data=x%0Ay&private=&id=urn:i&type=edit"
        "&retry=20&new=1",
        {});
    REQUIRE(form.ok());
    CHECK(form->update.topics == std::vector<std::string>{"a b", "https://ex.org"});
    CHECK(form->update.data == "x\ny");
    CHECK(form->update.is_private);
    CHECK(form->update.type == "edit");
    CHECK(form->update.retry_ms == 20);
    CHECK(form->id == "urn:i");
  }

  TEST_CASE("without type and id it is a message, and the hub makes an id that begins with #") {
    const auto form = parse_publish_form("topic=t", {});
    REQUIRE(form.ok());
    CHECK(form->update.type == "message");
    CHECK(form->update.data.empty());
    CHECK(form->id.starts_with('#'));
    CHECK(form->id != parse_publish_form("topic=t", {})->id);
  }

  TEST_CASE("what cannot be published says so") {
    for (const auto* body :
         {"", "data=x", "topic=", "topic=*", "topic=%FF", "topic=t&retry=soon", "topic=t&retry=-1",
          "topic=t&retry=99999999999", "topic=t&id=%23x", "topic=t&id=earliest", "topic=t&id=a%0Ab",
          "topic=t&type=a%0Aid:%20evil", "topic=t&type=connected", "topic=t&data=%FF"}) {
      CAPTURE(body);
      CHECK(refused(body) == errc::malformed);
    }
    CHECK(refused("topic=" + std::string(1025, 't')) == errc::malformed);
    CHECK(refused("topic=t&data=" + std::string(65537, 'd')) == errc::too_large);
    std::string many;
    for (int i = 0; i <= 1000; ++i) many += "topic=" + std::to_string(i) + "&";
    CHECK(refused(many) == errc::too_large);
  }

  TEST_CASE("the hub's own topics cannot be published, however they are spelled") {
    for (const auto* topic :
         {"/.well-known/mercure", "/.well-known/mercure/subscriptions/a/b",
          "https://hub.example/.well-known/mercure/subscriptions/a/b", "//h/.well-known/mercure",
          "/x/../.well-known/./mercure", "/%2Ewell-known/mercure", "/.well-known/%6Dercure/x",
          "/.well-known/mercure?x=1"}) {
      CAPTURE(topic);
      CHECK(is_hubs_own(topic));
    }
    for (const auto* topic : {"/.well-known/mercury", "https://ex.org/a?b=/.well-known/mercure",
                              "/a/.well-known/mercure", "%", "100%"}) {
      CAPTURE(topic);
      CHECK_FALSE(is_hubs_own(topic));
    }
  }

  TEST_CASE("it goes to the room of all updates, and to native rooms of the same names") {
    auto form = parse_publish_form("topic=a%20b&topic=lobby&data=x&type=Note&id=i", {});
    REQUIRE(form.ok());
    const auto batch = to_batch(*form);
    REQUIRE(batch.items.size() == 2);
    CHECK(batch.items[0]->names == std::vector<std::string>{std::string(updates_room)});
    CHECK(unpack(batch.items[0]->data)->topics == form->update.topics);
    CHECK(batch.items[1]->names == std::vector<std::string>{"lobby"});
    CHECK(batch.items[1]->event == "Note");
    CHECK(batch.items[1]->data == "x");
    CHECK(batch.items[1]->id == "i");
    CHECK(batch.items[1]->exclude == std::vector<session_id>{hub_session});
    CHECK(to_batch(*parse_publish_form("topic=a%20b", {})).items.size() == 1);
  }
}
