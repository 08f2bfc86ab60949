/// One suite for both engines: what holds in one process must hold in a cluster.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <thread>

#include "tests/cluster/engines.hpp"

using namespace starling;
using namespace starling::test;
using texts = std::vector<std::string>;

TEST_SUITE_BEGIN("cluster/event_log");

#define BOTH_ENGINES memory_engine_maker<>, nats_engine_maker<>, nats_engine_maker<3>

TEST_CASE_TEMPLATE("an appended event comes back whole to a node that follows its channel", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> node;
  node.engine->messages().follow(shared(room("a")));
  REQUIRE(state(*node.engine).ok());

  auto event = make_event(room("a"), R"({"text":"hi"})");
  event.exclude = {session_id::make(7)};
  event.earlier_targets = {"room b"};
  const auto ack = append(*node.engine, event);
  REQUIRE(ack.ok());
  CHECK_FALSE(ack->duplicate);
  CHECK(ack->epoch == state(*node.engine)->epoch);

  REQUIRE(node.heard.eventually([&] { return node.heard.stored.size() == 1; }));
  const auto stored = node.heard.stored_so_far().front();
  CHECK(stored.seq == ack->seq);
  CHECK(stored.previous == 0);
  CHECK(stored.event.channel == event.channel);
  CHECK(stored.event.id == event.id);
  CHECK(stored.event.name == event.name);
  CHECK(stored.event.data == event.data);
  CHECK(stored.event.accepted_ns == event.accepted_ns);
  CHECK(stored.event.sender == event.sender);
  CHECK(stored.event.exclude == event.exclude);
  CHECK(stored.event.earlier_targets == event.earlier_targets);
}

TEST_CASE_TEMPLATE("events of all channels arrive in one order, each naming the one before it",
                   Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  constexpr int rooms = 5, events = 500;
  for (int i = 0; i < rooms; ++i)
    node.engine->messages().follow(shared(room("r" + std::to_string(i))));
  REQUIRE(state(*node.engine).ok());

  std::atomic<int> acked{0};
  for (int i = 0; i < events; ++i)
    node.engine->history_of(acme).append(
        make_event(room("r" + std::to_string(i % rooms)), std::to_string(i)),
        [&](const result<cluster::append_ack>& ack) { acked += ack.ok() ? 1 : 0; });
  REQUIRE(node.heard.eventually([&] { return node.heard.stored.size() == events; }));

  const auto stored = node.heard.stored_so_far();
  const auto seqs = sequences_of(stored);
  CHECK(std::is_sorted(seqs.begin(), seqs.end()));
  std::map<std::string, sequence> last;
  bool chained = true;
  for (const auto& one : stored) {
    auto& before = last[one.event.channel.name];
    chained = chained && one.previous == before;
    before = one.seq;
  }
  CHECK(chained);
  const auto pause = std::chrono::steady_clock::now() + patience;
  while (acked != events && std::chrono::steady_clock::now() < pause) std::this_thread::yield();
  CHECK(acked == events);
}

TEST_CASE_TEMPLATE("the same key on the same channel is stored once", Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  const auto first = append_as("key", *node.engine, make_event(room("a"), "1"));
  const auto again = append_as("key", *node.engine, make_event(room("a"), "1"));
  const auto elsewhere = append_as("key", *node.engine, make_event(room("b"), "1"));
  const auto odd_key = append_as("kéy with: spaces", *node.engine, make_event(room("a"), "2"));
  REQUIRE(first.ok());
  REQUIRE(again.ok());
  REQUIRE(elsewhere.ok());
  REQUIRE(odd_key.ok());
  CHECK(again->seq == first->seq);
  CHECK(again->duplicate);
  CHECK_FALSE(elsewhere->duplicate);
  CHECK(elsewhere->seq > first->seq);
  CHECK_FALSE(odd_key->duplicate);
  CHECK(read(*node.engine, room("a"), 0, odd_key->seq, 10)->events.size() == 2);
}

TEST_CASE_TEMPLATE("a key is forgotten after its window", Maker, BOTH_ENGINES) {
  running_engine<Maker> node({.dedupe_window = 1s});
  const auto first = append_as("key", *node.engine, make_event(room("a"), "1"));
  REQUIRE(first.ok());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool forgotten = false;
  while (!forgotten && std::chrono::steady_clock::now() < deadline) {
    const auto again = append_as("key", *node.engine, make_event(room("a"), "1"));
    REQUIRE(again.ok());
    forgotten = !again->duplicate;
  }
  CHECK(forgotten);
}

