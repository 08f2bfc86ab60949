#include "net/wire/codec.hpp"

#include <doctest/doctest.h>

#include "net/base/limits.hpp"

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "net/wire/json_reader.hpp"

using namespace starling;
using namespace starling::net;
using nlohmann::json;
using target_kind = publish_item::target_kind;

namespace {

result<publish_item> one(std::string_view body, const publish_limits& limits = {}) {
  auto batch = parse_publish(body, false, limits);
  if (!batch) return batch.error();
  REQUIRE(batch->items.size() == 1);
  CHECK(batch->single);
  return std::move(batch->items.front());
}

const std::string uuid = "01234567-89ab-8def-8123-456789abcdef";

std::string compact(std::string_view text) {
  json_reader in(text);
  std::string out;
  in.read_compact(out);
  in.finish();
  return in.failed() ? "failed: " + in.failure() : out;
}

}  // namespace

TEST_SUITE("net/wire/json_reader") {
  TEST_CASE("values survive as written, without white space") {
    CHECK(compact(" { \"b\" : [ 1 , 2.50 , -0 , 1e3 ] , \"a\" : \"x  y\\u00e4\" } \n") ==
          R"({"b":[1,2.50,-0,1e3],"a":"x  y\u00e4"})");
    CHECK(compact("18446744073709551615") == "18446744073709551615");
    CHECK(compact("123456789012345678901234567890") == "123456789012345678901234567890");
    CHECK(compact("\xEF\xBB\xBF[]") == "[]");
  }

  TEST_CASE("64 levels are read and 65 refused") {
    CHECK(compact(std::string(64, '[') + std::string(64, ']')).starts_with("[["));
    CHECK(compact(std::string(65, '[') + std::string(65, ']')).find("too deeply") !=
          std::string::npos);
    CHECK(compact(std::string(1'000'000, '[')).starts_with("failed"));
  }

  TEST_CASE("faults say what and where") {
    CHECK(compact("[1,]") == "failed: malformed JSON at byte 3: expected a value");
    CHECK(compact("{\"a\" 1}") ==
          "failed: malformed JSON at byte 5: a colon must follow a member name");
    CHECK(compact("[1") == "failed: malformed JSON at byte 2: the text ends too early");
    CHECK(compact("1 2").find("more text follows") != std::string::npos);
    CHECK(compact("\"\xFF\"").find("UTF-8") != std::string::npos);
    CHECK(compact("1e999").find("out of range") != std::string::npos);
    CHECK(compact("1e-999") == "1e-999");
  }

  TEST_CASE("accepts exactly what nlohmann accepts, and means the same") {
    std::mt19937 random(7);
    const std::vector<std::string> seeds{
        R"({"room":"a","event":"x","data":{"n":[1,2.5e3,-0.1,true,null,"\ud83d\ude00\n"]}})",
        R"([{"a":""},[],{},"\\\"\/\b\f\n\r\t\u0041",1E+2,0,-1])", R"("ä€🐦")", "[false,[[[]]]]"};
    const std::string_view alphabet =
        "{}[]\",:0123456789.eE+-truefalsn\\u /\t\n\x01\xC3\xA4\xFF dD8";
    std::size_t accepted = 0;
    for (int round = 0; round < 60000; ++round) {
      auto text = seeds[random() % seeds.size()];
      for (auto edits = random() % 4; edits > 0 && !text.empty(); --edits) {
        const auto at = random() % text.size();
        const char c = alphabet[random() % alphabet.size()];
        switch (random() % 3) {
          case 0: text[at] = c; break;
          case 1: text.insert(at, 1, c); break;
          default: text.erase(at, 1 + random() % 3); break;
        }
      }
      const auto tree = json::parse(text, nullptr, false);
      const auto mine = compact(text);
      INFO(text);
      REQUIRE(mine.starts_with("failed") == tree.is_discarded());
      if (tree.is_discarded()) continue;
      ++accepted;
      REQUIRE(json::parse(mine) == tree);
      if (!tree.is_string()) continue;
      json_reader in(text);
      std::string decoded;
      REQUIRE(in.read_string(decoded));
      REQUIRE(decoded == tree.get<std::string>());
    }
    CHECK(accepted > 5000);
  }
}

