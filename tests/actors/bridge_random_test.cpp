/// Holes, sweeps, leader changes and resumes in random order: nobody misses anything.
#include <algorithm>
#include <random>

#include "tests/actors/bridge_fixture.hpp"

namespace starling::actors::test {

namespace {

/// What a shard's fanout is told about events and joins, in order.
class witness final : public recording<fanout_inbox, session_started, leave, session_ended,
                                       position_changed, drain, deliver_to, close_one, renew_token,
                                       recount, sessions_query, tenant_stats_query, change_one> {
 public:
  struct entry {
    ticket_ptr joined;
    publication_ptr event;
  };
  witness(caf::actor_config& cfg, bridge_node& node, std::shared_ptr<std::vector<entry>> into)
      : recording(cfg, std::make_shared<journal>()), node_(node), seen_(std::move(into)) {}

  using recording::on;
  void on(joined& done) override { seen_->push_back({node_.hand_on(std::move(done)), nullptr}); }
  void on(fan_out& event) override { seen_->push_back({nullptr, event.publication}); }

 private:
  void on_exit() override { seen_.reset(); }

  bridge_node& node_;
  std::shared_ptr<std::vector<entry>> seen_;
};

/// A node whose engine loses every third event on its way, and a client that comes and goes.
struct random_world : bridge_node {
  /// `apart`: positions between two things that happen here, used by other nodes.
  random_world(unsigned seed, int apart) : random(seed), apart_(apart) {
    node.fanouts[0] = spawn<fanout_inbox, witness>(std::ref(*this), log);
    start();
    request(make_ticket(rooms));  // keeps the rooms alive
    settle();
    first = end_of_store;
    come();
    settle();
  }
  ~random_world() { end_actors(); }

  bool chance(unsigned in) { return random() % in == 0; }
  const std::string& any_room() { return rooms[random() % rooms.size()]; }

  void come() {
    ticket = make_ticket(rooms, cursor{epoch, id});
    here = false;
    replayed = false;
    request(ticket);
  }
  void go() {
    if (!here) return;
    waits.clear();
    leaves(ticket);
    come();
  }
  /// Moves what the fanout was told to the client, which takes some of it.
  void take(std::size_t most) {
    for (; read < log->size(); ++read) {
      const auto& next = (*log)[read];
      if (next.joined == ticket) {
        here = true;
      } else if (next.event && here) {
        waits.push_back(next.event);
      }
    }
    if (!ticket || !ticket->complete) return;
    if (here && !std::exchange(replayed, true)) {
      waits.insert(waits.begin(), ticket->replay.begin(), ticket->replay.end());
      if (!ticket->replay.empty())
        id = std::max(id, ticket->replay.front()->seq() - 1);
      else
        id = ticket->answer.position.seq;
      CHECK(ticket->answer.lost.empty());
    }
    for (; most > 0 && !waits.empty(); --most) {
      const auto publication = std::move(waits.front());
      waits.pop_front();
      CHECK(publication->at().seq >= id);
      id = publication->at().seq;
      seen[publication->event().channel.name].push_back(publication->event().data);
    }
  }
  void store_something() {
    auto event = store(any_room());
    stored[event.event.channel.name].push_back(event);
    if (!chance(3)) arrives(event);
    others_store();
  }
  void others_store() {
    for (int i = 0; i < apart_; ++i) store("elsewhere");
  }
  /// The engine does one of the things that were asked of it.
  bool answer_something() {
    if (!engine.lasts.empty()) {
      answer_last(latest[engine.lasts[0].channel]);
    } else if (!engine.appends.empty()) {
      fence_back();
      others_store();
    } else if (!engine.reads.empty()) {
      std::vector<stored_event> found;
      for (const auto& e : stored[engine.reads[0].channel.name])
        if (e.seq > engine.reads[0].after && e.seq <= engine.reads[0].up_to) found.push_back(e);
      answer_read(page_of(found));
    } else {
      return false;
    }
    return true;
  }
  void settle() {
    while (answer_something()) {
    }
    take(1000);
  }
  void step() {
    switch (random() % 8) {
      case 0:
      case 1: return store_something();
      case 2: return tell(at(), tick{});
      case 3: return take(random() % 3);
      case 4: return go();
      case 5:
        if (chance(10) && engine.appends.empty()) tell(at(), engine_leader_changed{});
        return;
      default: answer_something();
    }
  }

  const texts rooms{"a", "b", "c"};
  std::mt19937 random;
  std::shared_ptr<std::vector<witness::entry>> log =
      std::make_shared<std::vector<witness::entry>>();
  std::size_t read = 0;
  std::map<std::string, std::vector<stored_event>> stored;
  sequence first = 0;

  ticket_ptr ticket;
  bool here = false;
  bool replayed = false;  ///< the replay of the last join has begun
  sequence id = 0;
  std::deque<publication_ptr> waits;
  std::map<std::string, texts> seen;

 private:
  int apart_;
};

/// 300 things happen, then everything that is under way comes to its end.
void live(random_world& w) {
  for (int i = 0; i < 300; ++i) w.step();
  for (int second = 0; second < 10; ++second) {
    w.settle();
    w.tell(w.at(), tick{});
  }
  w.settle();
}

}  // namespace

TEST_SUITE("actors/bridge random") {
  TEST_CASE("whatever is lost on the way, a client that comes and goes has everything once") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
      CAPTURE(seed);
      random_world w(seed, 20);
      live(w);
      for (const auto& room : w.rooms) {
        texts all;
        for (const auto& e : w.stored[room]) all.push_back(e.event.data);
        CHECK(w.seen[room] == all);
      }
    }
  }

  TEST_CASE("a store without a free position costs duplicates, not events") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
      CAPTURE(seed);
      random_world w(seed, 0);
      live(w);
      for (const auto& room : w.rooms)
        for (const auto& e : w.stored[room])
          CHECK(std::find(w.seen[room].begin(), w.seen[room].end(), e.event.data) !=
                w.seen[room].end());
    }
  }
}

}  // namespace starling::actors::test
