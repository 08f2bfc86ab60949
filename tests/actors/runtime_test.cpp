#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <future>
#include <stdexcept>
#include <thread>

#include "actors/runtime/census.hpp"
#include "actors/runtime/delayed.hpp"
#include "actors/runtime/io_scheduler.hpp"
#include "actors/runtime/spawn.hpp"
#include "net/base/planned_faults.hpp"

namespace starling::actors::test {

namespace {

/// Does something on the actor's thread.
struct act {
  std::function<void()> task;
};

class doer final : public inbox<act> {
 public:
  doer(caf::actor_config& cfg, std::function<void()> at_end)
      : inbox(cfg), at_end_(std::move(at_end)) {}
  std::string_view name() const noexcept override { return "doer"; }
  fault_policy policy() const noexcept override { return fault_policy::end_actor; }
  void on(act& todo) override { todo.task(); }
  /// As a colleague would, on its thread.
  void call(const std::function<void()>& task) {
    guarded("call", [&] { task(); });
  }

 protected:
  void on_exit() override {
    if (at_end_) at_end_();
  }

 private:
  std::function<void()> at_end_;
};

struct running_system {
  explicit running_system(std::size_t count = 1) {
    std::vector<net::io_loop*> all;
    for (unsigned i = 0; i < count; ++i) {
      loops.push_back(std::make_unique<net::io_loop>(i));
      loops.back()->start();
      all.push_back(loops.back().get());
    }
    io_scheduler::load(cfg, all);
    system = std::make_unique<caf::actor_system>(cfg);
  }
  ~running_system() {
    system.reset();
    for (auto& loop : loops) {
      loop->stop();
      loop->join();
    }
  }

