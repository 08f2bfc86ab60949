/// A real bridge with real rooms and users, over an engine that the test answers for.
#pragma once

#include <map>
#include <utility>

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

cluster::log_page page_of(std::vector<stored_event> events);

struct bridge_node : test_node {
  static constexpr epoch_id epoch = 7;

  explicit bridge_node(std::size_t shards = 1);
  ~bridge_node();
  const handle<bridge_inbox>& at() const { return node.bridges[0]; }

  /// The engine connects; its store ends at `last`.
  void connect(sequence last, epoch_id store = epoch);
  void answer_state(sequence last, epoch_id store = epoch);
  /// A node that is up and has handled everything up to 100.
  void start();
  void disconnect() { tell(at(), engine_changed{false, "test"}); }

  /// The fence that was asked for is stored and comes back; returns its sequence.
  sequence fence_back();
  void fence_fails();

  /// The next event of the store: known there, not yet heard of here.
  stored_event store(const std::string& room, const std::string& data = {});
  void arrives(stored_event stored) { tell(at(), engine_stored{std::move(stored)}); }
  /// Stored and heard of; returns its sequence.
  sequence publish(const std::string& room, const std::string& data = {});
  void say(const std::string& room, const std::string& data) {
    tell(at(), engine_ephemeral{make_event(room_of(room), data)});
  }

  ticket_ptr make_ticket(const texts& rooms, std::optional<cursor> resume = std::nullopt) {
    return with_client(test_node::make_ticket(rooms, resume));
  }
  ticket_ptr make_opening(const std::string& user, const texts& rooms = {}) {
    return with_client(test_node::make_opening(user, rooms));
  }
  void request(const ticket_ptr& ticket) { tell(at(), join(*ticket)); }
  /// Joins and sees to the fence if one is needed.
  ticket_ptr enter(ticket_ptr ticket);
  ticket_ptr enter(const texts& rooms) { return enter(make_ticket(rooms)); }
  static bool is_joined(const ticket_ptr& ticket) { return ticket->answered; }
  void leaves(const ticket_ptr& ticket, bool ended = true);
  void answer_read(cluster::log_page page);
  /// Answers the oldest question for a channel's last event.
  void answer_last(sequence last);
  texts heard(std::size_t shard = 0) { return data_of(fanouts[shard]->all<fan_out>()); }

  /// A join was answered: its client is told. Answers its ticket.
  ticket_ptr hand_on(joined&& done);

  sequence end_of_store = 0;
  std::map<channel, sequence> latest;
  std::vector<ticket_ptr> tickets;

 private:
  ticket_ptr with_client(ticket_ptr of);
};

}  // namespace starling::actors::test
