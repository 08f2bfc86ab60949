/// What an actor takes: a list of message types, each with an `on` that the actor must have.
#pragma once

#include <concepts>

#include "actors/runtime/envelope.hpp"
#include "actors/runtime/pinned_actor.hpp"

namespace starling::actors {

namespace detail {
/// One pure virtual `on` per message in a single chain of bases, so that an actor has one table of
/// functions however much it takes.
template <class Base, class... Messages>
class inbox_chain;

template <class Base, class Message>
class inbox_chain<Base, Message> : public Base {
 public:
  using Base::Base;
  virtual void on(Message& message) = 0;
};

template <class Base, class Message, class... Rest>
class inbox_chain<Base, Message, Rest...> : public inbox_chain<Base, Rest...> {
 public:
  using inbox_chain<Base, Rest...>::inbox_chain;
  using inbox_chain<Base, Rest...>::on;
  virtual void on(Message& message) = 0;
};
}  // namespace detail

template <class... Messages>
struct message_list {};

/// The seam between an actor and those who send to it: senders see the inbox, the actor overrides
/// every `on` of it. (Virtual, so that a sender need not include the actor: folders whose actors
/// send to each other would include each other.) Handlers may move out of the message.
template <class... Messages>
class inbox : public detail::inbox_chain<pinned_actor, Messages...> {
 public:
  using messages = message_list<Messages...>;
  using detail::inbox_chain<pinned_actor, Messages...>::inbox_chain;
};

template <class Inbox, class Message>
concept takes = requires(Inbox& to, Message& message) {
  { to.on(message) } -> std::same_as<void>;
};

}  // namespace starling::actors
