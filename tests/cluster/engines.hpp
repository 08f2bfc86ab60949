/// Both engines for one suite, and listeners that remember what they heard.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/engine.hpp"
#include "tests/support/nats_server.hpp"

namespace starling::test {

using namespace std::chrono_literals;

inline constexpr auto patience = 10s;

/// Waits for the one call of a completion; fails with `timeout` if it does not come.
template <class T, class Start>
result<T> wait_for(Start start) {
  auto outcome = std::make_shared<std::promise<result<T>>>();
  auto answer = outcome->get_future();
  start([outcome](result<T> value) { outcome->set_value(std::move(value)); });
  if (answer.wait_for(patience) != std::future_status::ready)
    return error{errc::timeout, "the completion was not called"};
  return answer.get();
}

class recorder : public cluster::bus_listener, public cluster::roster_listener {
 public:
  void on_stored(cluster::partition_id p, stored_event arrived) override {
    note([&] {
      ++stored_in[p];
      stored.push_back(std::move(arrived));
    });
  }
  void on_ephemeral(event event) override {
    note([&] { ephemeral.push_back(std::move(event)); });
  }
  void on_control(channel channel, std::string payload) override {
    note([&] { control.emplace_back(std::move(channel), std::move(payload)); });
  }
  void on_announcement(std::string payload) override {
    note([&] { announcements.push_back(std::move(payload)); });
  }
  void on_request(std::string payload, std::function<void(std::string)> reply) override {
    if (silent) return;
    reply(name + " heard " + payload);
  }
  void on_engine(bool is_up, std::string) override {
    note([&] {
      up = is_up;
      ++(is_up ? ups : downs);
    });
  }
  void on_store_leader_changed(cluster::partition_id) override {}
  void on_engine_misconfigured(std::string why) override {
    note([&] { misconfigured = std::move(why); });
  }

  void on_roster(cluster::roster_part part) override {
    note([&] {
      if (part.first) roster.clear();
      for (auto& entry : part.entries) roster.push_back(std::move(entry));
      snapshots += part.last ? 1 : 0;
    });
  }
  void on_member_added(cluster::roster_entry entry) override {
    note([&] { added.push_back(std::move(entry)); });
  }
  void on_member_removed(cluster::roster_entry entry) override {
    note([&] { removed.push_back(std::move(entry)); });
  }

  /// Waits until `holds`, called with the lock held, is true.
  template <class Predicate>
  bool eventually(Predicate holds) {
    std::unique_lock hold(mutex);
    return changed.wait_for(hold, patience, holds);
  }
  bool eventually_up() {
    return eventually([this] { return up; });
  }
  std::vector<stored_event> stored_so_far() {
    const std::lock_guard hold(mutex);
    return stored;
  }

  std::string name = "node";
  std::atomic<bool> silent{false};  ///< answers no questions
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<stored_event> stored;
  std::map<cluster::partition_id, int> stored_in;
  std::vector<event> ephemeral;
  std::vector<std::pair<channel, std::string>> control;
  std::vector<std::string> announcements;
  std::vector<cluster::roster_entry> roster, added, removed;
  std::string misconfigured;
  bool up = false;
  int ups = 0, downs = 0, snapshots = 0;

 private:
  template <class Change>
  void note(Change change) {
    {
      const std::lock_guard hold(mutex);
      change();
    }
    changed.notify_all();
  }
};

/// One server for all tests that do not break it; each test has a stream of its own.
inline nats_server& shared_server() {
  static nats_server server;
  return server;
}
inline int streams_named = 0;
inline std::string latest_stream() { return "t" + std::to_string(streams_named); }
inline std::string fresh_stream() {
  ++streams_named;
  return latest_stream();
}

template <std::size_t Partitions = 1>
struct memory_engine_maker {
  static std::unique_ptr<cluster::engine> make(const cluster::history_limits& limits) {
    return cluster::make_memory_engine(limits, Partitions);
  }
};
template <std::size_t Partitions = 1>
struct nats_engine_maker {
  static std::unique_ptr<cluster::engine> make(const cluster::history_limits& limits) {
    cluster::nats_options options;
    options.url = shared_server().url();
    options.stream = fresh_stream();
    options.partitions = Partitions;
    options.limits = limits;
    return cluster::make_nats_engine(node_id("a"), options);
  }
};

/// A node of a test: an engine of the given kind that is up, and its recorder.
template <class Maker>
struct running_engine {
  explicit running_engine(cluster::history_limits limits = {}) : engine(Maker::make(limits)) {
    engine->messages().start(heard);
    heard.eventually_up();
  }
  ~running_engine() {
    engine->roster().stop();
    engine->messages().stop();
  }

  recorder heard;
  std::unique_ptr<cluster::engine> engine;
};

inline const tenant_id acme("acme");
inline channel room(const std::string& name) { return room_channel(acme, name); }
inline channel_ptr shared(channel of) { return std::make_shared<const channel>(std::move(of)); }

inline event make_event(const channel& channel, const std::string& data) {
  event out;
  out.channel = channel;
  out.id = make_event_id();
  out.name = "message";
  out.data = data;
  out.data_is_text = true;
  out.accepted_ns = 1'700'000'000'123'456'789;
  out.sender = "ann";
  return out;
}

inline result<cluster::append_ack> append(cluster::engine& engine, event event) {
  return wait_for<cluster::append_ack>(
      [&](auto done) { engine.history_of(event.channel.tenant).append(event, std::move(done)); });
}
inline result<cluster::append_ack> append_as(const std::string& id, cluster::engine& engine,
                                             event event) {
  event.id = id;
  return append(engine, std::move(event));
}
inline result<cluster::log_page> read(cluster::engine& engine, const channel& channel,
                                      sequence after, sequence up_to, std::size_t limit) {
  return wait_for<cluster::log_page>([&](auto done) {
    engine.history_of(channel.tenant).read(channel, after, up_to, limit, std::move(done));
  });
}
inline result<sequence> last(cluster::engine& engine, const channel& channel) {
  return wait_for<sequence>(
      [&](auto done) { engine.history_of(channel.tenant).last(channel, std::move(done)); });
}
inline result<cluster::log_state> state(cluster::engine& engine, const tenant_id& tenant = acme) {
  return wait_for<cluster::log_state>(
      [&](auto done) { engine.history_of(tenant).state(std::move(done)); });
}

inline std::vector<std::string> data_of(const std::vector<stored_event>& events) {
  std::vector<std::string> out;
  for (const auto& stored : events) out.push_back(stored.event.data);
  return out;
}
inline std::vector<sequence> sequences_of(const std::vector<stored_event>& events) {
  std::vector<sequence> out;
  for (const auto& stored : events) out.push_back(stored.seq);
  return out;
}

}  // namespace starling::test
