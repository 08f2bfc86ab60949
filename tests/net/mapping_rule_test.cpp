#include "tests/net/mapping_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::test;

namespace {

mapping_verdict apply(const rule_set& all, std::string_view subject, std::string_view body) {
  return all.apply({{}, subject, body, {}});
}

/// What a rule with this `data` makes of the payload; `-` and the reason when it is refused.
std::string data_of(const written_value& data, std::string_view body,
                    const mapping_tables& tables = {}, std::string_view subject = "a.b.c") {
  const auto all =
      rules({{{"subject", text("a.*.>")}, {"room", text("r")}, {"data", data}}}, tables);
  const auto verdict = apply(all, subject, body);
  if (verdict.result != mapping_result::ok) return "-" + verdict.reason;
  const auto& event = verdict.events.front();
  return event.data_is_text ? "text " + event.data : event.data;
}

mapping_result result_when(const std::string& when, std::string_view body) {
  return apply(rules({{{"subject", text("s")}, {"room", text("r")}, {"when", text(when)}}}), "s",
               body)
      .result;
}

}  // namespace

TEST_SUITE("net/mapping/rule") {
  TEST_CASE("a value that is one placeholder keeps its JSON type") {
    const std::string body =
        R"({"n":12345678901234567890,"f":1.50,"t":"a\"b","b":true,"z":null,"o":{"k": [1, 2]},"l":[]})";
    CHECK(data_of(text("{/n}"), body) == "12345678901234567890");
    CHECK(data_of(text("{/f}"), body) == "1.50");
    CHECK(data_of(text("{/t}"), body) == "text a\"b");
    CHECK(data_of(text("{/b}"), body) == "true");
    CHECK(data_of(text("{/z}"), body) == "null");
    CHECK(data_of(text("{/o}"), body) == R"({"k":[1,2]})");
    CHECK(data_of(text("{/o/k/1}"), body) == "2");
    CHECK(data_of(text("{}"), R"({ "a" : 1 })") == R"({"a":1})");
  }

  TEST_CASE("text around a placeholder makes text of it") {
    const std::string body = R"({"n":7,"t":"x","b":false,"o":{"k":1}})";
    CHECK(data_of(text("n={/n} t={/t} b={/b} o={/o}"), body) ==
          R"(text n=7 t=x b=false o={"k":1})");
    CHECK(data_of(text("{{{/n}}}"), body) == "text {7}");
    CHECK(data_of(text("{1}-{2}-{3}"), body) == "text a-b-c");
    CHECK(data_of(text("{4}"), body, {}, "a.b.c.d") == "text d");
    CHECK(data_of(text("{4}"), body).starts_with("-data"));
  }

  TEST_CASE("what is not in the payload makes data bad, and leaves a member of a table out") {
    CHECK(data_of(text("{/x}"), "{}") == "-data: the message has nothing there");
    CHECK(data_of(text("x {/x}"), R"({"x":null})") == "-data: the message has nothing there");
    written_value::table members{{"id", text("{/id}")},
                                 {"gone", text("{/x}")},
                                 {"two", constant("2")},
                                 {"in", {written_value::table{{"k", text("k{/id}")}}}},
                                 {"list", {written_value::list{text("{/id}"), text("{/l}")}}}};
    CHECK(data_of({members}, R"({"id":5,"l":[6,7]})") ==
          R"({"id":5,"two":2,"in":{"k":"k5"},"list":[5,6,7]})");
  }

  TEST_CASE("the whole payload is the data when none is given, and message the event's name") {
    const auto all = rules({{{"subject", text("s")}, {"room", text("r")}}});
    const auto verdict = apply(all, "s", " { \"a\" : [ 1 ] } ");
    REQUIRE(verdict.events.size() == 1);
    CHECK(verdict.events[0].data == R"({"a":[1]})");
    CHECK(verdict.events[0].name == "message");
    CHECK(verdict.events[0].tenant == tenant_id("default"));
    CHECK(verdict.events[0].id.empty());
    CHECK_FALSE(verdict.events[0].ephemeral);
  }

  TEST_CASE("pointers follow RFC 6901") {
    const std::string body = R"({"a/b":1,"m~n":2,"":3,"l":[{"x":4}],"~1":5})";
    CHECK(data_of(text("{/a~1b}"), body) == "1");
    CHECK(data_of(text("{/m~0n}"), body) == "2");
    CHECK(data_of(text("{/}"), body) == "3");
    CHECK(data_of(text("{/l/0/x}"), body) == "4");
    CHECK(data_of(text("{/~01}"), body) == "5");
    CHECK(data_of(text("{/l/00/x}"), body).starts_with("-"));
    CHECK(data_of(text("{/l/1}"), body).starts_with("-"));
    CHECK(data_of(text("{/l/-}"), body).starts_with("-"));
  }

  TEST_CASE("a further pointer stands in for one that finds nothing") {
    CHECK(data_of(text("{/a|/b|text}"), R"({"b":5})") == "text 5");
    CHECK(data_of(text("{/a|/b}"), R"({"a":null,"b":5})") == "5");
    CHECK(data_of(text("{/a|/b}"), R"({"a":1,"b":5})") == "1");
  }

  TEST_CASE("ms takes RFC 3339 and seconds, and nothing else") {
    const struct {
      const char* json;
      const char* ms;
    } good[] = {{"0", "0"},
                {"1700000000", "1700000000000"},
                {"1700000000.1234", "1700000000123"},
                {"-1", "-1000"},
                {R"("1970-01-01T00:00:00Z")", "0"},
                {R"("2024-02-29T12:30:15.123456789Z")", "1709209815123"},
                {R"("2024-02-29t14:30:15.5+02:00")", "1709209815500"},
                {R"("1969-12-31T23:59:59-00:30")", "1799000"}};
    for (const auto& each : good) {
      CAPTURE(each.json);
      CHECK(data_of(text("{/t|ms}"), std::string(R"({"t":)") + each.json + "}") == each.ms);
    }
    for (const auto* bad :
         {R"("1700000000")", R"("yesterday")", R"("2023-02-29T00:00:00Z")", R"("2024-01-01")",
          R"("2024-01-01T24:00:00Z")", R"("2024-01-01T00:00:00")", R"("2024-01-01T00:00:00Z ")",
          R"("2024-01-01T00:00:00.Z")", "true", "null", "[1]", "1700000000000", "1e300"}) {
      CAPTURE(bad);
      CHECK(data_of(text("{/t|ms}"), std::string(R"({"t":)") + bad + "}")
                .starts_with("-data {/t|ms} expects a time as RFC 3339"));
    }
    CHECK(data_of(text("{/t|/u|ms}"), R"({"t":null,"u":1})") == "1000");
    CHECK(data_of(text("{/t|/u|ms}"), R"({"u":null})").starts_with("-data {/t|/u|ms} expects"));
    CHECK(data_of(text("{/t|ms}"), "{}") == "-data: the message has nothing there");
    CHECK(data_of(text("{/t|rfc3339}"), R"({"t":null})") == "null");
  }

  TEST_CASE("rfc3339 writes what ms reads; number makes numbers of whole ones") {
    CHECK(data_of(text("{/t|rfc3339}"), R"({"t":1709209815.5})") ==
          "text 2024-02-29T12:30:15.500Z");
    CHECK(data_of(text("{/t|rfc3339}"), R"({"t":-0.001})") == "text 1969-12-31T23:59:59.999Z");
    CHECK(data_of(text("{/t|rfc3339}"), R"({"t":"2024-02-29T14:30:15+02:00"})") ==
          "text 2024-02-29T12:30:15.000Z");
    CHECK(data_of(text("{/t|rfc3339}"), R"({"t":"x"})").starts_with("-"));
    CHECK(data_of(text("{/t|number}"), R"({"t":"17"})") == "17");
    CHECK(data_of(text("{/t|number}"), R"({"t":"-9223372036854775808"})") ==
          "-9223372036854775808");
    for (const auto* kept : {"017", "1.5", "", "9223372036854775808", "+1", "a"})
      CHECK(data_of(text("{/t|number}"), std::string(R"({"t":")") + kept + "\"}") ==
            std::string("text ") + kept);
    CHECK(data_of(text("{/t|number}"), R"({"t":[1]})") == "[1]");
  }

  TEST_CASE("map looks up, its star stands for the rest") {
    const mapping_tables tables{{"names", {{"created", "Created"}, {"7", "seven"}}},
                                {"all", {{"a", "A"}, {"*", "other"}}}};
    CHECK(data_of(text("{/t|map:names}"), R"({"t":"created"})", tables) == "text Created");
    CHECK(data_of(text("{/t|map:names}"), R"({"t":7})", tables) == "text seven");
    CHECK(data_of(text("{/t|map:names}"), R"({"t":"x"})", tables).starts_with("-"));
    CHECK(data_of(text("{/t|map:all}"), R"({"t":"x"})", tables) == "text other");
    CHECK(data_of(text("{/t|map:all}"), R"({})", tables).starts_with("-"));
    CHECK(data_of(text("{/t|map:all}"), R"({"t":[1]})", tables).starts_with("-data {/t|map:all}"));
    CHECK(data_of(text("{2|map:all}"), "{}", tables, "x.a.c").starts_with("-no rule"));
    CHECK(data_of(text("{2|map:all}"), "{}", tables, "a.a.c") == "text A");
  }

  TEST_CASE("text, prefix, after, is, not and hash do what they say") {
    CHECK(data_of(text("{/n|text}"), R"({"n":7})") == "text 7");
    CHECK(data_of(text("{/n|prefix:chat:}"), R"({"n":7})") == "text chat:7");
    CHECK(data_of(text("{/n|prefix:c}"), R"({"n":[7,"8"]})") == R"(["c7","c8"])");
    CHECK(data_of(text("{/n|prefix:c}"), R"({"n":{}})").starts_with("-"));
    CHECK(data_of(text("{/t|after:] }"), R"({"t":"[EDITED] hi] there"})") == "text hi] there");
    CHECK(data_of(text("{/t|after:#}"), R"({"t":"hi"})") == "text hi");
    CHECK(data_of(text("{/t|is:a}"), R"({"t":"a"})") == "true");
    CHECK(data_of(text("{/t|not:a}"), R"({"t":"a"})") == "false");
    CHECK(data_of(text("{/t|hash}"), R"({"t":"a"})") == "text af63dc4c8601ec8c");
    CHECK(data_of(text("{/t|text|prefix:x|prefix:y}"), R"({"t":1})") == "text yx1");
  }

  TEST_CASE("when skips on absent, null, empty, false and 0") {
    for (const auto* body : {"{}", R"({"w":null})", R"({"w":""})", R"({"w":false})", R"({"w":0})",
                             R"({"w":"false"})", R"({"w":"0"})", R"({"w":"null"})"}) {
      CAPTURE(body);
      CHECK(result_when("{/w}", body) == mapping_result::skipped);
    }
    for (const auto* body : {R"({"w":true})", R"({"w":1})", R"({"w":"x"})", R"({"w":[]})"}) {
      CAPTURE(body);
      CHECK(result_when("{/w}", body) == mapping_result::ok);
    }
    CHECK(result_when("false", "{}") == mapping_result::skipped);
    CHECK(result_when("{/w|not:x}", R"({"w":"x"})") == mapping_result::skipped);
  }

  TEST_CASE("rooms, users and exclude are names or lists of names, numbers count as text") {
    const auto all = rules({{{"subject", text("s")},
                             {"room", text("{/rooms}")},
                             {"users", text("{/users}")},
                             {"exclude", text("{/not}")}}});
    const auto verdict = apply(all, "s", R"({"rooms":"chat:1","users":[1,"2",1,3],"not":[3,"x"]})");
    REQUIRE(verdict.events.size() == 1);
    CHECK(verdict.events[0].rooms == std::vector<std::string>{"chat:1"});
    CHECK(verdict.events[0].users == std::vector<std::string>{"1", "2"});
    CHECK(verdict.events[0].exclude == std::vector<std::string>{"3", "x"});
    CHECK(apply(all, "s", R"({"users":"ann"})").events.at(0).rooms.empty());
    CHECK(apply(all, "s", R"({"users":[]})").result == mapping_result::skipped);
    for (const auto* bad :
         {"{}", R"({"rooms":"a b"})", R"({"rooms":""})", R"({"users":[1.5]})",
          R"({"users":[true]})", R"({"users":{"a":1}})", R"({"rooms":[["a"]]})"}) {
      CAPTURE(bad);
      CHECK(apply(all, "s", bad).result == mapping_result::bad);
    }
    CHECK(apply(all, "s", R"({"users":["a\nb"]})").reason ==
          R"(users: expects names of 1-128 bytes of A-Z a-z 0-9 . _ ~ @ : -, got "a\nb")");
  }

  TEST_CASE(
      "a payload that does not say its tenant leaves it open; one that says nonsense is bad") {
    const auto all =
        rules({{{"subject", text("s")}, {"room", text("r")}, {"tenant", text("{/ws}")}}});
    CHECK(apply(all, "s", R"({"ws":12})").events.at(0).tenant == tenant_id("12"));
    CHECK_FALSE(apply(all, "s", "{}").events.at(0).tenant);
    CHECK(apply(all, "s", R"({"ws":"a/b"})").result == mapping_result::bad);
  }

  TEST_CASE("id, event and ephemeral are taken from the payload and checked") {
    const auto all = rules({{{"subject", text("s")},
                             {"room", text("r")},
                             {"id", text("m-{/id}")},
                             {"event", text("{/e}")},
                             {"ephemeral", text("{/x}")}}});
    const auto one = apply(all, "s", R"({"id":5,"e":"hi","x":true})").events.at(0);
    CHECK(one.id == "m-5");
    CHECK(one.name == "hi");
    CHECK(one.ephemeral);
    const auto two = apply(all, "s", R"({"e":"hi"})").events.at(0);
    CHECK(two.id.empty());
    CHECK_FALSE(two.ephemeral);
    for (const auto* bad : {"{}", R"({"e":"connected"})", R"({"e":"a\nb"})", R"({"e":{}})",
                            R"({"e":"a","id":"\n"})"}) {
      CAPTURE(bad);
      CHECK(apply(all, "s", bad).result == mapping_result::bad);
    }
    const auto fixed =
        rules({{{"subject", text("s")}, {"room", text("r")}, {"ephemeral", constant("true")}}});
    CHECK(apply(fixed, "s", "{}").events.at(0).ephemeral);
  }

  TEST_CASE("each makes one event of every element") {
    const auto all = rules({{{"subject", text("s")},
                             {"room", text("chat:{/chat}")},
                             {"each", text("/ids")},
                             {"id", text("read-{@}-{/who}")},
                             {"data", {written_value::table{{"id", text("{@}")}}}}}});
    const auto verdict = apply(all, "s", R"({"chat":1,"who":2,"ids":[7,8]})");
    REQUIRE(verdict.events.size() == 2);
    CHECK(verdict.events[0].id == "read-7-2");
    CHECK(verdict.events[1].data == R"({"id":8})");
    CHECK(apply(all, "s", R"({"chat":1,"ids":[]})").result == mapping_result::skipped);
    const auto inside = rules({{{"subject", text("s")},
                                {"room", text("{@/room}")},
                                {"each", text("/l")},
                                {"data", text("{@/d}")}}});
    CHECK(apply(inside, "s", R"({"l":[{"room":"a","d":1}]})").events.at(0).data == "1");
  }

  TEST_CASE("what is ignored is not even looked into") {
    const auto all = rules({{{"subject", text("s.a.>")}, {"when", constant("false")}},
                            {{"subject", text("s.>")}, {"room", text("r")}}});
    CHECK(apply(all, "s.a.b", "\x0a\x05").result == mapping_result::skipped);
    CHECK(apply(all, "s.a.b", "\x0a\x05").rule == 0);
    CHECK(apply(all, "s.b", "\x0a\x05").result == mapping_result::bad);
  }

  TEST_CASE("all is every session of a tenant, or of every tenant") {
    const auto all = rules({{{"subject", text("s")},
                             {"all", constant("true")},
                             {"tenant", text("{/t}")},
                             {"about", text("{/u}")}}});
    const auto one = apply(all, "s", R"({"t":"*","u":7})").events.at(0);
    CHECK(one.everyone);
    CHECK(one.tenant == tenant_id("*"));
    CHECK(one.about == std::vector<std::string>{"7"});
    CHECK(apply(all, "s", "{}").events.at(0).about.empty());
  }

  TEST_CASE("match chooses among rules of one subject, when does not") {
    const auto all =
        rules({{{"subject", text("s.>")},
                {"match", {written_value::table{{"/kind", text("a")}}}},
                {"room", text("first")},
                {"when", text("{/wanted}")}},
               {{"subject", text("s.*")},
                {"match",
                 {written_value::table{{"/kind", {written_value::list{text("b"), constant("5")}}},
                                       {"/x", text("*")}}}},
                {"room", text("second")}},
               {{"subject", text("s.z")}, {"room", text("third")}}});
    const auto room = [&](std::string_view subject, std::string_view body) {
      const auto verdict = apply(all, subject, body);
      return verdict.events.empty() ? std::string(to_string(verdict.result))
                                    : verdict.events[0].rooms[0];
    };
    CHECK(room("s.z", R"({"kind":"a","wanted":1})") == "first");
    CHECK(room("s.z", R"({"kind":"a"})") == "skipped");
    CHECK(room("s.z", R"({"kind":"b","x":1})") == "second");
    CHECK(room("s.z", R"({"kind":5,"x":1})") == "second");
    CHECK(room("s.z", R"({"kind":"b"})") == "third");
    CHECK(room("s.y", R"({"kind":"b"})") == "skipped");
    CHECK(apply(all, "s.z", R"({"kind":"b","x":1})").rule == 1);
  }

  TEST_CASE("a rule that changes membership needs no event") {
    const auto all = rules({{{"subject", text("s")},
                             {"room", text("{/room}")},
                             {"users", text("{/user}")},
                             {"member", text("add")}}});
    const auto verdict = apply(all, "s", R"({"room":"r","user":"u"})");
    REQUIRE(verdict.events.size() == 1);
    CHECK(verdict.events[0].members == member_change::add);
    CHECK(verdict.events[0].name.empty());
  }

  TEST_CASE("payloads are bounded in size and depth, and must be JSON") {
    const auto all =
        rules({{{"subject", text("s")}, {"room", text("r")}}}, {}, {.max_event_bytes = 200});
    CHECK(apply(all, "s", "ping").result == mapping_result::bad);
    CHECK(apply(all, "s", "").result == mapping_result::bad);
    CHECK(apply(all, "s", "\x0a\x05hello").result == mapping_result::bad);
    CHECK(apply(all, "s", "\"\xff\"").result == mapping_result::bad);
    CHECK(apply(all, "s", std::string(64, '[') + std::string(64, ']')).result ==
          mapping_result::ok);
    CHECK(apply(all, "s", std::string(65, '[') + std::string(65, ']')).result ==
          mapping_result::bad);
    CHECK(apply(all, "s", '"' + std::string(200, 'x') + '"').result == mapping_result::ok);
    CHECK(apply(all, "s", '"' + std::string(201, 'x') + '"').reason ==
          "data: it has 201 bytes, limits.max_event_bytes is 200");
    CHECK(apply(all, "s", '"' + std::string(300'000, 'x') + '"').reason.find("the payload has") !=
          std::string::npos);
  }

  TEST_CASE("what cannot be carried out is named with its key") {
    const auto with = [](const std::string& key, written_value value) {
      written_keys keys{{"subject", text("a.*")}, {"room", text("r")}};
      std::erase_if(keys, [&](const auto& each) { return each.first == key; });
      keys.emplace_back(key, std::move(value));
      return fault_of(keys);
    };
    CHECK(with("room", text("{3}")) == "room: placeholder {3}: \"a.*\" has 2 tokens");
    CHECK(with("room", text("{0}")) ==
          "room: placeholder {0}: tokens of the subject are counted from 1");
    CHECK(with("id", text("{/a|upper}"))
              .starts_with("id: placeholder {/a|upper}: unknown transform \"upper\"; there are"));
    CHECK(with("id", text("{/a|map:x}")) ==
          "id: placeholder {/a|map:x}: there is no [mapping_table.x]");
    CHECK(with("id", text("{/a|ms:3}")).find("takes no argument") != std::string::npos);
    CHECK(with("id", text("{/a|prefix}")).find("needs an argument") != std::string::npos);
    CHECK(with("id", text("{a}")).starts_with("id: placeholder {a}: expected a JSON pointer"));
    CHECK(
        with("id", text("{/a~2}")).starts_with("id: placeholder {/a~2}: expected a JSON pointer"));
    CHECK(with("id", text("{/a")).starts_with("id: has a { without its }"));
    CHECK(with("id", text("a}")).starts_with("id: has a } without its {"));
    CHECK(with("id", constant("5")) == "id: expects text in quotes, got 5");
    CHECK(with("when", constant("true")).empty());
    CHECK(with("room", text("")) == "room: must not be empty");
    CHECK(with("match", text("x")).starts_with("match: expects a table"));
    CHECK(with("match", {written_value::table{{"kind", text("x")}}})
              .starts_with("match: expects a JSON pointer"));
    CHECK(with("each", text("ids")).starts_with("each: expects a JSON pointer"));
    CHECK(with("member", text("join")) == "member: expects \"add\" or \"remove\", got \"join\"");
    CHECK(with("member", text("add")) ==
          "member: needs room and users: whose membership of what changes");
    CHECK(with("subject", text("a..b")).starts_with("subject: expects a NATS subject"));
    CHECK(fault_of({{"room", text("r")}}).starts_with("subject: is missing"));
    CHECK(fault_of({{"subject", text("x")}}) ==
          ": for \"x\" has no audience: give it room, users or all");
    CHECK(fault_of({{"subject", text("a.>")}, {"room", text("{9}")}}).empty());
  }
}

TEST_SUITE("net/mapping/subject_pattern") {
  TEST_CASE("patterns match as NATS does") {
    const auto matches = [](std::string_view pattern, std::string_view subject) {
      return subject_pattern::parse(pattern)->matches(subject);
    };
    CHECK(matches("a.b", "a.b"));
    CHECK_FALSE(matches("a.b", "a.b.c"));
    CHECK_FALSE(matches("a.b", "a"));
    CHECK(matches("a.*", "a.b"));
    CHECK_FALSE(matches("a.*", "a"));
    CHECK_FALSE(matches("a.*", "a.b.c"));
    CHECK(matches("a.>", "a.b.c"));
    CHECK_FALSE(matches("a.>", "a"));
    CHECK(matches(">", "a"));
    CHECK(matches("*.b.>", "x.b.y"));
    for (const auto* bad : {"", ".", "a.", ".a", "a..b", "a.>.b", "a*", "a b", "a\n", ">a"}) {
      CAPTURE(bad);
      CHECK_FALSE(subject_pattern::parse(bad));
    }
  }

  TEST_CASE("what overlaps is subscribed to once, what does not stays apart") {
    const auto sources = [](const std::vector<std::string>& subjects,
                            const std::string& stream = "") {
      std::vector<written_keys> all;
      for (const auto& subject : subjects) {
        all.push_back({{"subject", text(subject)}, {"room", text("r")}});
        if (!stream.empty()) all.back().emplace_back("stream", text(stream));
      }
      std::string out;
      for (const auto& source : rules(all).sources()) out += source.subject + ' ';
      return out;
    };
    CHECK(sources({"a.b", "a.c"}) == "a.b a.c ");
    CHECK(sources({"a.b", "a.>", "x"}) == "a.> x ");
    CHECK(sources({"a.*.c", "a.b.*"}) == "a.*.* ");
    CHECK(sources({"a.b", "c.d", "*.b", "*.d"}) == "*.b *.d ");
    CHECK(sources({"a.b", "a.b.c"}) == "a.b a.b.c ");
    CHECK(sources({"a.b", "a.b.c"}, "S") == "a.> ");
    CHECK(sources({"a.b", "b.c"}, "S") == "*.* ");
  }
}

TEST_SUITE("net/mapping/payload_signature") {
  const std::string secret = "mapping tests only, thirty-two bytes";
  const std::vector<written_keys> one{{{"subject", text("s")}, {"room", text("r")}}};

  std::string hex(std::string_view bytes) {
    std::string out;
    for (const unsigned char c : bytes)
      out.append(1, "0123456789abcdef"[c >> 4]).append(1, "0123456789abcdef"[c & 15]);
    return out;
  }

  TEST_CASE("a payload is signed in the header, over the bytes as sent") {
    auto all = rules(one);
    all.require_signature(*verifier::hmac(secret));
    const std::string body = "{ \"a\": 1 }";
    const auto good = hex(*sign_hmac(secret, body));
    const auto result = [&](std::string_view text, std::string_view signature) {
      return all.apply({{}, "s", text, signature}).result;
    };
    CHECK(result(body, good) == mapping_result::ok);
    CHECK(result("{ \"a\": 2 }", good) == mapping_result::unsigned_);
    CHECK(result(body, good.substr(1)) == mapping_result::unsigned_);
    CHECK(result(body, "z" + good.substr(1)) == mapping_result::unsigned_);
    CHECK(result(body, "") == mapping_result::unsigned_);
    CHECK(result(body, hex(*sign_hmac(secret + "x", body))) == mapping_result::unsigned_);
  }

  TEST_CASE("or in its member sig, over the compact rest in the order sent") {
    auto all = rules(one);
    all.require_signature(*verifier::hmac(secret));
    const auto sig = hex(*sign_hmac(secret, R"({"b":1.0,"a":{"sig":2},"c":"é\n"})"));
    const auto result = [&](const std::string& text) {
      return all.apply({{}, "s", text, {}}).result;
    };
    CHECK(result(R"({ "b": 1.0, "sig": ")" + sig + R"(", "a": {"sig": 2}, "c": "é\n"})") ==
          mapping_result::ok);
    CHECK(result(R"({"b":1.0,"a":{"sig":2},"c":"é\n","sig":")" + sig + "\"}") ==
          mapping_result::ok);
    CHECK(result(R"({"a":{"sig":2},"b":1.0,"c":"é\n","sig":")" + sig + "\"}") ==
          mapping_result::unsigned_);
    CHECK(result(R"({"b":2,"a":{"sig":2},"c":"é\n","sig":")" + sig + "\"}") ==
          mapping_result::unsigned_);
    CHECK(result(R"({"b":1,"sig":5})") == mapping_result::unsigned_);
    CHECK(result("[1]") == mapping_result::unsigned_);
    CHECK(result("ping") == mapping_result::bad);
  }

  TEST_CASE("without a secret nothing need be signed") {
    CHECK(rules(one).apply({{}, "s", "{}", "nonsense"}).result == mapping_result::ok);
  }
}