TEST_SUITE("net/wire/publish_codec") {
  TEST_CASE("an item with everything") {
    const auto item = one(R"({"room":"chat:7","event":"New","data":{"a": 1},"id":"x-1",
        "ephemeral":true,"exclude":[")" +
                          uuid + "\"]}");
    REQUIRE(item.ok());
    CHECK(item->target == target_kind::rooms);
    CHECK(item->names == std::vector<std::string>{"chat:7"});
    CHECK(item->event == "New");
    CHECK(item->data == R"({"a":1})");
    CHECK_FALSE(item->data_is_text);
    CHECK(item->id == "x-1");
    CHECK(item->ephemeral);
    REQUIRE(item->exclude.size() == 1);
    CHECK(item->exclude[0].str() == uuid);
  }

  TEST_CASE("targets of every kind; repeats are merged, integers are taken as text") {
    CHECK(one(R"({"rooms":["b","a","b"],"event":"e","data":1})")->names ==
          std::vector<std::string>{"b", "a"});
    const auto user = one(R"({"user":7,"event":"e","data":1,"id":9})");
    CHECK(user->target == target_kind::users);
    CHECK(user->names == std::vector<std::string>{"7"});
    CHECK(user->id == "9");
    CHECK(one(R"({"users":[18446744073709551615,"x",7,"7"],"event":"e","data":1})")->names ==
          std::vector<std::string>{"18446744073709551615", "x", "7"});
    CHECK(one(R"({"client":")" + uuid + R"(","event":"e","data":1})")->client.str() == uuid);
    CHECK(one(R"({"all":true,"event":"e","data":1})")->target == target_kind::all);
  }

  TEST_CASE("a string is the raw text, anything else compact JSON") {
    const auto text = one(R"({"room":"a","event":"e","data":"line\n\"two\""})");
    CHECK(text->data_is_text);
    CHECK(text->data == "line\n\"two\"");
    CHECK(one(R"({"room":"a","event":"e","data":null})")->data == "null");
    CHECK(one(R"({"room":"a","event":"e","data":[1, 1.10]})")->data == "[1,1.10]");
    CHECK(one(R"({"room":"a","event":"e","data":""})")->data_is_text);
  }

  TEST_CASE("faults of an item are named") {
    struct row {
      std::string body;
      std::string says;
      errc code = errc::malformed;
    };
    const std::vector<row> rows{
        {R"([1])", "item 1: an item must be a JSON object"},
        {R"({"event":"e","data":1})", "room, rooms, user, users, client or all is missing"},
        {R"({"room":"a","users":["b"],"event":"e","data":1})", "room and users are both given"},
        {R"({"room":"a","event":"e"})", "data is missing"},
        {R"({"room":"a","data":1})", "event is missing"},
        {R"({"room":"a","event":"e","data":1,"evnt":2})", "unknown field \"evnt\""},
        {R"({"room":"a","room":"b","event":"e","data":1})", "\"room\" is given twice"},
        {R"({"room":"a b","event":"e","data":1})", "room \"a b\" is not"},
        {R"({"room":"","event":"e","data":1})", "room \"\" is not"},
        {R"({"room":7,"event":"e","data":1})", "room must be a string"},
        {R"({"rooms":[],"event":"e","data":1})", "at least one name"},
        {R"({"rooms":["a",{}],"event":"e","data":1})", "each of rooms must be a string"},
        {R"({"rooms":"a","event":"e","data":1})", "rooms must be a list"},
        {R"({"user":"a/b","event":"e","data":1})", "user \"a/b\" is not"},
        {R"({"user":1.5,"event":"e","data":1})", "user must be a string or an integer"},
        {R"({"client":"x","event":"e","data":1})", "client must be a client_id"},
        {R"({"all":false,"event":"e","data":1})", "all must be true"},
        {R"({"all":1,"event":"e","data":1})", "all must be true"},
        {R"({"room":"a","event":"e\nf","data":1})", "event must be 1-128 bytes"},
        {R"({"room":"a","event":"","data":1})", "event must be 1-128 bytes"},
        {R"({"room":"a","event":"e","data":1,"id":"a\rb"})", "id must be 1-128 bytes"},
        {R"({"room":"a","event":"e","data":1,"id":{"a":[]}})", "id must be a string"},
        {R"({"room":"a","event":"e","data":1,"ephemeral":1})", "ephemeral must be true or false"},
        {R"({"room":"a","event":"e","data":1,"exclude":["x"]})", "exclude must be a list"},
        {R"({"room":"a","event":"e","data":"123456789"})", "max_event_bytes is 8", errc::too_large},
    };
    publish_limits limits;
    limits.max_event_bytes = 8;
    limits.max_targets = 3;
    for (const auto& r : rows) {
      CAPTURE(r.body);
      const auto batch = parse_publish(r.body, false, limits);
      REQUIRE(batch.ok());
      REQUIRE(batch->items.size() == 1);
      const auto& item = batch->items.front();
      REQUIRE_FALSE(item.ok());
      CHECK(item.error().code == r.code);
      CAPTURE(item.error().message);
      CHECK(item.error().message.find(r.says) != std::string::npos);
    }
  }

  TEST_CASE("a request has limits.max_targets targets, over all its items") {
    const auto before = limit_counts::get(limit_kind::max_targets);
    publish_limits limits;
    limits.max_targets = 3;
    const std::string two = R"({"rooms":["a","b"],"event":"e","data":1})";
    const std::string four = R"({"users":["a","b","c","d"],"event":"e","data":1})";
    CHECK(parse_publish("[" + two + R"(,{"all":true,"event":"e","data":1}])", false, limits).ok());
    for (const auto& [body, ndjson] :
         {std::pair{four, false}, std::pair{"[" + two + "," + two + "]", false},
          std::pair{two + "\n" + two, true}}) {
      CAPTURE(body);
      const auto batch = parse_publish(body, ndjson, limits);
      REQUIRE_FALSE(batch.ok());
      CHECK(batch.error().code == errc::too_large);
      CHECK(batch.error().message.find("more than 3 targets") != std::string::npos);
    }
    std::string ref;
    const auto command = parse_ws_command(R"({"type":"publish",)" + four.substr(1), limits, ref);
    REQUIRE_FALSE(command.ok());
    CHECK(command.error().code == errc::too_large);
    CHECK(limit_counts::get(limit_kind::max_targets) == before + 4);
  }

  TEST_CASE("the data of a request times its targets is bounded, names of earlier targets count") {
    const auto before = limit_counts::get(limit_kind::publish_bytes);
    publish_limits limits;
    limits.max_stored_bytes = 30;
    const auto parse = [&](const std::string& body) { return parse_publish(body, false, limits); };
    const std::string ten = R"("event":"e","data":"0123456789"})";
    CHECK(parse(R"({"users":["a","b","c"],)" + ten).ok());
    // Room b is stored with the name of a, c with those of both.
    const auto named = parse(R"({"rooms":["a","b","c"],)" + ten);
    REQUIRE_FALSE(named.ok());
    CHECK(named.error().code == errc::too_large);
    CHECK(limit_counts::get(limit_kind::publish_bytes) == before + 1);
    CHECK_FALSE(
        parse(R"([{"users":["a","b"],)" + ten + R"(,{"users":["a","b"],)" + ten + "]").ok());
  }

  TEST_CASE("the rate counts targets, and 1 for what has none") {
    const auto batch = parse_publish(
        R"([{"rooms":["a","b"],"event":"e","data":1},{"all":true,"event":"e","data":1},{}])", false,
        {});
    REQUIRE(batch.ok());
    CHECK(count_targets(*batch) == 4);
  }

  TEST_CASE("the names of the node's own events cannot be published") {
    for (const std::string name : {"connected", "goodbye", "gap", "heartbeat", "token_expiring"}) {
      const auto batch =
          parse_publish(R"({"room":"a","data":1,"event":")" + name + "\"}", false, {});
      REQUIRE(batch.ok());
      REQUIRE_FALSE(batch->items[0].ok());
      CHECK(batch->items[0].error().code == errc::malformed);
      CHECK(batch->items[0].error().message.starts_with("event \"" + name + "\" is a name"));
    }
    CHECK(parse_publish(R"({"room":"a","data":1,"event":"Goodbye"})", false, {})->items[0].ok());
  }

  TEST_CASE("a batch keeps its order, and each fault its place") {
    const auto batch = parse_publish(
        R"([{"room":"a","event":"e","data":1},{"room":"a","data":[{"x":"]"}]},
            {"room":"b","event":"e","data":2}])",
        false, {});
    REQUIRE(batch.ok());
    CHECK_FALSE(batch->single);
    REQUIRE(batch->items.size() == 3);
    CHECK(batch->items[0].ok());
    CHECK(batch->items[1].error().message == "item 2: event is missing");
    CHECK(batch->items[2]->names[0] == "b");
    CHECK(parse_publish("[]", false, {})->items.empty());
  }

  TEST_CASE("NDJSON: one object per line, empty lines passed over") {
    const auto batch = parse_publish(
        "{\"room\":\"a\",\"event\":\"e\",\"data\":1}\r\n\n{\"room\":\"b\"}\n", true, {});
    REQUIRE(batch.ok());
    CHECK_FALSE(batch->single);
    REQUIRE(batch->items.size() == 2);
    CHECK(batch->items[0].ok());
    CHECK(batch->items[1].error().message.starts_with("line 3: event is missing"));
  }

  TEST_CASE("NDJSON: a broken line is an error in its place, its neighbours are items") {
    const std::string good = R"({"room":"a","event":"e","data":1})";
    for (const std::string broken : {R"({"room":"a",)", "{} {}", "nonsense", "\"\xFF\"", "\x01"}) {
      CAPTURE(broken);
      const auto batch = parse_publish(good + "\n" + broken + "\n" + good, true, {});
      REQUIRE(batch.ok());
      REQUIRE(batch->items.size() == 3);
      CHECK(batch->items[0].ok());
      CHECK(batch->items[1].error().code == errc::malformed);
      CHECK(batch->items[1].error().message.starts_with("line 2: malformed JSON"));
      CHECK(batch->items[2].ok());
    }
    const auto no_object = parse_publish(good + "\n[]\n", true, {});
    REQUIRE(no_object.ok());
    CHECK(no_object->items[1].error().message == "line 2: an item must be a JSON object");
    CHECK(parse_publish("[7," + good + "]", false, {})->items[0].error().message ==
          "item 1: an item must be a JSON object");
  }

  TEST_CASE("what refuses the whole request") {
    CHECK(parse_publish("", false, {}).error().message == "the body is empty");
    CHECK(parse_publish(" \n", true, {}).error().code == errc::malformed);
    CHECK(parse_publish("{\"room\":", false, {}).error().code == errc::malformed);
    CHECK(parse_publish("[{}] x", false, {}).error().code == errc::malformed);
    CHECK(parse_publish("{\"room\":\"\xFF\"}", false, {}).error().message.find("UTF-8") !=
          std::string::npos);
    publish_limits two;
    two.max_items = 2;
    CHECK(parse_publish("[1,2]", false, two).ok());
    CHECK(parse_publish("[1,2,3]", false, two).error().code == errc::too_large);
    CHECK(parse_publish("{}\n{}\n{}", true, two).error().code == errc::too_large);
  }

  TEST_CASE("answers") {
    const publish_verdict good = published{"e\"1", {1, 35}};
    const publish_verdict bad = error{errc::forbidden, "room a"};
    CHECK(to_json(good) == R"({"id":"e\"1","position":"1-z"})");
    CHECK(to_json(std::vector<publish_verdict>{good, bad}) ==
          R"([{"id":"e\"1","position":"1-z"},{"error":{"code":"forbidden","message":"room a"}}])");
    CHECK(to_json(std::vector<publish_verdict>{}) == "[]");
    CHECK(error_json({errc::timeout, "x"}) == R"({"error":{"code":"timeout","message":"x"}})");
  }

  TEST_CASE("what a session is told besides events") {
    subscribed told{{1, 35}, true, 2, {}};
    CHECK(to_json(told) == R"({"position":"1-z","resumed":true,"replayed":2,"lost":[]})");
    told.lost = {{"a\"b", "expired"}, {"*", "bad_cursor"}};
    told.resumed = false;
    CHECK(to_json(told) ==
          R"({"position":"1-z","resumed":false,"replayed":2,"lost":[)"
          R"({"room":"a\"b","reason":"expired"},{"room":"*","reason":"bad_cursor"}]})");
    CHECK(to_json(renewed{"a\"b"}) == R"({"user":"a\"b"})");
    CHECK(to_json(token_expiring{std::chrono::milliseconds(-5)}) == R"({"expires_in_ms":-5})");
    CHECK(to_json(gap{"epoch", "a\"b"}) == R"({"reason":"epoch","room":"a\"b"})");
    CHECK(to_json(dropped{3}) == R"({"reason":"slow_consumer","dropped":3})");
  }
}

