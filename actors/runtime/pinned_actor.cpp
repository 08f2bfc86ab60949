#include "actors/runtime/pinned_actor.hpp"

#include <atomic>
#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <stdexcept>

#include "actors/runtime/census.hpp"
#include "actors/runtime/envelope.hpp"
#include "actors/runtime/shard.hpp"
#include "net/base/fault.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

namespace {

std::atomic<std::uint64_t> living{0};

/// One message as a job of CAF's own scheduler: the way of an actor without a shard.
class lone_message final : public caf::ref_counted, public caf::resumable {
 public:
  lone_message(caf::strong_actor_ptr to, caf::mailbox_element_ptr message)
      : to_(std::move(to)), message_(std::move(message)) {}

  resume_result resume(caf::execution_unit*, std::size_t) override {
    static_cast<pinned_actor*>(to_->get())->consume(*message_);
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

 private:
  caf::strong_actor_ptr to_;
  caf::mailbox_element_ptr message_;
};

}  // namespace

class stop_request final : public envelope {
 public:
  void open(pinned_actor& receiver) override { receiver.quit(); }
  const std::string& message_name() const override {
    static const std::string name = "stop";
    return name;
  }
};

caf::mailbox_element_ptr make_stop_request() { return caf::mailbox_element_ptr{new stop_request}; }

pinned_actor::pinned_actor(caf::actor_config& cfg)
    : caf::abstract_actor(cfg), home_(dynamic_cast<shard*>(cfg.host)) {
  living.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t living_actors() noexcept { return living.load(std::memory_order_relaxed); }

void pinned_actor::enqueue(caf::mailbox_element_ptr message, caf::execution_unit*) {
  caf::strong_actor_ptr me{ctrl()};
  if (home_) {
    home_->deliver(std::move(me), std::move(message));
    return;
  }
  home_system().scheduler().enqueue(new lone_message(std::move(me), std::move(message)));
}

void pinned_actor::consume(caf::mailbox_element& message) {
  if (!alive_) return;
  // Handles are the only way to send to this actor, and they send envelopes.
  auto& sealed = static_cast<envelope&>(message);
  try {
    if (faults_to_come) faults_to_come->count(name(), sealed.message_name());
    sealed.open(*this);
  } catch (...) {
    failed(sealed.message_name(), std::current_exception());
  }
}

void pinned_actor::failed(std::string_view message, const std::exception_ptr& fault) noexcept {
  const auto cause = cause_of(fault);
  if (policy() == fault_policy::end_process) end_process(name(), message, cause);
  log::error("actor ended by a fault", {{"actor", name()}, {"message", message}, {"cause", cause}});
  quit();
}

void pinned_actor::quit() {
  if (!alive_) return;
  alive_ = false;
  living.fetch_sub(1, std::memory_order_relaxed);
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
