#include "cluster/nats/nats_session.hpp"

#include <doctest/doctest.h>

#include <future>
#include <stdexcept>

#include "cluster/foreign_messages.hpp"
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

std::shared_ptr<nats_session> open(const std::shared_ptr<nats_session::owner>& owner) {
  auto opened = nats_session::open({{test::shared_server().url()}, "test", {}, "inbox"}, owner);
  REQUIRE(opened.ok());
  REQUIRE((*opened)->subscribe("session.test"));
  (*opened)->flush(test::patience);
  return *opened;
}

/// Has a fault in every message until it hears "end".
struct clumsy final : nats_session::owner {
  void on_session_message(nats_session&, const nats_message& message) override {
    if (message.data() == "known") throw std::runtime_error("clumsy");
    if (message.data() == "unknown") throw 7;
    done.set_value();
  }
  void on_session_lost(nats_session&) override {}

  std::promise<void> done;
};

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

  TEST_CASE("a fault of the owner costs the message, which is counted, and the session goes on") {
    const auto owner = std::make_shared<clumsy>();
    const auto session = open(owner);
    const auto before = refused(refusal::fault);
    REQUIRE(session->publish("session.test", "known"));
    REQUIRE(session->publish("session.test", "unknown"));
    REQUIRE(session->publish("session.test", "end"));
    REQUIRE(owner->done.get_future().wait_for(test::patience) == std::future_status::ready);
    CHECK(refused(refusal::fault) == before + 2);
    CHECK_FALSE(session->lost());
  }
}

}  // namespace starling::cluster
