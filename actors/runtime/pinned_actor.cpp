#include "actors/runtime/pinned_actor.hpp"

#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/system_messages.hpp>
#include <exception>
#include <stdexcept>

#include "net/base/log.hpp"

namespace starling::actors {

namespace {

/// One message as a job of CAF's own scheduler: the way of an actor without a shard.
class lone_message final : public caf::ref_counted, public caf::resumable {
 public:
  lone_message(caf::strong_actor_ptr to, caf::mailbox_element_ptr what)
      : to_(std::move(to)), what_(std::move(what)) {}

  resume_result resume(caf::execution_unit*, std::size_t) override {
    static_cast<pinned_actor*>(to_->get())->consume(*what_);
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

 private:
  caf::strong_actor_ptr to_;
  caf::mailbox_element_ptr what_;
};

}  // namespace

pinned_actor::pinned_actor(caf::actor_config& cfg)
    : caf::abstract_actor(cfg), home_(dynamic_cast<shard*>(cfg.host)) {}

void pinned_actor::enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) {
  caf::strong_actor_ptr me{ctrl()};
  if (home_) {
    home_->deliver(std::move(me), std::move(what));
    return;
  }
  home_system().scheduler().enqueue(new lone_message(std::move(me), std::move(what)));
}

void pinned_actor::consume(caf::mailbox_element& what) {
  if (!alive_) return;
  try {
    auto& content = what.content();
    if (message_cast<caf::exit_msg>(content))
      quit();
    else
      receive(content);
  } catch (const std::exception& fault) {
    log::error("actor died of a fault", {{"actor", name()}, {"what", fault.what()}});
    quit();
  }
}

void pinned_actor::quit() {
  if (!alive_) return;
  alive_ = false;
  on_exit();
}

namespace {
[[noreturn]] void refuse_ties() {
  throw std::logic_error("a pinned actor can be neither monitored nor linked");
}
}  // namespace

void pinned_actor::attach(caf::attachable_ptr) { refuse_ties(); }
std::size_t pinned_actor::detach(const caf::attachable::token&) { refuse_ties(); }
void pinned_actor::add_link(caf::abstract_actor*) { refuse_ties(); }
void pinned_actor::remove_link(caf::abstract_actor*) { refuse_ties(); }
bool pinned_actor::add_backlink(caf::abstract_actor*) { refuse_ties(); }
bool pinned_actor::remove_backlink(caf::abstract_actor*) { refuse_ties(); }

}  // namespace starling::actors
