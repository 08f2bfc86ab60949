/// A view of one received message; valid while its handler runs.
#pragma once

#include <nats/nats.h>

#include <string_view>

namespace starling::cluster {

class nats_message {
 public:
  explicit nats_message(natsMsg* message) noexcept : message_(message) {}

  std::string_view subject() const noexcept { return natsMsg_GetSubject(message_); }
  /// Empty when the sender wants no answer.
  std::string_view reply() const noexcept {
    const char* subject = natsMsg_GetReply(message_);
    return subject ? subject : "";
  }
  std::string_view data() const noexcept {
    return {natsMsg_GetData(message_), static_cast<std::size_t>(natsMsg_GetDataLength(message_))};
  }
  /// Empty when there is no such header.
  std::string_view header(const char* name) const noexcept {
    const char* value = nullptr;
    return natsMsgHeader_Get(message_, name, &value) == NATS_OK && value ? value : "";
  }
  /// header() in whatever case a foreign publisher writes the name; the exact one goes first.
  std::string_view header_of_any_case(const char* name) const;
  /// The server's own word: nobody listens on the subject of the request.
  bool no_responders() const noexcept { return natsMsg_IsNoResponders(message_); }

 private:
  natsMsg* message_;
};

}  // namespace starling::cluster
