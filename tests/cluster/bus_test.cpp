#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "cluster/envelope.hpp"
#include "cluster/nats/nats_session.hpp"
#include "cluster/subjects.hpp"
#include "tests/cluster/engines.hpp"

using namespace starling;
using namespace starling::test;
using texts = std::vector<std::string>;

namespace {

/// One node of a cluster on the given server and stream.
struct node {
  node(const std::string& name, const cluster::nats_options& options)
      : engine(cluster::make_nats_engine(node_id(name), options)) {
    heard.name = name;
    engine->messages().start(heard);
  }
  ~node() { engine->messages().stop(); }

  cluster::bus& bus() { return engine->messages(); }

  recorder heard;
  std::unique_ptr<cluster::engine> engine;
};

cluster::nats_options options_for(const nats_server& server,
                                  const std::string& stream = "starling") {
  cluster::nats_options options;
  options.url = server.url();
  options.stream = stream;
  return options;
}

result<std::string> ask(node& from, const std::string& id, const std::string& question,
                        std::chrono::milliseconds deadline = 5s) {
  return wait_for<std::string>(
      [&](auto done) { from.bus().ask(node_id(id), question, deadline, std::move(done)); });
}

result<std::vector<cluster::node_reply>> ask_all(node& from, std::size_t expected,
                                                 std::chrono::milliseconds deadline) {
  return wait_for<std::vector<cluster::node_reply>>([&](auto done) {
    from.bus().ask_all("hello", expected, deadline,
                       [done](std::vector<cluster::node_reply> replies) { done(replies); });
  });
}

}  // namespace

TEST_SUITE_BEGIN("cluster/bus");

#define BOTH_ENGINES memory_engine_maker<>, nats_engine_maker<>

TEST_CASE_TEMPLATE("an ephemeral event reaches a follower and is not stored", Maker, BOTH_ENGINES) {
  running_engine<Maker> one;
  one.engine->messages().follow(shared(room("a")));
  REQUIRE(state(*one.engine).ok());
  REQUIRE(one.engine->messages().send_ephemeral(make_event(room("b"), "elsewhere")).ok());
  REQUIRE(one.engine->messages().send_ephemeral(make_event(room("a"), "typing")).ok());
  REQUIRE(one.heard.eventually([&] { return !one.heard.ephemeral.empty(); }));
  CHECK(one.heard.ephemeral.size() == 1);
  CHECK(one.heard.ephemeral.front().data == "typing");
  CHECK(one.heard.ephemeral.front().channel == room("a"));
  CHECK(state(*one.engine)->last == 0);
}

TEST_CASE_TEMPLATE("after unfollow nothing of the channel is delivered", Maker, BOTH_ENGINES) {
  running_engine<Maker> one;
  one.engine->messages().follow(shared(room("a")));
  one.engine->messages().follow(shared(room("a")));
  one.engine->messages().follow(shared(room("b")));
  REQUIRE(state(*one.engine).ok());
  REQUIRE(append(*one.engine, make_event(room("a"), "1")).ok());
  REQUIRE(one.heard.eventually([&] { return one.heard.stored.size() == 1; }));
  one.engine->messages().unfollow(room("a"));
  REQUIRE(state(*one.engine).ok());
  REQUIRE(append(*one.engine, make_event(room("a"), "2")).ok());
  REQUIRE(append(*one.engine, make_event(room("b"), "3")).ok());
  REQUIRE(one.heard.eventually([&] { return one.heard.stored.size() >= 2; }));
  CHECK(data_of(one.heard.stored_so_far()) == texts{"1", "3"});
}

TEST_CASE_TEMPLATE("a node hears its own announcement but not its own control message", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> one;
  one.engine->messages().follow(shared(room("a")));
  one.engine->messages().send_control(room("a"), "mine");
  one.engine->messages().announce("here I am");
  REQUIRE(one.heard.eventually([&] { return !one.heard.announcements.empty(); }));
  CHECK(one.heard.announcements.front() == "here I am");
  CHECK(one.heard.control.empty());
}

