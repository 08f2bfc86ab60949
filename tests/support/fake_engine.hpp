/// An engine that does nothing by itself: it remembers what it was asked, and the test answers.
#pragma once

#include <deque>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/engine.hpp"

namespace starling::test {

/// One thread. Unanswered calls wait in `appends`, `reads`, `lasts`, `states`, `gets` and
/// `rooms_asked`, oldest first.
class fake_engine final : public cluster::engine,
                          private cluster::bus,
                          private cluster::event_log,
                          private cluster::roster_store,
                          private cluster::position_store {
 public:
  struct append_call {
    starling::event event;
    cluster::completion<cluster::append_ack> done;
  };
  struct read_call {
    starling::channel channel;
    sequence after;
    sequence up_to;
    std::size_t limit;
    cluster::completion<cluster::log_page> done;
  };

  struct last_call {
    starling::channel channel;
    cluster::completion<sequence> done;
  };

  cluster::bus& messages() noexcept override { return *this; }
  std::size_t partitions() const noexcept override { return 1; }
  cluster::event_log& history(cluster::partition_id) noexcept override { return *this; }
  cluster::roster_store& roster() noexcept override { return *this; }
  cluster::position_store& positions() noexcept override { return *this; }
  std::string_view kind() const noexcept override { return "fake"; }

  bool follows(const channel& channel) const { return followed.contains(channel); }

  bool up = true;  ///< false: what needs no answer is refused
  std::set<channel> followed;
  std::deque<append_call> appends;
  std::deque<read_call> reads;
  std::deque<last_call> lasts;
  std::deque<cluster::completion<cluster::log_state>> states;
  std::deque<cluster::completion<std::optional<cursor>>> gets;
  std::vector<event> ephemeral;
  std::vector<std::pair<channel, std::string>> controls;
  std::deque<cluster::completion<std::vector<std::string>>> rooms_asked;
  std::vector<cluster::roster_change> applied;
  std::vector<cursor> saved_positions;
  std::vector<std::vector<std::string>> saved_rooms;

 private:
  void start(cluster::bus_listener&) override {}
  void start(cluster::roster_listener&) override {}
  void stop() override {}
  bool connected() const noexcept override { return up; }
  void follow(const channel_ptr& channel) override { followed.insert(*channel); }
  void unfollow(const channel& channel) override { followed.erase(channel); }
  result<void> send_ephemeral(const event& event) override {
    if (!up) return error{errc::unavailable, "the engine is away"};
    ephemeral.push_back(event);
    return {};
  }
  void send_control(const channel& channel, std::string payload) override {
    controls.emplace_back(channel, std::move(payload));
  }
  void announce(std::string) override {}
  void ask(const node_id&, std::string, std::chrono::milliseconds,
           cluster::completion<std::string> done) override {
    done(error{errc::not_found, "there are no other nodes"});
  }
  void ask_all(std::string, std::size_t, std::chrono::milliseconds,
               std::function<void(std::vector<cluster::node_reply>)> done) override {
    done({});
  }

  std::chrono::milliseconds disorder() const noexcept override { return {}; }
  void append(event event, cluster::completion<cluster::append_ack> done) override {
    appends.push_back({std::move(event), std::move(done)});
  }
  void read(channel channel, sequence after, sequence up_to, std::size_t limit,
            cluster::completion<cluster::log_page> done) override {
    reads.push_back({std::move(channel), after, up_to, limit, std::move(done)});
  }
  void last(channel channel, cluster::completion<sequence> done) override {
    lasts.push_back({std::move(channel), std::move(done)});
  }
  void state(cluster::completion<cluster::log_state> done) override {
    states.push_back(std::move(done));
  }

  void put(cluster::roster_entry entry, cluster::completion<cluster::roster_entry> done) override {
    done(std::move(entry));
  }
  void erase(tenant_id, std::string, std::string, cluster::completion<bool> done) override {
    done(false);
  }
  void apply(std::vector<cluster::roster_change> changes, cluster::completion<void> done) override {
    for (auto& each : changes) applied.push_back(std::move(each));
    done({});
  }
  void put(const tenant_id&, const std::string&, const cursor& at) override {
    saved_positions.push_back(at);
  }
  void get(const tenant_id&, const std::string&,
           cluster::completion<std::optional<cursor>> done) override {
    gets.push_back(std::move(done));
  }
  void put_rooms(const tenant_id&, const std::string&,
                 const std::vector<std::string>& rooms) override {
    saved_rooms.push_back(rooms);
  }
  void rooms(const tenant_id&, const std::string&,
             cluster::completion<std::vector<std::string>> done) override {
    rooms_asked.push_back(std::move(done));
  }
};

/// Takes the oldest waiting call out of `calls`.
template <class Call>
Call take_oldest(std::deque<Call>& calls) {
  auto out = std::move(calls.at(0));
  calls.pop_front();
  return out;
}

}  // namespace starling::test