TEST_CASE_TEMPLATE("reading gives exactly the events asked for, page by page", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> node;
  std::vector<sequence> seqs;
  for (int i = 0; i < 10; ++i) {
    seqs.push_back(append(*node.engine, make_event(room("a"), std::to_string(i)))->seq);
    REQUIRE(append(*node.engine, make_event(room("b"), "other")).ok());
  }
  SUBCASE("everything") {
    const auto page = read(*node.engine, room("a"), 0, seqs.back(), 100);
    REQUIRE(page.ok());
    CHECK(sequences_of(page->events) == seqs);
    CHECK_FALSE(page->more);
    CHECK(page->oldest == seqs.front());
    CHECK_FALSE(page->dropped);
    CHECK(page->events.front().previous == 0);
    CHECK(page->events[5].previous == seqs[4]);
  }
  SUBCASE("from the middle, beyond the end") {
    const auto page = read(*node.engine, room("a"), seqs[6], seqs.back() + 1000, 100);
    REQUIRE(page.ok());
    CHECK(data_of(page->events) == texts{"7", "8", "9"});
    CHECK(page->oldest == seqs.front());
    CHECK_FALSE(page->dropped);
  }
  SUBCASE("a closed range") {
    const auto page = read(*node.engine, room("a"), seqs[1], seqs[3], 100);
    REQUIRE(page.ok());
    CHECK(data_of(page->events) == texts{"2", "3"});
    CHECK_FALSE(page->more);
  }
  SUBCASE("cut by the limit, then the rest") {
    const auto page = read(*node.engine, room("a"), 0, seqs.back(), 4);
    REQUIRE(page.ok());
    CHECK(data_of(page->events) == texts{"0", "1", "2", "3"});
    CHECK(page->more);
    const auto rest = read(*node.engine, room("a"), page->events.back().seq, seqs.back(), 100);
    REQUIRE(rest.ok());
    CHECK(data_of(rest->events) == texts{"4", "5", "6", "7", "8", "9"});
    CHECK_FALSE(rest->more);
  }
  SUBCASE("nothing new") {
    const auto page = read(*node.engine, room("a"), seqs.back(), seqs.back() + 5, 100);
    REQUIRE(page.ok());
    CHECK(page->events.empty());
    CHECK(page->oldest == 0);
    CHECK_FALSE(page->dropped);
  }
  SUBCASE("a channel that holds nothing") {
    const auto page = read(*node.engine, room("never"), seqs[2], seqs.back(), 100);
    REQUIRE(page.ok());
    CHECK(page->events.empty());
    CHECK(page->oldest == 0);
    CHECK_FALSE(page->dropped);
  }
  SUBCASE("a channel that is younger than the position") {
    const auto born = append(*node.engine, make_event(room("young"), "y"))->seq;
    const auto page = read(*node.engine, room("young"), seqs[2], born, 100);
    REQUIRE(page.ok());
    CHECK(data_of(page->events) == texts{"y"});
    CHECK(page->oldest == born);
    CHECK_FALSE(page->dropped);
  }
}

TEST_CASE_TEMPLATE("a long history is read whole, in one page or in many", Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  constexpr int events = 900;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<sequence> seqs;
  for (int i = 0; i < 2 * events; ++i)
    node.engine->history_of(acme).append(make_event(room(i % 2 ? "a" : "b"), std::to_string(i)),
                                         [&, i](const result<cluster::append_ack>& ack) {
                                           const std::lock_guard hold(mutex);
                                           if (i % 2) seqs.push_back(ack.ok() ? ack->seq : 0);
                                           changed.notify_all();
                                         });
  {
    std::unique_lock hold(mutex);
    REQUIRE(changed.wait_for(hold, patience, [&] { return seqs.size() == events; }));
  }
  const auto last = state(*node.engine)->last;
  SUBCASE("one page") {
    const auto page = read(*node.engine, room("a"), 0, last, 100000);
    REQUIRE(page.ok());
    CHECK(sequences_of(page->events) == seqs);
    CHECK_FALSE(page->more);
    CHECK(page->events[500].previous == seqs[499]);
  }
  SUBCASE("up to an event in the middle") {
    const auto page = read(*node.engine, room("a"), seqs[9], seqs[600], 100000);
    REQUIRE(page.ok());
    CHECK(sequences_of(page->events) ==
          std::vector<sequence>(seqs.begin() + 10, seqs.begin() + 601));
    CHECK_FALSE(page->more);
  }
  SUBCASE("many pages") {
    std::vector<sequence> read_so_far;
    for (bool more = true; more;) {
      const auto after = read_so_far.empty() ? 0 : read_so_far.back();
      const auto page = read(*node.engine, room("a"), after, last, 350);
      REQUIRE(page.ok());
      REQUIRE(page->events.size() <= 350);
      for (const auto seq : sequences_of(page->events)) read_so_far.push_back(seq);
      more = page->more;
    }
    CHECK(read_so_far == seqs);
  }
}

