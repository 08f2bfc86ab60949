/// The base of all our actors: it lives on one shard and its mailbox is that shard's queue.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/local_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/spawn_options.hpp>

namespace starling::actors {

class shard;

/// An actor of about 250 bytes whose messages are handled in the order in which they reached its
/// shard, over all actors of that shard. That order is what lets one number be a position in all
/// rooms (see bridge), and why these are not CAF's event-based actors (1,250 bytes, own mailbox,
/// fair scheduling between actors).
///
/// Thread: handlers run on the home shard. Without a shard (tests) messages are handled by the
/// system's scheduler, one job each, so CAF's test coordinator runs them in order.
/// Errors: an exception in a handler ends this actor only; it is logged, `on_exit` runs.
class pinned_actor : public caf::local_actor {
 public:
  /// Dynamically typed: messages are the structs of protocol.hpp.
  using behavior_type = caf::behavior;

  explicit pinned_actor(caf::actor_config& cfg);

  using caf::local_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* from) override;
  void launch(caf::execution_unit* unit, bool lazy, bool hide) override;

  /// Handles one message now. Called by the shard (or by a test's scheduler) only.
  void consume(caf::mailbox_element& what);

  bool alive() const noexcept { return alive_; }

 protected:
  /// One message of this actor; use message_cast to find out which.
  virtual void receive(caf::type_erased_tuple& message) = 0;
  /// The last thing this actor does, whatever ended it.
  void on_exit() override {}

  /// Ends this actor after the current handler. Later messages are dropped.
  void quit(caf::error reason = {});
  shard* home() const noexcept { return home_; }
  caf::actor self() { return caf::actor_cast<caf::actor>(this); }

 private:
  shard* home_;
  bool alive_ = true;
};

/// The message as a `T`, or nullptr when it is something else.
template <class T>
T* message_cast(caf::type_erased_tuple& message) {
  return message.match_elements<T>() ? &message.get_mutable_as<T>(0) : nullptr;
}

/// Spawns `Actor` at home on `where` (nullptr: wherever the system's scheduler runs it).
template <class Actor, class... Args>
caf::actor spawn_pinned(caf::actor_system& system, shard* where, Args&&... args);

}  // namespace starling::actors

#include "actors/runtime/shard.hpp"

namespace starling::actors {

template <class Actor, class... Args>
caf::actor spawn_pinned(caf::actor_system& system, shard* where, Args&&... args) {
  caf::actor_config cfg{where};
  return system.spawn_class<Actor, caf::hidden>(cfg, std::forward<Args>(args)...);
}

}  // namespace starling::actors
