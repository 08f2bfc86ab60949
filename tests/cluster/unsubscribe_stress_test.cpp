#include <doctest/doctest.h>

#include <cstdlib>
#include <thread>

#include "cluster/nats/nats_session.hpp"
#include "tests/cluster/engines.hpp"

namespace starling::cluster {

namespace {

/// STARLING_STRESS_SECONDS=3600 makes an hour's worth of it.
std::chrono::seconds stress_time() {
  const char* const seconds = std::getenv("STARLING_STRESS_SECONDS");
  return std::chrono::seconds(seconds ? std::atoi(seconds) : 2);
}

struct listener final : nats_session::owner {
  void on_session_message(nats_session&, const nats_message&) override { ++messages; }
  void on_session_lost(nats_session&) override {}
  std::atomic<std::uint64_t> messages{0};
};

std::shared_ptr<nats_session> open(const std::shared_ptr<listener>& owner) {
  auto opened = nats_session::open({{test::shared_server().url()}, "stress", {}, "inbox"}, owner);
  REQUIRE(opened.ok());
  return *opened;
}

/// Publishes on `subjects` in turn, as fast as it goes, until it is destroyed. What is copied for
/// long leaves a wide window to whoever would free its subscription meanwhile.
class busy_publisher {
 public:
  busy_publisher(const std::shared_ptr<listener>& owner, std::vector<std::string> subjects)
      : session_(open(owner)), thread_([this, subjects = std::move(subjects)] {
          const std::string payload(64 * 1024, 'x');
          for (std::size_t i = 0; !stop_; ++i)
            if (!session_->publish(subjects[i % subjects.size()], payload)) return;
        }) {}
  ~busy_publisher() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::shared_ptr<nats_session> session_;
  std::thread thread_;
};

}  // namespace

TEST_SUITE("cluster/unsubscribe_stress") {
  TEST_CASE("channels that are busy are followed and unfollowed without end") {
    const auto hears = std::make_shared<listener>();
    const std::vector<std::string> subjects{"stress.a", "stress.b", "stress.c", "stress.d"};
    const busy_publisher publisher(std::make_shared<listener>(), subjects);
    const auto session = open(hears);
    const auto end = steady_clock::now() + stress_time();
    std::uint64_t rounds = 0;
    for (; steady_clock::now() < end && !session->lost(); ++rounds) {
      const auto& subject = subjects[rounds % subjects.size()];
      const auto before = hears->messages.load();
      REQUIRE(session->subscribe(subject));
      // It is busy when it goes.
      while (hears->messages == before && !session->lost() && steady_clock::now() < end)
        std::this_thread::yield();
      session->unsubscribe(subject);
    }
    CHECK_MESSAGE(!session->lost(), session->loss_reason());
    CHECK(rounds > 20);
    CHECK(hears->messages > 20);
  }

  TEST_CASE("an ended subscription is kept until an echo that was sent later has come back") {
    const auto session = open(std::make_shared<listener>());
    const auto subscription = [&] {
      natsSubscription* made = nullptr;
      REQUIRE(natsConnection_SubscribeSync(&made, session->connection(), "stress.kept") == NATS_OK);
      natsSubscription_Unsubscribe(made);
      return made;
    };
    retired_subscriptions retired;
    const auto echo = retired.add(subscription());
    REQUIRE(echo);
    CHECK_FALSE(retired.add(subscription()));  // its echo left before this one ended
    CHECK(retired.size() == 2);
    retired.echoed(*echo);
    CHECK(retired.size() == 1);
    const auto next = retired.add(subscription());
    REQUIRE(next);
    retired.echoed(*next);
    CHECK(retired.size() == 0);
  }

  TEST_CASE("sessions end while their channels are busy") {
    const std::vector<std::string> subjects{"stress.e", "stress.f"};
    const busy_publisher publisher(std::make_shared<listener>(), subjects);
    const auto end = steady_clock::now() + stress_time();
    int sessions = 0;
    for (; steady_clock::now() < end; ++sessions) {
      const auto hears = std::make_shared<listener>();
      const auto session = open(hears);
      for (const auto& subject : subjects) REQUIRE(session->subscribe(subject));
      while (hears->messages == 0 && !session->lost()) std::this_thread::yield();
      if (sessions % 2 == 0) session->close();
    }
    CHECK(sessions > 5);
  }
}

}  // namespace starling::cluster
