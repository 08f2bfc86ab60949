#include "cluster/nats/nats_session.hpp"

#include <doctest/doctest.h>

#include "tests/cluster/engines.hpp"

namespace starling::cluster {

namespace {

/// Counts what it is told.
struct counter final : nats_session::owner {
  void on_session_message(nats_session&, const nats_message&) override {
    const std::lock_guard hold(mutex);
    ++messages;
    changed.notify_all();
  }
  void on_session_lost(nats_session&) override { ++losses; }
  bool heard(int count) {
    std::unique_lock hold(mutex);
    return changed.wait_for(hold, test::patience, [&] { return messages == count; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  int messages = 0;
  std::atomic<int> losses{0};
};

std::shared_ptr<nats_session> open(const std::shared_ptr<counter>& owner) {
  auto opened = nats_session::open({{test::shared_server().url()}, "test", {}, "inbox"}, owner);
  REQUIRE(opened.ok());
  REQUIRE((*opened)->subscribe("session.test"));
  (*opened)->flush(test::patience);
  return *opened;
}

}  // namespace

TEST_SUITE("cluster/nats_session") {
  TEST_CASE("nothing is heard from a session that was lost, though its connection still lives") {
    const auto hears_lost = std::make_shared<counter>();
    const auto hears_other = std::make_shared<counter>();
    const auto lost = open(hears_lost);
    const auto other = open(hears_other);
    REQUIRE(other->publish("session.test", "before"));
    REQUIRE(hears_lost->heard(1));

    lost->lose("messages were dropped");
    REQUIRE(other->publish("session.test", "after"));
    other->flush(test::patience);
    lost->flush(test::patience);  // it has been received, and waits for the delivery thread
    // One thread delivers to all sessions, in order: this comes behind it.
    REQUIRE(other->publish("session.test", "end"));
    REQUIRE(hears_other->heard(3));
    CHECK(hears_lost->messages == 1);
    CHECK(hears_lost->losses == 1);
    CHECK(lost->loss_reason() == "messages were dropped");
  }
}

}  // namespace starling::cluster
