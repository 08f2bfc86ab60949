/// How a session of long-poll keeps what it is to say until a request asks for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "net/wire/protocol.hpp"

namespace starling::net::poll {

/// The wire format of long-poll sessions. Its frames never reach a client as they are: they hold
/// records (below), which a poll_mailbox puts into answers.
wire_format poll_format();

enum class record_kind : char {
  event = 'e',      ///< an event, or a notice of this node
  connected = 'c',  ///< the first of a session
  goodbye = 'g',    ///< the last
};

inline constexpr char retry_mark = ':';

/// One thing to be said. Views of the frame's bytes.
struct poll_record {
  record_kind kind;
  /// event: the cursor that the client has with it; connected: how long to wait before the next
  /// session, in milliseconds; goodbye: both, with retry_mark between them.
  std::string_view label;
  std::string_view json;
};

/// Hands each record of `bytes` (a frame's body) to `take`, in order.
void each_record(std::string_view bytes, const std::function<void(const poll_record&)>& take);

}  // namespace starling::net::poll