TEST_CASE_TEMPLATE("a channel keeps its newest events only, and says what a reader missed", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> node({.max_events_per_channel = 3});
  std::vector<sequence> seqs;
  REQUIRE(append(*node.engine, make_event(room("quiet"), "q")).ok());
  for (int i = 0; i < 5; ++i)
    seqs.push_back(append(*node.engine, make_event(room("a"), std::to_string(i)))->seq);

  const auto all = read(*node.engine, room("a"), 0, seqs.back(), 100);
  REQUIRE(all.ok());
  CHECK(data_of(all->events) == texts{"2", "3", "4"});
  CHECK(all->oldest == seqs[2]);

  for (const sequence after : {sequence{0}, seqs[0], seqs[2]}) {
    const auto part = read(*node.engine, room("a"), after, seqs.back(), 1);
    REQUIRE(part.ok());
    CHECK(part->more);
    if (after < seqs[2]) CHECK(part->full);
  }
  REQUIRE(append(*node.engine, make_event(room("quiet"), "q")).ok());
  const auto room_left = read(*node.engine, room("quiet"), 0, ~sequence{0}, 1);
  REQUIRE(room_left.ok());
  CHECK(room_left->more);
  CHECK_FALSE(room_left->full);

  const auto late = read(*node.engine, room("a"), seqs[0], seqs.back(), 100);
  REQUIRE(late.ok());
  CHECK(data_of(late->events) == texts{"2", "3", "4"});
  CHECK(late->dropped);

  const auto in_time = read(*node.engine, room("a"), seqs[2], seqs.back(), 100);
  REQUIRE(in_time.ok());
  CHECK_FALSE(in_time->dropped);
  CHECK_FALSE(read(*node.engine, room("quiet"), seqs[0], seqs.back(), 100)->dropped);
}

