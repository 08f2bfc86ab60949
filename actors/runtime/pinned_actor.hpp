/// The base of all our actors: it lives on one shard and its mailbox is that shard's queue.
#pragma once

#include <caf/abstract_actor.hpp>
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <utility>

namespace starling::actors {

class shard;

/// An actor of 136 bytes whose messages are handled in the order in which they reached its shard,
/// over all actors of that shard. That order is what lets one number be a position in all rooms
/// (see bridge), and why these are not CAF's event-based actors (1,250 bytes, own mailbox, fair
/// scheduling between actors).
///
/// It can be neither monitored nor linked: who must know of an end is told by on_exit. (The lists,
/// locks and conditions for that are what CAF's local_actor has on top, 104 bytes.)
///
/// Thread: handlers run on the home shard. Without a shard (tests) messages are handled by the
/// system's scheduler, one job each, so CAF's test coordinator runs them in order.
/// Errors: an exception in a handler ends this actor only; it is logged, `on_exit` runs.
class pinned_actor : public caf::abstract_actor {
 public:
  /// Dynamically typed: messages are the structs of protocol.hpp.
  using behavior_type = caf::behavior;

  explicit pinned_actor(caf::actor_config& cfg);

  /// What it is, for the log.
  virtual const char* name() const { return "pinned actor"; }

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* from) override;

  /// The last reference is gone.
  void on_destroy() override { quit(); }

  /// Handles one message now. Called by the shard (or by a test's scheduler) only.
  void consume(caf::mailbox_element& what);

  bool alive() const noexcept { return alive_; }

 protected:
  /// One message of this actor; use message_cast to find out which.
  virtual void receive(caf::type_erased_tuple& message) = 0;
  /// The last thing this actor does, whatever ended it.
  virtual void on_exit() {}

  /// Ends this actor after the current handler. Later messages are dropped.
  void quit();
  shard* home() const noexcept { return home_; }
  caf::actor self() { return caf::actor_cast<caf::actor>(this); }

 private:
  // Not offered; whoever tries gets a std::logic_error.
  void attach(caf::attachable_ptr what) override;
  std::size_t detach(const caf::attachable::token& what) override;
  void add_link(caf::abstract_actor* other) override;
  void remove_link(caf::abstract_actor* other) override;
  bool add_backlink(caf::abstract_actor* other) override;
  bool remove_backlink(caf::abstract_actor* other) override;

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
  return caf::actor_cast<caf::actor>(caf::make_actor<Actor, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, cfg, std::forward<Args>(args)...));
}

}  // namespace starling::actors
