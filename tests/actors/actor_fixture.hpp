/// Actors without threads: a context, a scripted engine, and CAF's test scheduler.
#pragma once

#include <doctest/doctest.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
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

std::shared_ptr<net::identity> make_identity(const std::string& user);
event make_event(const channel& channel, const std::string& data);
publication_ptr make_publication(const std::string& room, sequence seq,
                                 const std::string& data = {});
texts data_of(const std::vector<fan_out>& events);
texts data_of(const std::vector<publication_ptr>& events);

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
    config();
  };

  explicit test_node(std::size_t shards = 1);
  ~test_node();

  /// Fixtures with members that their actors use call this first when they end.
  void end_actors();

  /// A recorder; those of all inboxes are compiled once, in the .cpp.
  template <class Inbox>
  handle<Inbox> record(const std::shared_ptr<journal>& into);
  /// The actor is ended with the fixture.
  template <class Inbox, class Actor, class... Args>
  handle<Inbox> spawn(Args&&... args) {
    auto out = actors::spawn<Inbox, Actor>(system, nullptr, std::forward<Args>(args)...);
    stops_.push_back([out] { out.stop(); });
    return out;
  }
  /// Handles messages until there are none, in the order in which they were sent.
  void run();
  template <class Inbox, class T>
  void send(const handle<Inbox>& to, T message) {
    to.send(std::move(message));
  }
  template <class Inbox, class T>
  void tell(const handle<Inbox>& to, T message) {
    to.send(std::move(message));
    run();
  }

  session_ptr make_session(const std::string& user, const std::string& device = {});
  /// A join to rooms, of a session that is open already; its answers go to `client`.
  ticket_ptr make_ticket(const texts& rooms, std::optional<cursor> resume = std::nullopt,
                         const std::string& user = "ann");
  /// A session's first join: its user's channel, then rooms.
  ticket_ptr make_opening(const std::string& user, const texts& rooms = {},
                          const std::string& device = {});

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