  handle<doer> spawn(std::size_t shard = 0, std::function<void()> at_end = {}) {
    return actors::spawn<doer, doer>(*system, &shards_of(*system).at(shard), std::move(at_end));
  }
  static void tell(const handle<doer>& to, std::function<void()> task) {
    to.send(act{std::move(task)});
  }
  /// Waits until `to` has handled everything it was sent before.
  static void settle(const handle<doer>& to) {
    std::promise<void> done;
    tell(to, [&] { done.set_value(); });
    done.get_future().wait();
  }
  void on_loop(std::size_t index, std::function<void()> task) {
    std::promise<void> done;
    boost::asio::post(loops[index]->context(), [&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::vector<std::unique_ptr<net::io_loop>> loops;
  caf::actor_system_config cfg;
  std::unique_ptr<caf::actor_system> system;
};

}  // namespace

// Sending what an actor does not take does not compile.
static_assert(takes<doer, act>);
static_assert(!takes<doer, std::string>);
// Nor does a handle on an actor of which nothing is known.
static_assert(!std::is_constructible_v<handle<doer>, caf::strong_actor_ptr>);

TEST_SUITE("actors/runtime") {
  TEST_CASE("a planned fault comes at its turn, once, and ends the actor") {
    running_system s;
    auto plan = planned_faults::parse({"doer.act@3"});
    REQUIRE(plan);
    faults_to_come = plan->get();
    int done = 0;
    std::atomic<int> ends{0};
    const auto first = s.spawn(0, [&] { ++ends; });
    const auto second = s.spawn();
    for (int i = 0; i < 2; ++i) s.tell(first, [&] { ++done; });
    s.tell(first, [&] { ++done; });
    s.settle(second);
    faults_to_come = nullptr;
    CHECK(done == 2);
    CHECK(ends == 1);
    for (const auto* bad :
         {"doer", "doer.act", "doer.act@", "doer.act@0", ".act@1", "doer.@1", "a.b@1x"})
      CHECK_FALSE(planned_faults::parse({bad}));
  }

  TEST_CASE("a call has planned faults as a message has, and an actor that ended takes none") {
    running_system s;
    auto plan = planned_faults::parse({"doer.call@2"});
    REQUIRE(plan);
    faults_to_come = plan->get();
    int done = 0;
    std::atomic<int> ends{0};
    const auto actor = s.spawn(0, [&] { ++ends; });
    s.on_loop(0, [&] {
      for (int i = 0; i < 4; ++i) actor.get()->call([&] { ++done; });
    });
    faults_to_come = nullptr;
    CHECK(done == 1);
    CHECK(ends == 1);
  }

  TEST_CASE("messages to the actors of a shard are handled in one order, on its thread") {
    running_system s;
    const auto first = s.spawn();
    const auto second = s.spawn();
    std::vector<int> order;
    bool at_home = true;
    for (int i = 0; i < 2000; ++i)
      s.tell(i % 3 ? first : second, [&, i] {
        order.push_back(i);
        at_home = at_home && s.loops[0]->on_thread();
      });
    s.settle(first);
    REQUIRE(order.size() == 2000);
    CHECK(std::is_sorted(order.begin(), order.end()));
    CHECK(at_home);
  }

  TEST_CASE("what an actor sends on its own shard keeps the order in which it was sent") {
    running_system s;
    const auto first = s.spawn();
    const auto second = s.spawn();
    std::vector<int> order;
    std::promise<void> done;
    s.tell(first, [&] {
      for (int i = 0; i < 1000; ++i) s.tell(i % 2 ? first : second, [&, i] { order.push_back(i); });
      s.tell(first, [&] { done.set_value(); });
    });
    done.get_future().wait();
    REQUIRE(order.size() == 1000);
    CHECK(std::is_sorted(order.begin(), order.end()));
  }

  TEST_CASE("what was to be sent later is dropped at the end, and holds up nothing") {
    running_system s;
    const auto actor = s.spawn();
    bool sent = false;
    s.on_loop(0, [&] {
      send_after(&shards_of(*s.system).at(0), std::chrono::hours(1), actor,
                 act{[&] { sent = true; }});
    });
    CHECK(actor.get()->ctrl()->strong_refs > 1);
    shards_of(*s.system).settle();
    s.settle(actor);
    s.on_loop(0, [] {});  // what brought the last message has let go of the actor
    CHECK(actor.get()->ctrl()->strong_refs == 1);
    CHECK_FALSE(sent);
  }

  TEST_CASE("settling waits for everything that follows from what was sent") {
    running_system s(2);
    const auto left = s.spawn(0);
    const auto right = s.spawn(1);
    int bounces = 0;
    std::function<void()> bounce = [&] {
      if (++bounces < 20'000) s.tell(bounces % 3 ? right : left, bounce);
    };
    s.tell(left, bounce);
    shards_of(*s.system).settle();
    CHECK(bounces == 20'000);
  }

  TEST_CASE("messages from several threads all arrive, each thread's in its order") {
    running_system s;
    const auto actor = s.spawn();
    std::array<std::vector<int>, 4> seen;
    {
      std::vector<std::jthread> threads;
      for (auto& mine : seen)
        threads.emplace_back([&s, &actor, &mine] {
          for (int i = 0; i < 5000; ++i) s.tell(actor, [&mine, i] { mine.push_back(i); });
        });
    }
    s.settle(actor);
    for (const auto& mine : seen) {
      REQUIRE(mine.size() == 5000);
      CHECK(std::is_sorted(mine.begin(), mine.end()));
    }
  }

  TEST_CASE("two shards that send to each other do not lose a message") {
    running_system s(2);
    const auto left = s.spawn(0);
    const auto right = s.spawn(1);
    std::promise<void> done;
    int bounces = 0;
    std::function<void()> bounce = [&] {
      if (++bounces == 20'000) return done.set_value();
      s.tell(bounces % 2 ? right : left, bounce);
    };
    s.tell(left, bounce);
    done.get_future().wait();
    CHECK(bounces == 20'000);
  }

  TEST_CASE("an exception ends its actor only, which says so, and drops what it is sent") {
    running_system s;
    int ends = 0;
    int late = 0;
    const auto faulty = s.spawn(0, [&] { ++ends; });
    const auto other = s.spawn();
    s.tell(faulty, [] { throw std::runtime_error("a fault"); });
    s.tell(faulty, [&] { ++late; });
    s.settle(other);
    CHECK(ends == 1);
    CHECK(late == 0);
  }

  TEST_CASE("an exit message ends an actor after what it was sent before") {
    running_system s;
    std::vector<std::string> order;
    const auto actor = s.spawn(0, [&] { order.emplace_back("end"); });
    const auto other = s.spawn();
    s.tell(actor, [&] { order.emplace_back("work"); });
    actor.stop();
    s.tell(actor, [&] { order.emplace_back("late"); });
    s.settle(other);
    CHECK(order == std::vector<std::string>{"work", "end"});
  }

  TEST_CASE("actors count from their beginning to their end, whatever ends them") {
    running_system s;
    const auto before = living_actors();
    const auto other = s.spawn();
    const auto stopped = s.spawn();
    const auto faulty = s.spawn();
    CHECK(living_actors() == before + 3);
    stopped.stop();
    s.tell(faulty, [] { throw std::runtime_error("a fault"); });
    s.settle(other);
    CHECK(living_actors() == before + 1);
    {
      const auto dropped = s.spawn();
      CHECK(living_actors() == before + 2);
    }
    CHECK(living_actors() == before + 1);
  }

  TEST_CASE("an actor that always has work lets sockets and timers have their turn") {
    running_system s;
    const auto busy = s.spawn();
    std::atomic<bool> stop{false};
    std::function<void()> work = [&] {
      if (!stop) s.tell(busy, work);
    };
    s.tell(busy, work);
    for (int i = 0; i < 100; ++i) s.on_loop(0, [] {});  // would wait for ever
    stop = true;
    s.settle(busy);
  }

  TEST_CASE("a message to be sent later is sent later") {
    running_system s;
    const auto actor = s.spawn();
    std::promise<steady_time> arrived;
    const auto before = steady_clock::now();
    s.on_loop(0, [&] {
      send_after(&shards_of(*s.system).at(0), std::chrono::milliseconds(20), actor,
                 act{[&] { arrived.set_value(steady_clock::now()); }});
    });
    CHECK(arrived.get_future().get() - before >= std::chrono::milliseconds(20));
  }

  TEST_CASE("plain actors of CAF run on the shards") {
    running_system s(2);
    std::promise<bool> at_home;
    const auto plain = s.system->spawn([&](caf::event_based_actor*) -> caf::behavior {
      return {[&](int) { at_home.set_value(s.loops[0]->on_thread() || s.loops[1]->on_thread()); }};
    });
    caf::anon_send(plain, 1);
    CHECK(at_home.get_future().get());
  }
}

}  // namespace starling::actors::test
