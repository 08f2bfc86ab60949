#include "actors/base/access.hpp"

#include <doctest/doctest.h>

namespace starling::actors {

namespace {

using target_kind = net::publish_item::target_kind;
using texts = std::vector<std::string>;

net::publish_item addressed(target_kind target, texts names = {}) {
  net::publish_item out;
  out.target = target;
  out.names = std::move(names);
  return out;
}

}  // namespace

TEST_SUITE("actors/access") {
  TEST_CASE("a session joins the exact rooms of its token and what it asks for, each once") {
    net::identity identity;
    identity.rooms = {"b", "team-*", "a", "b"};
    CHECK(rooms_to_join(identity, {}) == texts{"b", "a"});
    CHECK(rooms_to_join(identity, {"team-x", "a", "team-x"}) == texts{"b", "a", "team-x"});
  }

  TEST_CASE("an error names the first target that is not allowed") {
    net::identity identity;
    identity.publish = {"a", "user:ann"};
    CHECK(may_publish(identity, addressed(target_kind::rooms, {"a"})).ok());
    const auto no = may_publish(identity, addressed(target_kind::rooms, {"a", "b", "c"}));
    REQUIRE_FALSE(no.ok());
    CHECK(no.error().code == errc::forbidden);
    CHECK(no.error().message.find("\"b\"") != std::string::npos);
  }

  TEST_CASE("a right to rooms is none to users, and the reverse") {
    net::identity identity;
    identity.publish = {"*"};
    CHECK(may_publish(identity, addressed(target_kind::rooms, {"anything"})).ok());
    CHECK_FALSE(may_publish(identity, addressed(target_kind::users, {"ann"})).ok());
    identity.publish = {"user:*"};
    CHECK(may_publish(identity, addressed(target_kind::users, {"ann", "bob"})).ok());
    CHECK_FALSE(may_publish(identity, addressed(target_kind::rooms, {"ann"})).ok());
    identity.publish = {"user:a*"};
    const auto no = may_publish(identity, addressed(target_kind::users, {"ann", "bob"}));
    REQUIRE_FALSE(no.ok());
    CHECK(no.error().message.find("\"bob\"") != std::string::npos);
  }

  TEST_CASE("a session is a target of its own kind") {
    net::identity identity;
    auto item = addressed(target_kind::client);
    item.client = session_id::make(1);
    CHECK_FALSE(may_publish(identity, item).ok());
    identity.publish = {"client:" + item.client.str()};
    CHECK(may_publish(identity, item).ok());
    item.client = session_id::make(1);
    CHECK_FALSE(may_publish(identity, item).ok());
  }

  TEST_CASE("publish:true is every room, user and session, but not all") {
    net::identity identity;
    identity.publish_all = true;
    CHECK(may_publish(identity, addressed(target_kind::rooms, {"a"})).ok());
    CHECK(may_publish(identity, addressed(target_kind::users, {"ann"})).ok());
    CHECK(may_publish(identity, addressed(target_kind::client)).ok());
    CHECK_FALSE(may_publish(identity, addressed(target_kind::all)).ok());
  }

  TEST_CASE("all needs admin, and admin is no right to anything else") {
    net::identity identity;
    identity.admin = true;
    CHECK(may_publish(identity, addressed(target_kind::all)).ok());
    CHECK_FALSE(may_publish(identity, addressed(target_kind::rooms, {"a"})).ok());
  }
}

}  // namespace starling::actors
