#include "actors/ingest/tenant_question.hpp"

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::actors;
using namespace std::chrono_literals;

namespace {

using kind = tenant_question::kind;

const steady_time start{1000s};

net::mapped_event about(const std::string& room) {
  net::mapped_event out;
  out.rooms = {room};
  out.users = {"ann"};
  out.about = {"bob"};
  return out;
}

}  // namespace

TEST_SUITE("actors/tenant_question") {
  TEST_CASE("a question names its source, number and node, and everybody it is about") {
    tenant_question question(2, node_id("n1"));
    CHECK(question.number() == 0);
    CHECK(question.ask({about("r"), about("s")}, start) ==
          "ask 2 1 n1\nroom r\nuser ann\nuser bob\nroom s\nuser ann\nuser bob\n");
    CHECK(question.number() == 1);
  }

  TEST_CASE("the same is asked again after a while only, everybody's tenants always") {
    tenant_question question(0, node_id("n1"));
    REQUIRE(question.ask({about("r")}, start));
    CHECK(question.ask({about("r")}, start + 4s) == std::nullopt);
    CHECK(question.number() == 1);
    CHECK(question.ask({about("s")}, start + 4s));
    CHECK(question.ask({about("r")}, start + 5s));
    net::mapped_event everybody;
    everybody.tenant = tenant_id("*");
    CHECK(question.ask({everybody}, start) == "ask 0 4 n1\ntenants\n");
    CHECK(question.ask({everybody}, start) == "ask 0 5 n1\ntenants\n");
  }

  TEST_CASE("another node's question is read, and answered with what it was headed with") {
    const tenant_question question(0, node_id("n1"));
    const auto told = question.read("ask 3 7 n2\nroom r\n");
    REQUIRE(told.kind == kind::question);
    CHECK(told.lines == "room r\n");
    CHECK(tenant_question::answer(told, "room r A\n") == "facts 3 7 n2\nroom r A\n");
  }

  TEST_CASE(
      "facts are those in answer to this node, and current in answer to the latest question") {
    tenant_question question(1, node_id("n1"));
    REQUIRE(question.ask({about("r")}, start));
    const auto current = question.read("facts 1 1 n1\nroom r A\n");
    CHECK(current.kind == kind::facts);
    CHECK(current.current);
    CHECK(current.lines == "room r A\n");
    CHECK(question.count_answer() == 1);
    CHECK(question.count_answer() == 2);
    REQUIRE(question.ask({about("s")}, start));
    CHECK(question.read("facts 1 1 n1\n").kind == kind::facts);
    CHECK_FALSE(question.read("facts 1 1 n1\n").current);
    CHECK_FALSE(question.read("facts 0 2 n1\n").current);
    CHECK(question.count_answer() == 1);
  }

  TEST_CASE("this node's own question, answers to others and nonsense are nothing to it") {
    const tenant_question question(0, node_id("n1"));
    for (const auto* words : {"ask 0 1 n1\nroom r\n", "facts 0 1 n2\nroom r A\n", "ask 0 1 n2", "",
                              "\n", "tell 0 1 n1\n", "asks 0 1 n2\n"})
      CHECK(question.read(words).kind == kind::other);
  }
}
