#include "net/dialect/poll/poll_mailbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "net/dialect/poll/poll_format.hpp"
#include "net/wire/encoders.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::poll;
using nlohmann::json;

namespace {

constexpr cursor origin{7, 10};

event note(const std::string& data) {
  event out;
  out.channel = room_channel(tenant_id("default"), "lobby");
  out.id = "m-" + data;
  out.name = "note";
  out.data = data;
  out.accepted_ns = 5'000'000;
  return out;
}

struct box_at_start {
  poll_mailbox box{"c1", origin, 2, 1 << 20};
  int counted = 0;

  void stored(sequence seq) { say(std::to_string(seq), seq); }
  void say(const std::string& data, sequence at) {
    box.add(encode_event(poll_format(), note(data), cursor{7, at}.str()));
  }
  json told() {
    return json::parse(box.answer([this](std::int64_t) { ++counted; }));
  }
  static std::vector<int> datas(const json& answer) {
    std::vector<int> out;
    for (const auto& each : answer.at("events")) out.push_back(each.at("data"));
    return out;
  }
};

using ints = std::vector<int>;

}  // namespace

TEST_SUITE("net/poll_mailbox") {
  TEST_CASE("an answer holds what was said, in order, with the cursor of the last of it") {
    box_at_start at;
    at.stored(11);
    at.stored(12);
    CHECK(at.box.has_news());
    const auto answer = at.told();
    CHECK(at.datas(answer) == ints{11, 12});
    CHECK(answer.at("cursor") == cursor{7, 12}.str());
    CHECK(answer.at("client_id") == "c1");
    CHECK(answer.at("events")[0] == json{{"id", cursor{7, 11}.str()},
                                         {"event_id", "m-11"},
                                         {"room", "lobby"},
                                         {"event", "note"},
                                         {"data", 11},
                                         {"ts", 5}});
    CHECK_FALSE(at.box.has_news());
    CHECK(at.counted == 2);
  }

  TEST_CASE("frames that were joined are events one by one") {
    box_at_start at;
    const std::vector<frame> both{encode_event(poll_format(), note("11"), cursor{7, 11}.str()),
                                  encode_event(poll_format(), note("12"), cursor{7, 12}.str())};
    at.box.add(join_events(poll_format(), both));
    CHECK(at.box.untold_records() == 2);
    CHECK(at.datas(at.told()) == ints{11, 12});
    CHECK(at.counted == 2);
  }

  TEST_CASE("an answer that was lost is given again to who asks with the cursor before it") {
    box_at_start at;
    at.stored(11);
    at.told();
    REQUIRE(at.box.go_on_from(origin));
    at.stored(12);
    CHECK(at.datas(at.told()) == ints{11, 12});
    CHECK(at.counted == 2);  // 11 once
    REQUIRE(at.box.go_on_from(cursor{7, 12}));
    CHECK_FALSE(at.box.has_news());
  }

  TEST_CASE("a cursor from some answers ago works as far as events are kept") {
    box_at_start at;
    for (sequence seq = 11; seq <= 14; ++seq) {
      at.stored(seq);
      at.told();
      REQUIRE(at.box.go_on_from(cursor{7, seq}));
    }
    REQUIRE(at.box.go_on_from(cursor{7, 12}));  // two are kept
    CHECK(at.datas(at.told()) == ints{13, 14});
    CHECK_FALSE(at.box.go_on_from(cursor{7, 11}));
    CHECK_FALSE(at.box.go_on_from(cursor{8, 14}));
  }

  TEST_CASE("what is not stored shares a cursor and comes once") {
    box_at_start at;
    at.stored(11);
    at.told();
    REQUIRE(at.box.go_on_from(cursor{7, 11}));
    at.say("1", 11);
    at.say("2", 11);
    auto answer = at.told();
    CHECK(at.datas(answer) == ints{1, 2});
    CHECK(answer.at("cursor") == cursor{7, 11}.str());
    REQUIRE(at.box.go_on_from(cursor{7, 11}));
    CHECK_FALSE(at.box.has_news());
  }

  TEST_CASE("a client ahead of its session is not told what it knows") {
    box_at_start at;
    at.stored(11);
    at.stored(12);
    REQUIRE(at.box.go_on_from(cursor{7, 11}));
    CHECK(at.datas(at.told()) == ints{12});
  }

  TEST_CASE("connected and goodbye are told once, and retry_ms is the last that was said") {
    box_at_start at;
    connected hello;
    hello.user = "ida";
    at.box.add(encode_connected(poll_format(), hello, std::chrono::milliseconds(700)));
    auto answer = at.told();
    CHECK(answer.at("connected").at("user") == "ida");
    CHECK(answer.at("retry_ms") == 700);
    at.stored(11);
    at.box.add(encode_goodbye(
        poll_format(),
        make_goodbye(close_code::kicked, std::chrono::milliseconds(900), cursor{7, 11})));
    answer = at.told();
    CHECK_FALSE(answer.contains("connected"));
    CHECK(answer.at("goodbye").at("code") == "kicked");
    CHECK(answer.at("goodbye").at("reconnect") == false);
    CHECK(answer.at("retry_ms") == 900);
    CHECK(answer.at("cursor") == cursor{7, 11}.str());
    CHECK(at.box.said_goodbye());
  }

  TEST_CASE("what is known to have arrived is what a later cursor shows") {
    box_at_start at;
    at.stored(11);
    CHECK(at.box.had_bytes() == 0);
    at.told();
    CHECK(at.box.had_bytes() == 0);
    REQUIRE(at.box.go_on_from(cursor{7, 11}));
    CHECK(at.box.had_bytes() == at.box.all_bytes());
    REQUIRE(at.box.go_on_from(origin));
    CHECK(at.box.had_bytes() == 0);
  }

  TEST_CASE("dropped events are gone, notices and what was told stay") {
    box_at_start at;
    at.stored(11);
    at.told();
    at.stored(12);
    at.box.add(encode_notice(poll_format(), "gap", R"({"reason":"expired"})", cursor{7, 12}.str()));
    at.stored(13);
    CHECK(at.box.drop_events().events == 2);
    const auto answer = at.told();
    REQUIRE(answer.at("events").size() == 1);
    CHECK(answer.at("events")[0].at("event") == "gap");
    CHECK(answer.at("events")[0].at("data").at("reason") == "expired");
    REQUIRE(at.box.go_on_from(origin));
    CHECK(at.told().at("events")[0].at("data") == 11);
  }

  TEST_CASE("a position without events moves the cursor of the next answer") {
    box_at_start at;
    at.box.moved_to({7, 20});
    CHECK_FALSE(at.box.has_news());
    at.stored(21);
    CHECK(at.told().at("cursor") == cursor{7, 21}.str());
  }
}
