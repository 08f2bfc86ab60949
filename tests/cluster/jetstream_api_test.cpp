#include "cluster/nats/jetstream_api.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace starling::cluster::jetstream;

TEST_SUITE_BEGIN("cluster/jetstream_api");

TEST_CASE("an acknowledgement is read with and without a duplicate") {
  const auto first = parse_ack(R"({"stream":"st", "seq":12})");
  REQUIRE(first);
  CHECK(first->seq == 12);
  CHECK_FALSE(first->duplicate);
  CHECK(parse_ack(R"({"stream":"st", "seq":12,"duplicate": true})")->duplicate);
  CHECK_FALSE(parse_ack(R"({"stream":"st"})"));
  CHECK_FALSE(parse_ack(R"({"seq":)"));
  CHECK_FALSE(parse_ack(""));
}

TEST_CASE("an error is found with its codes") {
  const auto refused = parse_message(
      R"({"error":{"code":404,"err_code":10037,"description":"no \"message\" found"}})");
  REQUIRE_FALSE(refused);
  CHECK(refused.error.code == 404);
  CHECK(refused.error.err_code == err_no_message);
  CHECK(refused.error.description == R"(no "message" found)");
  CHECK(parse_ack(R"({"stream":"error","seq":1})"));
  CHECK_FALSE(parse_ack(R"({"error":{"code":503},"seq":1})"));
}

TEST_CASE("an answer that is no JSON or nested without end is an error without a code") {
  for (const auto& bad : {std::string("{\"seq\":1"), std::string("x"), std::string("[1]"),
                          std::string(R"({"seq":-1})"), std::string(R"({"seq":"1"})"),
                          std::string(100'000, '['), std::string(100'000, '{'), [] {
                            std::string deep;
                            for (int i = 0; i < 100'000; ++i) deep += R"({"a":)";
                            return deep;
                          }()}) {
    const auto ack = parse_ack(bad);
    CHECK_FALSE(ack);
    CHECK(ack.error.code == 0);
  }
}

TEST_CASE("a member of another object or of an array is not taken for one's own") {
  CHECK_FALSE(parse_ack(R"({"other":{"seq":3}})"));
  CHECK_FALSE(parse_ack(R"({"list":[{"seq":3}]})"));
  CHECK(parse_ack(R"({"list":[{"seq":3,"x":[1]}],"other":{"seq":4},"seq":5})")->seq == 5);
}

TEST_CASE("the stream's state is found behind its configuration") {
  const auto info = parse_info(
      R"({"config":{"name":"x","description":"\"state\":{ starling epoch=1795230061944",)"
      R"("first_seq":99},)"
      R"("created":"2026-11-21T03:01:01.944960092Z","state":{"messages":3,"first_seq":4,)"
      R"("last_seq":6,"subjects":{"a\"b.c":3},"consumer_count":0},)"
      R"("cluster":{"name":"c","leader":"s1","replicas":[{"name":"s2","lag":7}]}})");
  REQUIRE(info);
  CHECK(info->epoch == 1795230061944u);
  CHECK(info->first == 4);
  CHECK(info->last == 6);
  CHECK(info->on_subject == 3);
  CHECK(info->leader == "s1");
  CHECK_FALSE(parse_info(R"({"error":{"code":404}})"));
  CHECK_FALSE(parse_info(R"({"config":{"name":"x"},"created":"2026-11-21T03:01:01.944960092Z",)"
                         R"("state":{"messages":3,"first_seq":4,"last_seq":6}})"));
}

TEST_CASE("a stored message is read with its bytes") {
  const auto message = parse_message(
      R"({"message":{"subject":"s","seq":2,"hdrs":"TkFUUw==","data":"eDE=","time":"t"}})");
  REQUIRE(message);
  CHECK(message->seq == 2);
  CHECK(message->data == "x1");
  CHECK_FALSE(parse_message(R"({"message":{"seq":2,"data":"e*E="}})"));
  CHECK_FALSE(parse_message(R"({"message":{"seq":2,"data":"cut)"));
}

TEST_CASE("a delivery is read from both forms of its subject") {
  const auto plain = parse_delivery("$JS.ACK.st.oEHSSZiy.1.5.4.1795232001395834154.7");
  REQUIRE(plain);
  CHECK(plain->consumer == "oEHSSZiy");
  CHECK(plain->seq == 5);
  CHECK(plain->number == 4);
  CHECK(plain->pending == 7);
  const auto with_domain = parse_delivery("$JS.ACK.hub.ACC.st.con.1.5.4.17.7.rnd");
  REQUIRE(with_domain);
  CHECK(with_domain->consumer == "con");
  CHECK(with_domain->seq == 5);
  CHECK(with_domain->pending == 7);
  for (const auto* bad : {"", "_INBOX.a.b", "$JS.ACK.st.con.1.5.4.17", "$JS.ACK.st.con.1.x.4.17.7"})
    CHECK_FALSE(parse_delivery(bad));
}

TEST_CASE("the name of a consumer is not that of its stream") {
  CHECK(*parse_consumer_name(R"({"stream_name":"st","name":"oE","config":{"name":"q"}})") == "oE");
  CHECK_FALSE(parse_consumer_name(R"({"error":{"code":400},"name":"x"})"));
}

TEST_SUITE_END();