TEST_CASE_TEMPLATE("a question to a node that is not there is answered not_found", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> one;
  const auto answer = wait_for<std::string>(
      [&](auto done) { one.engine->messages().ask(node_id("nobody"), "?", 5s, std::move(done)); });
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == errc::not_found);
}

TEST_CASE_TEMPLATE("nothing is delivered after stop", Maker, BOTH_ENGINES) {
  running_engine<Maker> one;
  one.engine->messages().follow(shared(room("a")));
  REQUIRE(state(*one.engine).ok());
  std::atomic<int> ended{0};
  for (int i = 0; i < 1000; ++i)
    one.engine->history_of(acme).append(make_event(room("a"), std::to_string(i)),
                                        [&](const result<cluster::append_ack>&) { ++ended; });
  one.engine->messages().stop();
  CHECK(ended == 1000);
  const auto heard = one.heard.stored_so_far().size();
  std::this_thread::yield();
  CHECK(one.heard.stored_so_far().size() == heard);
}

TEST_CASE("a stored message that is no event is handed on with its place, and as nothing else") {
  running_engine<nats_engine_maker<>> one;
  const auto subject = cluster::subjects(latest_stream(), 1).stored(room("a"));
  one.engine->messages().follow(shared(room("a")));
  REQUIRE(state(*one.engine).ok());
  REQUIRE(append(*one.engine, make_event(room("a"), "1")).ok());
  const auto stranger =
      cluster::nats_session::open({{shared_server().url()}, "stranger", {}, "elsewhere"}, {});
  REQUIRE(stranger.ok());
  REQUIRE((*stranger)->publish(subject, "no event"));
  REQUIRE((*stranger)->publish(subject, cluster::encode(make_event(room("b"), "astray"))));
  (*stranger)->flush(patience);
  REQUIRE(append(*one.engine, make_event(room("a"), "2")).ok());
  REQUIRE(one.heard.eventually([&] { return one.heard.stored.size() == 4; }));
  const auto heard = one.heard.stored_so_far();
  for (std::size_t i = 0; i < heard.size(); ++i) {
    const bool bad = i == 1 || i == 2;
    CHECK(heard[i].unreadable == bad);
    CHECK(heard[i].event.channel == room("a"));
    CHECK(heard[i].event.data.empty() == bad);
    if (i > 0) CHECK(heard[i].previous == heard[i - 1].seq);
  }
}

TEST_CASE("two nodes hear each other's events and control messages") {
  const auto options = options_for(shared_server(), fresh_stream());
  node a("a", options), b("b", options);
  REQUIRE(a.heard.eventually_up());
  REQUIRE(b.heard.eventually_up());
  a.bus().follow(shared(room("x")));
  b.bus().follow(shared(room("x")));
  REQUIRE(state(*a.engine).ok());
  REQUIRE(state(*b.engine).ok());

  const auto ack = append(*a.engine, make_event(room("x"), "from a"));
  REQUIRE(ack.ok());
  REQUIRE(b.bus().send_ephemeral(make_event(room("x"), "typing")).ok());
  a.bus().send_control(room("x"), "a says");
  b.bus().send_control(room("x"), "b says");
  for (auto* each : {&a, &b}) {
    REQUIRE(each->heard.eventually([&] {
      return each->heard.stored.size() == 1 && each->heard.ephemeral.size() == 1 &&
             !each->heard.control.empty();
    }));
    CHECK(each->heard.stored.front().seq == ack->seq);
  }
  CHECK(a.heard.control.front().second == "b says");
  CHECK(b.heard.control.front().second == "a says");
  CHECK(b.heard.control.front().first == room("x"));
  CHECK(state(*a.engine)->epoch == state(*b.engine)->epoch);
}

TEST_CASE("a question is answered by the node it is put to") {
  const auto options = options_for(shared_server(), fresh_stream());
  node a("a.1", options), b("b.2", options);
  REQUIRE(a.heard.eventually_up());
  REQUIRE(b.heard.eventually_up());
  const auto answer = ask(a, "b.2", "who?");
  REQUIRE(answer.ok());
  CHECK(*answer == "b.2 heard who?");
  b.heard.silent = true;
  const auto late = ask(a, "b.2", "and now?", 100ms);
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == errc::timeout);
}

