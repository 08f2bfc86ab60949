/// The base of all our actors: it lives on one shard and its mailbox is that shard's queue.
#pragma once

#include <caf/abstract_actor.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <exception>
#include <string_view>
#include <utility>

#include "actors/runtime/supervision.hpp"
#include "net/base/planned_faults.hpp"

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
/// Errors: what an exception in a handler ends is the actor's policy's to say.
class pinned_actor : public caf::abstract_actor {
 public:
  explicit pinned_actor(caf::actor_config& cfg);

  /// What kind it is, for the log and for planned faults.
  virtual std::string_view name() const noexcept = 0;
  virtual fault_policy policy() const noexcept = 0;

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit* from) override;

  /// The last reference is gone.
  void on_destroy() override { quit(); }

  /// Handles one message now. Called by the shard (or by a test's scheduler) only.
  void consume(caf::mailbox_element& message);

  bool alive() const noexcept { return alive_; }

 protected:
  /// The last thing this actor does, whatever ended it.
  virtual void on_exit() {}

  /// Ends this actor after the current handler. Later messages are dropped.
  void quit();
  shard* home() const noexcept { return home_; }

  /// Runs `work`, which did not come as a message (a timer, a call of a colleague on this shard),
  /// under the same policy, or drops it likewise. `event` names it in the log and for planned
  /// faults.
  template <class Work>
  void guarded(std::string_view event, Work&& work) noexcept {
    if (!alive_) return;
    try {
      if (faults_to_come) faults_to_come->count(name(), event);
      work();
    } catch (...) {
      failed(event, std::current_exception());
    }
  }

 private:
  friend class stop_request;
  void failed(std::string_view message, const std::exception_ptr& fault) noexcept;

  // Not offered; whoever tries gets a std::logic_error.
  void attach(caf::attachable_ptr observer) override;
  std::size_t detach(const caf::attachable::token& observer) override;
  void add_link(caf::abstract_actor* other) override;
  void remove_link(caf::abstract_actor* other) override;
  bool add_backlink(caf::abstract_actor* other) override;
  bool remove_backlink(caf::abstract_actor* other) override;

  shard* home_;
  bool alive_ = true;
};

/// A message that ends whoever gets it.
caf::mailbox_element_ptr make_stop_request();

}  // namespace starling::actors
