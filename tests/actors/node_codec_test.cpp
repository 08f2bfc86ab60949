#include "actors/api/node_codec.hpp"

#include <doctest/doctest.h>

#include <random>

namespace starling::actors {

namespace {

net::session_info some_session() {
  net::session_info out;
  out.client_id = "c";
  out.user = "ann";
  out.rooms = {"a", "", "b"};
  out.opened_ms = 1'700'000'000'000;
  out.expires_ms = -1;
  out.queued_bytes = UINT64_MAX;
  return out;
}

event some_event() {
  event out;
  out.channel = {tenant_id{"acme"}, channel_kind::client, "c"};
  out.id = "1";
  out.name = "note";
  out.data = "{}";
  return out;
}

/// One of each kind, with something in every member.
std::vector<question> all_questions() {
  const auto id = session_id::make(7);
  const tenant_id acme{"acme"};
  net::identity ann;
  ann.tenant = acme;
  ann.user = user_id{"ann"};
  ann.device = device_id{"phone"};
  ann.rooms = {"a", "b*"};
  ann.publish = {"x"};
  ann.expires_s = 1'700'000'000;
  ann.publish_all = ann.admin = ann.is_operator = true;
  return {sessions_question{acme, "ann", id, "after", 7, false, "find", 2},
          channels_question{channel_kind::user, acme, "lobby", "a", 9, "find", true},
          presence_question{acme, "lobby"},
          close_question{id, acme, "ann", true},
          renew_question{id, ann},
          membership_question{acme, "lobby", "ann", false},
          trace_question{acme, "lobby"},
          deliver_question{some_event()},
          stats_question{acme},
          drain_question{},
          log_level_question{"debug"},
          partitions_question{},
          mappings_question{},
          room_named_question{acme, "lobby", 77},
          membership_news_question{acme, "ann", "lobby"},
          latency_question{},
          change_question{id, acme, "ann", "away", 5000}};
}

/// Of exactly this size, so that the address sanitizer sees one byte too far.
template <class Read>
auto exactly(std::string_view bytes, Read read) {
  const std::vector<char> tight(bytes.begin(), bytes.end());
  return read(std::string_view(tight.data(), tight.size()));
}

template <std::size_t... I>
std::vector<any_answer> answers_to_all(std::index_sequence<I...>) {
  return {any_answer(std::in_place_index<I>)...};
}

/// Everything that could take `bytes`; none may fall over them.
void read_as_anything(std::string_view bytes) {
  exactly(bytes, [](auto all) { return decode_question(all).ok(); });
  exactly(bytes, [](auto all) { return decode_announcement(all).ok(); });
  for (auto& out : answers_to_all(std::make_index_sequence<std::variant_size_v<any_answer>>{}))
    exactly(bytes, [&out](auto all) { return decode_answer(all, out).ok(); });
}

}  // namespace

TEST_SUITE("actors/node_codec") {
  TEST_CASE("every question comes back as it was") {
    REQUIRE(all_questions().size() == std::variant_size_v<question>);
    for (const auto& asked : all_questions()) {
      CAPTURE(asked.index());
      const auto bytes = encode(asked);
      const auto back = decode_question(bytes);
      REQUIRE(back.ok());
      CHECK(back->index() == asked.index());
      CHECK(encode(*back) == bytes);
    }
    const auto renewed = decode_question(encode(all_questions()[4]));
    const auto& fresh = std::get<renew_question>(*renewed).fresh;
    CHECK(fresh.rooms == std::vector<std::string>{"a", "b*"});
    CHECK(fresh.is_operator);
    const auto found = decode_question(encode(all_questions()[0]));
    CHECK(std::get<sessions_question>(*found).session.has_value());
    CHECK(std::get<sessions_question>(*found).limit == 7);
  }

  TEST_CASE("an answer comes back as it was, an error as the error it was") {
    const sessions_answer given{{some_session(), {}}, 17};
    const auto back = decode_answer<sessions_question>(encode(answer_to<sessions_question>{given}));
    REQUIRE(back.ok());
    REQUIRE(back->ok());
    CHECK((*back)->total == 17);
    REQUIRE((*back)->sessions.size() == 2);
    CHECK((*back)->sessions[0].rooms == some_session().rooms);
    CHECK((*back)->sessions[0].expires_ms == -1);
    CHECK((*back)->sessions[0].queued_bytes == UINT64_MAX);
    const auto failed =
        decode_answer<sessions_question>(encode(error{errc::forbidden, "not yours"}));
    REQUIRE(failed.ok());
    REQUIRE_FALSE(failed->ok());
    CHECK(failed->error().code == errc::forbidden);
    CHECK(failed->error().message == "not yours");
  }

  TEST_CASE("an announcement comes back as it was; one without a valid node id is none") {
    announcement told;
    told.node.id = "n1";
    told.node.cpu = 1.25;
    told.node.tag = 4'000'000'000;
    told.node.engine_connected = told.leaving = true;
    const auto back = decode_announcement(encode(told));
    REQUIRE(back.ok());
    CHECK(back->leaving);
    CHECK(back->node.cpu == 1.25);
    CHECK(back->node.tag == 4'000'000'000);
    CHECK(back->node.engine_connected);
    for (const auto& id : {std::string(), std::string("a\nb"), std::string(129, 'n')}) {
      told.node.id = id;
      CHECK_FALSE(decode_announcement(encode(told)).ok());
    }
  }

  TEST_CASE("members that a later version adds are passed over, missing ones stay as they are") {
    auto longer = encode(question(presence_question{tenant_id{"t"}, "r"}));
    longer += "\x03new";
    const auto back = decode_question(longer);
    REQUIRE(back.ok());
    CHECK(std::get<presence_question>(*back).room == "r");
    const auto shorter = decode_question(std::string("sq1\0", 4));
    REQUIRE(shorter.ok());
    CHECK(std::get<sessions_question>(*shorter).limit == max_page);
  }

  TEST_CASE("a question of a later version is told from one that is none") {
    CHECK(decode_question("sq1\x7f").error().code == errc::not_found);
    CHECK(decode_question("sq1").error().code == errc::malformed);
    CHECK(decode_question("\x09").error().code == errc::malformed);  // it would drain the node
    CHECK(decode_question("").error().code == errc::malformed);
    CHECK(decode_question(R"({"op":"rooms"})").error().code == errc::malformed);
    CHECK(decode_question(std::string(max_node_message + 1, '\0')).error().code == errc::too_large);
  }

  TEST_CASE("an event that could not be handed to a client is no question") {
    auto evil = some_event();
    evil.data = std::string(1000, '[');
    CHECK_FALSE(decode_question(encode(question(deliver_question{evil}))).ok());
    auto nothing = encode(question(deliver_question{}));
    nothing.resize(4);  // the mark and the number: the event is left out
    CHECK_FALSE(decode_question(nothing).ok());
  }

  TEST_CASE("a flag is 0 or 1") {
    auto bytes = encode(question(membership_question{tenant_id{"acme"}, "lobby", "ann", true}));
    CHECK(decode_question(bytes).ok());
    bytes.back() = 2;
    CHECK_FALSE(decode_question(bytes).ok());
  }

  TEST_CASE("many small items cannot become a lot of memory") {
    // 4 MiB of empty sessions would be more than a gigabyte.
    std::string list(200'000, '\0');
    std::string frame("\0\0", 2);
    const auto with_length = [](const std::string& bytes) {
      std::string out;
      auto n = bytes.size();
      for (; n >= 0x80; n >>= 7) out += static_cast<char>(n | 0x80);
      out += static_cast<char>(n);
      return out + bytes;
    };
    frame += with_length(with_length(list));
    CHECK_FALSE(decode_answer<sessions_question>(frame).ok());
  }

  TEST_CASE("no bytes end it: cut short, changed at random, and plain nonsense") {
    std::minstd_rand random{7};
    std::vector<std::string> seeds;
    for (const auto& asked : all_questions()) seeds.push_back(encode(asked));
    seeds.push_back(encode(answer_to<sessions_question>{sessions_answer{{some_session()}, 1}}));
    announcement told;
    told.node.id = "n1";
    seeds.push_back(encode(told));
    for (const auto& seed : seeds)
      for (std::size_t size = 0; size <= seed.size(); ++size)
        read_as_anything(std::string_view(seed).substr(0, size));
    for (int round = 0; round < 20'000; ++round) {
      auto bytes = seeds[random() % seeds.size()];
      for (auto changes = random() % 4 + 1; changes > 0 && !bytes.empty(); --changes)
        bytes[random() % bytes.size()] = static_cast<char>(random());
      read_as_anything(bytes);
    }
  }
}

}  // namespace starling::actors
