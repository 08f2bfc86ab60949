/// A real bridge with real rooms and users, over an engine that the test answers for.
#pragma once

#include <map>
#include <utility>

#include "actors/bridge/bridge.hpp"
#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

inline cluster::log_page page_of(std::vector<stored_event> events) {
  cluster::log_page out;
  out.events = std::move(events);
  return out;
}

struct bridge_node : test_node {
  static constexpr epoch_id epoch = 7;

  explicit bridge_node(std::size_t shards = 1) : test_node(shards) {
    node.bridge = spawn<bridge_inbox, actors::bridge>(std::ref(node));
  }

  /// The engine connects; its store ends at `last`.
  void connect(sequence last, epoch_id store = epoch) {
    end_of_store = last;
    tell(node.bridge, engine_changed{true, "test"});
    answer_state(last, store);
  }
  void answer_state(sequence last, epoch_id store = epoch) {
    take_oldest(engine.states)(cluster::log_state{store, 1, last});
    run();
  }
  /// A node that is up and has handled everything up to 100.
  void start() {
    connect(99);
    CHECK(fence_back() == 100);
  }
  void disconnect() { tell(node.bridge, engine_changed{false, "test"}); }

  /// The fence that was asked for is stored and comes back; returns its sequence.
  sequence fence_back() {
    REQUIRE(engine.appends.size() == 1);
    auto fence = take_oldest(engine.appends);
    fence.done(cluster::append_ack{epoch, ++end_of_store});
    tell(node.bridge, engine_stored{{end_of_store, 0, fence.what}});
    return end_of_store;
  }
  void fence_fails() {
    take_oldest(engine.appends).done(error{errc::unavailable, "no quorum"});
    run();
  }

  /// The next event of the store: known there, not yet heard of here.
  stored_event store(const std::string& room, const std::string& data = {}) {
    const auto where = room_of(room);
    stored_event out{++end_of_store, latest[where], {}};
    out.what = make_event(where, data.empty() ? room + std::to_string(out.seq) : data);
    latest[where] = out.seq;
    return out;
  }
  void arrives(stored_event what) { tell(node.bridge, engine_stored{std::move(what)}); }
  /// Stored and heard of; returns its sequence.
  sequence publish(const std::string& room, const std::string& data = {}) {
    arrives(store(room, data));
    return end_of_store;
  }
  void say(const std::string& room, const std::string& data) {
    tell(node.bridge, engine_ephemeral{make_event(room_of(room), data)});
  }

  void request(const ticket_ptr& ticket) { tell(node.bridge, join{ticket}); }
  /// Joins and sees to the fence if one is needed.
  ticket_ptr enter(ticket_ptr ticket) {
    request(ticket);
    if (!engine.appends.empty()) fence_back();
    REQUIRE(is_joined(ticket));
    return ticket;
  }
  ticket_ptr enter(const texts& rooms) { return enter(make_ticket(rooms)); }
  bool is_joined(const ticket_ptr& ticket) {
    for (const auto& done : fanouts[ticket->shard]->all<joined>())
      if (done.ticket == ticket) return true;
    return false;
  }
  void leaves(const ticket_ptr& ticket, bool ended = true) {
    std::vector<feed_id> feeds;
    for (const auto& c : ticket->channels) feeds.push_back(c.feed);
    tell(node.bridge, left{ticket->session, ticket->shard, std::move(feeds), ended});
  }
  void answer_read(cluster::log_page page) {
    REQUIRE(!engine.reads.empty());
    take_oldest(engine.reads).done(std::move(page));
    run();
  }
  /// Answers the oldest question for a channel's last event.
  void answer_last(sequence last) {
    REQUIRE(!engine.lasts.empty());
    take_oldest(engine.lasts).done(last);
    run();
  }
  texts heard(std::size_t shard = 0) { return data_of(fanouts[shard]->all<fan_out>()); }

  sequence end_of_store = 0;
  std::map<channel, sequence> latest;
};

}  // namespace starling::actors::test
