/// Actors without threads: a context, a scripted engine, and CAF's test scheduler.
#pragma once

#include <doctest/doctest.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <memory>
#include <string>
#include <typeindex>
#include <unordered_map>
#include <vector>

#include "actors/messages/context.hpp"
#include "actors/runtime/spawn.hpp"
#include "net/auth/identity.hpp"
#include "net/base/clock.hpp"
#include "tests/support/fake_engine.hpp"

namespace starling::actors::test {

using starling::test::fake_engine;
using starling::test::take_oldest;
using texts = std::vector<std::string>;

/// What recorders were told, by type.
class journal {
 public:
  template <class T>
  std::vector<T>& all() {
    auto& list = lists_[typeid(T)];
    if (!list) list = std::make_shared<std::vector<T>>();
    return *std::static_pointer_cast<std::vector<T>>(list);
  }

 private:
  std::unordered_map<std::type_index, std::shared_ptr<void>> lists_;
};

/// Stands in for any actor with this inbox and remembers what it is told.
template <class Inbox, class Messages = typename Inbox::messages>
class recorder;

template <class Base, class... Messages>
class recording;
template <class Base>
class recording<Base> : public Base {
 public:
  recording(caf::actor_config& cfg, std::shared_ptr<journal> into)
      : Base(cfg), into_(std::move(into)) {}
  std::string_view name() const noexcept override { return "recorder"; }
  fault_policy policy() const noexcept override { return fault_policy::end_actor; }

 protected:
  void on_exit() override { into_.reset(); }  // what it was told may hold it
  std::shared_ptr<journal> into_;
};
template <class Base, class Message, class... Rest>
class recording<Base, Message, Rest...> : public recording<Base, Rest...> {
 public:
  using recording<Base, Rest...>::recording;
  void on(Message& message) override {
    this->into_->template all<Message>().push_back(std::move(message));
  }
};
template <class Inbox, class... Messages>
class recorder<Inbox, message_list<Messages...>> final : public recording<Inbox, Messages...> {
 public:
  using recording<Inbox, Messages...>::recording;
};

inline const tenant_id acme{"acme"};

inline channel room_of(const std::string& name) { return room_channel(acme, name); }

inline std::shared_ptr<net::identity> make_identity(const std::string& user) {
  auto out = std::make_shared<net::identity>();
  out->tenant = acme;
  out->user = user_id{user};
  out->rooms = {"*"};
  out->expires_s = wall_ms() / 1000 + 3600;
  return out;
}

inline event make_event(const channel& channel, const std::string& data) {
  event out;
  out.channel = channel;
  out.id = "id";
  out.name = "message";
  out.data = data;
  out.data_is_text = true;
  out.accepted_ns = wall_ns();
  return out;
}

inline publication_ptr make_publication(const std::string& room, sequence seq,
                                        const std::string& data = {}) {
  return std::make_shared<publication>(
      make_event(room_of(room), data.empty() ? std::to_string(seq) : data), cursor{7, seq}, seq);
}

inline texts data_of(const std::vector<fan_out>& events) {
  texts out;
  for (const auto& e : events) out.push_back(e.publication->event().data);
  return out;
}
inline texts data_of(const std::vector<publication_ptr>& events) {
  texts out;
  for (const auto& e : events) out.push_back(e->event().data);
  return out;
}

/// A join, and what came of it; bridges and connections know the join alone.
struct ticket : join {
  bool answered = false;  ///< the session is in its channels
  bool complete = false;  ///< all of the replay is there
  joined answer;
  std::vector<publication_ptr> replay;
};
using ticket_ptr = std::shared_ptr<ticket>;

/// A node's context with recorders for every address; tests put real actors where they want them.
struct test_node {
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };

  explicit test_node(std::size_t shards = 1) {
    node.options.id = node_id{"n1"};
    node.options.tag = 1;
    node.engine = &engine;
    node.home_metrics = &metrics;
    for (std::size_t i = 0; i < shards; ++i) {
      fanouts.push_back(std::make_shared<journal>());
      node.fanouts.push_back(record<fanout_inbox>(fanouts.back()));
      node.publishers.push_back(record<publisher_inbox>(publisher));
    }
    node.bridges.push_back(record<bridge_inbox>(bridge));
    node.roster = record<roster_inbox>(roster);
  }
  ~test_node() { end_actors(); }

  /// Fixtures with members that their actors use call this first when they end.
  void end_actors() {
    for (const auto& stop : stops_) stop();
    run();
    stops_.clear();
    node.fanouts.clear();
    node.publishers.clear();
    for (auto& each : node.bridges) each = nullptr;
    node.roster = nullptr;
    run();
  }

  template <class Inbox>
  handle<Inbox> record(const std::shared_ptr<journal>& into) {
    return spawn<Inbox, recorder<Inbox>>(into);
  }
  /// The actor is ended with the fixture.
  template <class Inbox, class Actor, class... Args>
  handle<Inbox> spawn(Args&&... args) {
    auto out = actors::spawn<Inbox, Actor>(system, nullptr, std::forward<Args>(args)...);
    stops_.push_back([out] { out.stop(); });
    return out;
  }
  /// Handles messages until there are none, in the order in which they were sent.
  void run() { dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler()).run(); }
  template <class Inbox, class T>
  void send(const handle<Inbox>& to, T message) {
    to.send(std::move(message));
  }
  template <class Inbox, class T>
  void tell(const handle<Inbox>& to, T message) {
    to.send(std::move(message));
    run();
  }

  session_ptr make_session(const std::string& user, const std::string& device = {}) {
    boost::intrusive_ptr out(new session_record);
    out->id = session_id::make(node.options.tag);
    out->identity = make_identity(user);
    out->device = device_id{device};
    out->opened_ns = ++clock_ns;
    return out;
  }
  /// A join to rooms, of a session that is open already; its answers go to `client`.
  ticket_ptr make_ticket(const texts& rooms, std::optional<cursor> resume = std::nullopt,
                         const std::string& user = "ann") {
    auto out = std::make_shared<ticket>();
    out->connection = record<connection_inbox>(client);
    out->session = make_session(user);
    out->opening = false;
    out->resume = resume;
    for (const auto& name : rooms)
      out->channels.push_back({std::make_shared<channel>(room_of(name))});
    return out;
  }
  /// A session's first join: its user's channel, then rooms.
  ticket_ptr make_opening(const std::string& user, const texts& rooms = {},
                          const std::string& device = {}) {
    auto out = make_ticket(rooms, std::nullopt, user);
    out->session = make_session(user, device);
    out->opening = true;
    out->channels.insert(out->channels.begin(),
                         {std::make_shared<channel>(user_channel(acme, user))});
    return out;
  }

  config cfg;
  caf::actor_system system{cfg};
  fake_engine engine;
  shard_metrics metrics;
  node_context node;
  std::int64_t clock_ns = 1'000'000'000;
  std::vector<std::shared_ptr<journal>> fanouts;
  std::shared_ptr<journal> publisher = std::make_shared<journal>();
  std::shared_ptr<journal> bridge = std::make_shared<journal>();
  std::shared_ptr<journal> roster = std::make_shared<journal>();
  std::shared_ptr<journal> client = std::make_shared<journal>();

 private:
  std::vector<std::function<void()>> stops_;
};

}  // namespace starling::actors::test