TEST_SUITE("net/wire/ws_command_codec") {
  TEST_CASE("every command") {
    std::string ref;
    const auto read = [&](std::string_view text) { return parse_ws_command(text, {}, ref); };
    auto c = read(R"({"rooms":["a","b"],"last_event_id":"1-z","ref":"r1","type":"subscribe"})");
    REQUIRE(c.ok());
    CHECK(c->action == ws_command::type::subscribe);
    CHECK(c->rooms == std::vector<std::string>{"a", "b"});
    CHECK(c->last_event_id == "1-z");
    CHECK(c->ref_json == "\"r1\"");
    CHECK_FALSE(read(R"({"type":"subscribe","rooms":["a"],"last_event_id":null})")->last_event_id);
    CHECK(read(R"({"type":"unsubscribe","rooms":["a"]})")->action == ws_command::type::unsubscribe);
    c = read(
        R"({"type":"publish","ref":7,"room":"a","event":"e","data":{"x":1},"ephemeral":true})");
    REQUIRE(c.ok());
    CHECK(c->item->data == R"({"x":1})");
    CHECK(c->item->ephemeral);
    CHECK(c->ref_json == "7");
    CHECK(read(R"({"type":"presence","state":"away"})")->state == "away");
    CHECK(read(R"({"type":"auth","token":"t"})")->token == "t");
    CHECK(read(R"({"type":"ping"})")->action == ws_command::type::ping);
    CHECK(ref.empty());
  }

  TEST_CASE("faults keep the ref") {
    std::string ref;
    const auto says = [&](std::string_view text) {
      const auto c = parse_ws_command(text, {}, ref);
      REQUIRE_FALSE(c.ok());
      return c.error().message;
    };
    CHECK(says(R"({"type":"subscribe","ref":1})") == "rooms must name at least one room");
    CHECK(ref == "1");
    CHECK(says(R"({"type":"subscribe","rooms":["a b"]})").starts_with("each of rooms"));
    CHECK(says(R"({"type":"subscribe","rooms":"a"})") == "rooms must be a list of room names");
    CHECK(says(R"({"type":"jump","ref":2})").starts_with("type must be"));
    CHECK(ref == "2");
    CHECK(says("[]") == "a command must be a JSON object");
    CHECK(says("{\"type\":").starts_with("malformed JSON"));
    CHECK(says(R"({"type":"ping","ref":{}})").starts_with("ref must be"));
    CHECK(says(R"({"type":"publish","room":"a","event":"e"})") == "data is missing");
    CHECK(says(R"({"type":"publish","room":"a","event":"e","data":1,"x":1})")
              .starts_with("unknown field"));
    CHECK(says(R"({"type":"presence"})").starts_with("state must be"));
    CHECK(says(R"({"type":"presence","state":1})") == "state must be a string");
    CHECK(says(R"({"type":"auth"})") == "token is missing");
  }
}
