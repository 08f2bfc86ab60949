/// A message on its way to one actor.
#pragma once

#include <caf/mailbox_element.hpp>
#include <string>
#include <typeinfo>

namespace starling::actors {

class pinned_actor;

/// A CAF mailbox element that knows how its receiver takes it: no type is looked up on the way, and
/// none has to be announced to CAF.
class envelope : public caf::mailbox_element {
 public:
  /// Calls the receiver's `on` for the message inside.
  virtual void open(pinned_actor& receiver) = 0;
  /// The message's type without namespaces, for the log.
  virtual const std::string& message_name() const = 0;

  // CAF looks at nothing in it.
  caf::type_erased_tuple& content() final;
  const caf::type_erased_tuple& content() const final;
  caf::message move_content_to_message() final { return {}; }
  caf::message copy_content_to_message() const final { return {}; }
};

/// The name of a type as it is written within its namespace.
std::string short_name(const std::type_info& type);

template <class Inbox, class Message>
class letter final : public envelope {
 public:
  explicit letter(Message&& message) : message_(std::move(message)) {}
  void open(pinned_actor& receiver) override { static_cast<Inbox&>(receiver).on(message_); }
  const std::string& message_name() const override {
    static const std::string name = short_name(typeid(Message));
    return name;
  }

 private:
  Message message_;
};

}  // namespace starling::actors