TEST_CASE_TEMPLATE("events beyond the age limit are gone, and the store says so", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> node({.max_age = 1s});
  const auto old = append(*node.engine, make_event(room("a"), "old"));
  REQUIRE(old.ok());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (state(*node.engine)->first <= old->seq && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  const auto fresh = append(*node.engine, make_event(room("b"), "new"));
  REQUIRE(fresh.ok());

  const auto now = state(*node.engine);
  REQUIRE(now.ok());
  CHECK(now->first == fresh->seq);
  CHECK(now->last == fresh->seq);
  const auto page = read(*node.engine, room("a"), 0, fresh->seq, 100);
  REQUIRE(page.ok());
  CHECK(page->events.empty());
  CHECK(page->oldest == 0);
}

TEST_CASE_TEMPLATE("who may have missed what grew too old is told, though nothing later is there",
                   Maker, BOTH_ENGINES) {
  running_engine<Maker> node({.max_age = 1s});
  const auto seen = append(*node.engine, make_event(room("a"), "1"));
  const auto missed = append(*node.engine, make_event(room("a"), "2"));
  REQUIRE(missed.ok());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (state(*node.engine)->first <= missed->seq && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  const auto last = append(*node.engine, make_event(room("b"), "new"))->seq;
  const auto page = read(*node.engine, room("a"), seen->seq, last, 100);
  REQUIRE(page.ok());
  CHECK(page->events.empty());
  CHECK(page->dropped);
  CHECK_FALSE(read(*node.engine, room("a"), missed->seq, last, 100)->dropped);
}

TEST_CASE_TEMPLATE("an empty store has first after last", Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  const auto empty = state(*node.engine);
  REQUIRE(empty.ok());
  CHECK(empty->first > empty->last);
  CHECK(empty->epoch != 0);
  const auto ack = append(*node.engine, make_event(room("a"), "1"));
  const auto one = state(*node.engine);
  CHECK(one->first == ack->seq);
  CHECK(one->last == ack->seq);
  CHECK(one->epoch == empty->epoch);
}

TEST_CASE_TEMPLATE("after state, a followed channel misses nothing later than its last", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> node;
  constexpr int rounds = 50;
  // Somebody else publishes all the time, so that follows and events race.
  std::atomic<bool> running{true};
  bool all_stored = true;
  std::thread publisher([&] {
    for (int i = 0; running; ++i)
      all_stored = append(*node.engine,
                          make_event(room("r" + std::to_string(i % rounds)), std::to_string(i)))
                       .ok() &&
                   all_stored;
  });
  std::map<std::string, sequence> followed_from;
  for (int i = 0; i < rounds; ++i) {
    const auto name = "r" + std::to_string(i);
    node.engine->messages().follow(shared(room(name)));
    const auto now = state(*node.engine);
    REQUIRE(now.ok());
    followed_from[name] = now->last;
  }
  // Until every room has had events after it was followed.
  const auto enough = followed_from["r" + std::to_string(rounds - 1)] + 2 * rounds;
  while (state(*node.engine)->last < enough) std::this_thread::yield();
  running = false;
  publisher.join();
  CHECK(all_stored);
  const auto end = state(*node.engine)->last;

  std::map<std::string, std::vector<sequence>> expected;
  std::size_t total = 0;
  for (const auto& [name, from] : followed_from) {
    expected[name] = sequences_of(read(*node.engine, room(name), from, end, 100000)->events);
    total += expected[name].size();
  }
  const auto later = [&] {
    std::map<std::string, std::vector<sequence>> out;
    for (const auto& one : node.heard.stored)
      if (one.seq > followed_from[one.event.channel.name])
        out[one.event.channel.name].push_back(one.seq);
    return out;
  };
  CHECK(total > 0);
  CHECK(node.heard.eventually([&] {
    const auto heard = later();
    return std::accumulate(heard.begin(), heard.end(), std::size_t{0},
                           [](auto sum, const auto& each) { return sum + each.second.size(); }) >=
           total;
  }));
  const std::lock_guard hold(node.heard.mutex);
  const auto heard = later();
  for (const auto& [name, seqs] : expected)
    if (!seqs.empty()) CHECK(heard.at(name) == seqs);
}

TEST_CASE_TEMPLATE("states asked for at once are all answered", Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  constexpr int questions = 200;
  std::mutex mutex;
  std::condition_variable changed;
  int answered = 0;
  for (int i = 0; i < questions; ++i) {
    node.engine->messages().follow(shared(room("r" + std::to_string(i))));
    node.engine->history_of(acme).state([&](const result<cluster::log_state>& now) {
      const std::lock_guard hold(mutex);
      answered += now.ok() ? 1 : 0;
      changed.notify_all();
    });
  }
  std::unique_lock hold(mutex);
  CHECK(changed.wait_for(hold, patience, [&] { return answered == questions; }));
}

TEST_CASE_TEMPLATE("names with dots, stars, spaces and quotes are channels of their own", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> node;
  const std::vector<std::string> names{
      "a.b", "a", "*", ">", "a b", "http://x/{\"seq\":9}", "é=2E", std::string("\xff\x01", 2)};
  for (const auto& name : names) node.engine->messages().follow(shared(room(name)));
  REQUIRE(state(*node.engine).ok());
  // Names are any bytes; what an event says is text.
  const auto said_in = [&](const std::string& name) {
    return std::to_string(std::find(names.begin(), names.end(), name) - names.begin());
  };
  for (const auto& name : names)
    REQUIRE(append(*node.engine, make_event(room(name), said_in(name))).ok());
  REQUIRE(node.heard.eventually([&] { return node.heard.stored.size() == names.size(); }));
  const auto last = state(*node.engine)->last;
  for (const auto& name : names) {
    const auto page = read(*node.engine, room(name), 0, last, 10);
    REQUIRE(page.ok());
    CHECK(data_of(page->events) == texts{said_in(name)});
    // Asks the leader for its count too.
    CHECK_FALSE(read(*node.engine, room(name), 1, last, 10)->dropped);
  }
}

TEST_CASE_TEMPLATE("the last event of a channel is its own, and 0 when it holds none", Maker,
                   BOTH_ENGINES) {
  running_engine<Maker> node({.max_events_per_channel = 2});
  CHECK(last(*node.engine, room("a")).value() == 0);
  sequence newest = 0;
  for (int i = 0; i < 3; ++i)
    newest = append(*node.engine, make_event(room("a"), std::to_string(i)))->seq;
  const auto other = append(*node.engine, make_event(room("b.*"), "other"));
  CHECK(last(*node.engine, room("a")).value() == newest);
  CHECK(last(*node.engine, room("b.*")).value() == other->seq);
  CHECK(last(*node.engine, room("never")).value() == 0);
  CHECK(last(*node.engine, room(std::string(5000, 'x'))).value() == 0);
}

TEST_CASE_TEMPLATE("a channel whose events are too old has no last one", Maker, BOTH_ENGINES) {
  running_engine<Maker> node({.max_age = 1s});
  REQUIRE(append(*node.engine, make_event(room("a"), "old")).ok());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (last(*node.engine, room("a")).value() != 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(last(*node.engine, room("a")).value() == 0);
}

TEST_CASE("an event beyond what the server takes is refused as too large") {
  running_engine<nats_engine_maker<>> node;
  const std::size_t most = 1024 * 1024;  // nats-server's max_payload
  const auto ack = append(*node.engine, make_event(room("a"), std::string(most, 'x')));
  REQUIRE_FALSE(ack.ok());
  CHECK(ack.error().code == errc::too_large);
  auto fits = make_event(room("a"), "x");
  fits.data = std::string(most - 4096, 'x');
  CHECK(append(*node.engine, fits).ok());
}

TEST_CASE_TEMPLATE("a history of large events is read in pages of some MiB", Maker, BOTH_ENGINES) {
  running_engine<Maker> node;
  constexpr int count = 40;
  constexpr std::size_t bytes = 500'000;  // two do not fit into one pull
  std::vector<sequence> stored;
  for (int i = 0; i < count; ++i) {
    auto large = make_event(room("a"), std::to_string(i));
    large.data = std::string(bytes, 'x');
    stored.push_back(append(*node.engine, large)->seq);
  }
  std::vector<sequence> found;
  for (bool more = true; more;) {
    const auto after = found.empty() ? 0 : found.back();
    const auto page = read(*node.engine, room("a"), after, stored.back(), 1000);
    REQUIRE(page.ok());
    REQUIRE_FALSE(page->events.empty());
    for (const auto seq : sequences_of(page->events)) found.push_back(seq);
    more = page->more;
  }
  CHECK(found == stored);
}

TEST_CASE("events arrive while somebody is at work on a large history") {
  running_engine<nats_engine_maker<>> node;
  constexpr int count = 40;  // the last of them come by a pull
  sequence newest = 0;
  for (int i = 0; i < count; ++i) {
    auto large = make_event(room("a"), std::to_string(i));
    large.data = std::string(100'000, 'x');
    newest = append(*node.engine, large)->seq;
  }
  node.engine->messages().follow(shared(room("live")));
  REQUIRE(state(*node.engine).ok());
  const auto is_heard = [&node](const std::string& data) {
    node.engine->history_of(acme).append(make_event(room("live"), data), [](const auto&) {});
    std::unique_lock hold(node.heard.mutex);
    return node.heard.changed.wait_for(hold, patience / 2, [&] {
      return !node.heard.stored.empty() && node.heard.stored.back().event.data == data;
    });
  };
  const auto failure = [](const auto& of) { return of ? "" : of.error().message; };
  // What is called back stays at work until the event is there.
  const auto page = wait_for<cluster::log_page>([&](auto done) {
    const auto look = [is_heard, done](result<cluster::log_page> got) {
      if (!is_heard("1")) got = error{errc::timeout, "nothing was heard while the page was read"};
      done(std::move(got));
    };
    node.engine->history_of(acme).read(room("a"), 0, newest, 1000, look);
  });
  REQUIRE(failure(page) == "");
  CHECK(page->events.size() == count);
  const auto store = wait_for<cluster::log_state>([&](auto done) {
    node.engine->history_of(acme).state([is_heard, done](result<cluster::log_state> got) {
      if (!is_heard("2")) got = error{errc::timeout, "nothing was heard while the state was read"};
      done(std::move(got));
    });
  });
  CHECK(failure(store) == "");
}

TEST_SUITE_END();
