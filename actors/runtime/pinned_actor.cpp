#include "actors/runtime/pinned_actor.hpp"

#include <caf/exit_reason.hpp>
#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/system_messages.hpp>
#include <exception>

#include "net/base/log.hpp"

namespace starling::actors {

namespace {

/// One message as a job of CAF's own scheduler: the way of an actor without a shard.
class lone_message final : public caf::ref_counted, public caf::resumable {
 public:
  lone_message(caf::strong_actor_ptr to, caf::mailbox_element_ptr what)
      : to_(std::move(to)), what_(std::move(what)) {}

  resume_result resume(caf::execution_unit* unit, std::size_t) override {
    auto* target = static_cast<pinned_actor*>(to_->get());
    target->context(unit);
    target->consume(*what_);
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
    : caf::local_actor(cfg), home_(dynamic_cast<shard*>(cfg.host)) {}

void pinned_actor::launch(caf::execution_unit* unit, bool, bool) { context(unit); }

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
  current_mailbox_element(&what);
  try {
    auto& content = what.content();
    if (auto* exit = message_cast<caf::exit_msg>(content))
      quit(exit->reason);
    else
      receive(content);
  } catch (const std::exception& fault) {
    log::error("actor died of a fault", {{"actor", name()}, {"what", fault.what()}});
    quit(caf::make_error(caf::exit_reason::unhandled_exception));
  }
  current_mailbox_element(nullptr);
}

void pinned_actor::quit(caf::error reason) {
  if (!alive_) return;
  alive_ = false;
  on_exit();
  cleanup(std::move(reason), context());
}

}  // namespace starling::actors