TEST_CASE("a question to all names who answered, and waits for the missing only so long") {
  const auto options = options_for(shared_server(), fresh_stream());
  node a("a", options), b("b", options), c("c", options);
  for (auto* each : {&a, &b, &c}) REQUIRE(each->heard.eventually_up());

  const auto all = ask_all(a, 2, 30s);
  REQUIRE(all.ok());
  std::set<std::string> nodes;
  for (const auto& reply : *all) {
    nodes.insert(reply.from.str());
    CHECK(reply.payload == reply.from.str() + " heard hello");
  }
  CHECK(nodes == std::set<std::string>{"b", "c"});

  const auto with_one_missing = ask_all(a, 3, 200ms);
  REQUIRE(with_one_missing.ok());
  CHECK(with_one_missing->size() == 2);
  CHECK(ask_all(a, 0, 30s)->empty());
}

TEST_CASE("a node outlives its server, and everything stored before is still there") {
  nats_server server;
  node a("a", options_for(server));
  REQUIRE(a.heard.eventually_up());
  a.bus().follow(shared(room("x")));
  const auto before = state(*a.engine);
  REQUIRE(before.ok());
  for (int i = 0; i < 100; ++i)
    REQUIRE(append(*a.engine, make_event(room("x"), std::to_string(i))).ok());

  server.kill();
  REQUIRE(a.heard.eventually([&] { return !a.heard.up; }));
  CHECK_FALSE(a.bus().connected());
  const auto refused = append_as("retry", *a.engine, make_event(room("x"), "lost"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == errc::unavailable);
  CHECK(a.bus().send_ephemeral(make_event(room("x"), "lost")).error().code == errc::unavailable);
  CHECK(state(*a.engine).error().code == errc::unavailable);
  CHECK(read(*a.engine, room("x"), 0, 100, 10).error().code == errc::unavailable);
  CHECK(last(*a.engine, room("x")).error().code == errc::unavailable);
  CHECK(ask(a, "b", "?").error().code == errc::unavailable);
  // Followed while the engine is away: heard when it is back.
  a.bus().follow(shared(room("y")));

  server.restart();
  REQUIRE(a.heard.eventually_up());
  CHECK(a.heard.ups == 2);
  CHECK(a.heard.downs == 1);
  const auto after = state(*a.engine);
  REQUIRE(after.ok());
  CHECK(after->epoch == before->epoch);
  CHECK(after->last == 100);
  CHECK(read(*a.engine, room("x"), 0, after->last, 1000)->events.size() == 100);

  const auto ack = append_as("retry", *a.engine, make_event(room("x"), "again"));
  REQUIRE(ack.ok());
  CHECK(ack->seq == 101);
  CHECK_FALSE(ack->duplicate);
  REQUIRE(append(*a.engine, make_event(room("y"), "y")).ok());
  REQUIRE(a.heard.eventually([&] { return a.heard.stored.size() == 102; }));
  CHECK(a.heard.stored.back().event.channel == room("y"));
}

TEST_CASE("appends under way when the server dies all end, and retries store each event once") {
  nats_server server;
  node a("a", options_for(server));
  REQUIRE(a.heard.eventually_up());
  constexpr int events = 3000;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<int> failed;
  int ended = 0;
  const auto publish = [&](int i) {
    auto sent = make_event(room("r" + std::to_string(i % 10)), std::to_string(i));
    sent.id = sent.data;
    a.engine->history_of(acme).append(std::move(sent),
                                      [&, i](const result<cluster::append_ack>& ack) {
                                        const std::lock_guard hold(mutex);
                                        if (!ack.ok()) failed.insert(i);
                                        ++ended;
                                        changed.notify_all();
                                      });
  };
  const auto all_ended = [&](int n) {
    std::unique_lock hold(mutex);
    return changed.wait_for(hold, patience, [&] { return ended == n; });
  };
  for (int i = 0; i < events; ++i) {
    publish(i);
    if (i == events / 2) server.kill();
  }
  REQUIRE(all_ended(events));
  CHECK(!failed.empty());
  server.restart();
  REQUIRE(a.heard.eventually_up());
  const auto retries = std::exchange(failed, {});
  ended = 0;
  for (const int i : retries) publish(i);
  REQUIRE(all_ended(static_cast<int>(retries.size())));
  CHECK(failed.empty());

  const auto last = state(*a.engine)->last;
  std::vector<std::string> stored, wanted;
  for (int r = 0; r < 10; ++r) {
    const auto page = read(*a.engine, room("r" + std::to_string(r)), 0, last, events);
    REQUIRE(page.ok());
    for (const auto& one : page->events) stored.push_back(one.event.data);
  }
  for (int i = 0; i < events; ++i) wanted.push_back(std::to_string(i));
  std::sort(stored.begin(), stored.end());
  std::sort(wanted.begin(), wanted.end());
  CHECK(stored == wanted);
}

TEST_CASE("a node that starts before its server comes up with it") {
  nats_server server(false);
  node a("a", options_for(server));
  a.bus().follow(shared(room("x")));
  CHECK_FALSE(a.bus().connected());
  CHECK(append(*a.engine, make_event(room("x"), "1")).error().code == errc::unavailable);
  server.restart();
  REQUIRE(a.heard.eventually_up());
  CHECK(a.heard.downs == 0);
  REQUIRE(append(*a.engine, make_event(room("x"), "1")).ok());
  CHECK(a.heard.eventually([&] { return a.heard.stored.size() == 1; }));
}

TEST_CASE("a node that never found its server stops quickly") {
  nats_server server(false);
  const auto start = std::chrono::steady_clock::now();
  { node a("a", options_for(server)); }
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("a store that lost its data is another epoch") {
  nats_server server;
  node a("a", options_for(server));
  REQUIRE(a.heard.eventually_up());
  const auto before = append(*a.engine, make_event(room("x"), "1"));
  REQUIRE(before.ok());
  server.kill();
  server.wipe();
  REQUIRE(a.heard.eventually([&] { return !a.heard.up; }));
  server.restart();
  REQUIRE(a.heard.eventually_up());
  const auto now = state(*a.engine);
  REQUIRE(now.ok());
  CHECK(now->epoch != before->epoch);
  CHECK(now->last == 0);
  CHECK(append(*a.engine, make_event(room("x"), "2"))->epoch == now->epoch);
}

TEST_CASE("a stream that is deleted under running nodes is made anew, with another epoch") {
  const auto stream = fresh_stream();
  const auto options = options_for(shared_server(), stream);
  node a("a", options), b("b", options);
  REQUIRE(a.heard.eventually_up());
  REQUIRE(b.heard.eventually_up());
  const auto before = append(*a.engine, make_event(room("x"), "1"));
  REQUIRE(before.ok());
  delete_stream(shared_server(), stream);
  for (auto* each : {&a, &b}) {
    REQUIRE(each->heard.eventually([&] { return each->heard.ups == 2 && each->heard.up; }));
    const auto now = state(*each->engine);
    REQUIRE(now.ok());
    CHECK(now->epoch != before->epoch);
  }
  const auto after = append(*a.engine, make_event(room("x"), "2"));
  REQUIRE_MESSAGE(after.ok(), after.error().message);
  CHECK(after->epoch == state(*b.engine)->epoch);
  CHECK(after->seq == 1);
}

TEST_CASE("changed limits are taken over by the stream that exists") {
  auto options = options_for(shared_server(), fresh_stream());
  {
    node a("a", options);
    REQUIRE(a.heard.eventually_up());
    for (int i = 0; i < 5; ++i)
      REQUIRE(append(*a.engine, make_event(room("x"), std::to_string(i))).ok());
  }
  options.limits.max_events_per_channel = 2;
  options.limits.max_age = 60s;
  node a("a", options);
  REQUIRE(a.heard.eventually_up());
  REQUIRE(append(*a.engine, make_event(room("x"), "5")).ok());
  CHECK(data_of(read(*a.engine, room("x"), 0, 6, 10)->events) == texts{"4", "5"});
}

TEST_SUITE_END();
