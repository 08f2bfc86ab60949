#include "net/auth/identity.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace starling;
using namespace starling::net;

namespace {

identity with_publish(std::vector<std::string> entries) {
  identity out;
  out.publish = std::move(entries);
  return out;
}

}  // namespace

TEST_SUITE("net/auth/identity") {
  TEST_CASE("an identity is small: thousands of sessions hold one each") {
    CHECK(sizeof(identity) <= 200);
  }

  TEST_CASE("a star stands for any run of characters, everything else for itself") {
    CHECK(matches("lobby", "lobby"));
    CHECK_FALSE(matches("lobby", "lobby2"));
    CHECK_FALSE(matches("lobby", "Lobby"));
    CHECK_FALSE(matches("lobby", ""));
    CHECK(matches("*", ""));
    CHECK(matches("*", "a/b:c"));
    CHECK(matches("red-*", "red-"));
    CHECK(matches("red-*", "red-1"));
    CHECK_FALSE(matches("red-*", "xred-1"));
    CHECK(matches("*-red", "dark-red"));
    CHECK_FALSE(matches("*-red", "dark-red-1"));
    CHECK(matches("a*b*c", "abbbcbc"));
    CHECK_FALSE(matches("a*b*c", "abbbcb"));
    CHECK(matches("a**c", "ac"));
    CHECK(matches("", ""));
    CHECK_FALSE(matches("", "a"));
    CHECK_FALSE(matches("a?c", "abc"));
    CHECK_FALSE(matches("[a]", "a"));
    CHECK_FALSE(matches("a.c", "abc"));
  }

  TEST_CASE("a pattern made to backtrack still ends at once") {
    std::string pattern;
    for (int i = 0; i < 60; ++i) pattern += "*a";
    CHECK_FALSE(matches(pattern + "b", std::string(128, 'a')));
  }

  TEST_CASE("only entries without star are exact") {
    CHECK(is_exact("lobby"));
    CHECK_FALSE(is_exact("lob*"));
  }

  TEST_CASE("joining needs a matching entry, and admin is none") {
    identity holder;
    holder.admin = true;
    CHECK_FALSE(may_join(holder, "lobby"));
    holder.rooms = {"lobby", "red-*"};
    CHECK(may_join(holder, "lobby"));
    CHECK(may_join(holder, "red-1"));
    CHECK_FALSE(may_join(holder, "blue"));
  }

  TEST_CASE("without the claim nothing may be published") {
    identity holder;
    holder.admin = true;
    CHECK_FALSE(may_publish_room(holder, "lobby"));
    CHECK_FALSE(may_publish_user(holder, "ann"));
    CHECK_FALSE(may_publish_client(holder, "c1"));
  }

  TEST_CASE("publish true covers rooms, users and sessions") {
    identity holder;
    holder.publish_all = true;
    CHECK(may_publish_room(holder, "lobby"));
    CHECK(may_publish_user(holder, "ann"));
    CHECK(may_publish_client(holder, "c1"));
  }

  TEST_CASE("room patterns do not reach users or sessions") {
    const auto holder = with_publish({"*"});
    CHECK(may_publish_room(holder, "lobby"));
    CHECK(may_publish_room(holder, "user:ann"));
    CHECK_FALSE(may_publish_user(holder, "ann"));
    CHECK_FALSE(may_publish_client(holder, "c1"));
  }

  TEST_CASE("user and client entries reach only their kind") {
    const auto holder = with_publish({"user:an*", "client:c1"});
    CHECK(may_publish_user(holder, "ann"));
    CHECK_FALSE(may_publish_user(holder, "bob"));
    CHECK_FALSE(may_publish_user(holder, "c1"));
    CHECK(may_publish_client(holder, "c1"));
    CHECK_FALSE(may_publish_client(holder, "c2"));
    CHECK_FALSE(may_publish_room(holder, "ann"));
    CHECK_FALSE(may_publish_room(holder, "user:ann"));
    CHECK_FALSE(may_publish_room(holder, "client:c1"));
  }
}
