/// The address of an actor, which knows what that actor takes.
#pragma once

#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>
#include <type_traits>
#include <utility>

#include "actors/runtime/inbox.hpp"

namespace starling::actors {

/// A strong reference to an actor that derives from `Inbox`: it is made of the actor alone, so no
/// handle can be on another kind. Sending what the inbox does not name does not compile. What is
/// sent to an empty handle, or to an actor that has ended, is dropped. Any thread.
template <class Inbox>
class handle {
 public:
  handle() = default;
  handle(std::nullptr_t) {}
  explicit handle(Inbox& actor) : actor_(actor.ctrl()) {}

  template <class Message>
  requires takes<Inbox, std::remove_cvref_t<Message>>
  void send(Message&& message) const {
    using plain = std::remove_cvref_t<Message>;
    if (!actor_) return;
    caf::mailbox_element_ptr sealed{
        new letter<Inbox, plain>(plain(std::forward<Message>(message)))};
    get()->enqueue(std::move(sealed), nullptr);
  }
  /// Ends the actor when it has handled what was sent before.
  void stop() const {
    if (actor_) get()->enqueue(make_stop_request(), nullptr);
  }

  explicit operator bool() const noexcept { return actor_ != nullptr; }
  friend bool operator==(const handle& a, const handle& b) noexcept { return a.actor_ == b.actor_; }
  /// The actor itself, for those on its thread; nullptr when empty.
  Inbox* get() const noexcept {
    return actor_ ? static_cast<Inbox*>(static_cast<pinned_actor*>(actor_->get())) : nullptr;
  }
  /// Never given to another actor.
  caf::actor_id id() const noexcept { return actor_ ? actor_->id() : 0; }

 private:
  caf::strong_actor_ptr actor_;
};

/// A handle on a base of the inbox: who holds it can send less.
template <class Base, class Inbox>
requires std::is_base_of_v<Base, Inbox> handle<Base> narrow(const handle<Inbox>& from) {
  return from ? handle<Base>(*from.get()) : nullptr;
}

/// The way back: empty unless the actor has that inbox.
template <class Inbox, class Base>
requires std::is_base_of_v<Base, Inbox> handle<Inbox> widen(const handle<Base>& from) {
  auto* const actor = dynamic_cast<Inbox*>(from.get());
  return actor ? handle<Inbox>(*actor) : nullptr;
}

}  // namespace starling::actors
