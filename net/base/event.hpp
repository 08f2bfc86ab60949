/// What a backend published, as every layer sees it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/base/cursor.hpp"
#include "net/base/ids.hpp"
#include "net/base/shared.hpp"

namespace starling {

/// One published event for one channel. Plain data; encoded once per wire format by `net/wire`,
/// carried between nodes by `cluster/envelope`. The events of one publish differ in their channel
/// and share the rest: copies cost no more of its data.
struct event {
  starling::channel channel;
  std::string id;                ///< the publisher's, or made by the accepting node
  bool id_given = false;         ///< it is the publisher's: the same id again is the same event
  std::string name;              ///< SSE event name
  shared_text data;              ///< compact JSON text; the bare text when `data_is_text`
  bool data_is_text = false;     ///< the publisher gave a JSON string
  std::int64_t accepted_ns = 0;  ///< wall clock at acceptance; `ts` for clients is this in ms
  std::string sender;            ///< user id of the publisher; may be empty
  std::string traceparent = {};  ///< of the publish (W3C Trace Context); may be empty
  shared_list<session_id> exclude;
  /// Names of the targets that come before this one in the same publish: a session that is a
  /// member of one of those gets the event there, and not a second time here.
  shared_list<std::string> earlier_targets;

  std::int64_t ts_ms() const noexcept { return accepted_ns / 1'000'000; }
};

/// An event with its place in the store. `previous`: the sequence before it on the same channel,
/// 0 when there is none; a node that has not seen `previous` has a hole.
struct stored_event {
  sequence seq = 0;
  sequence previous = 0;
  starling::event event;
  /// It is stored and is no event of its channel, which `event` still names: nothing is handed to
  /// clients, but it has its place, and is no hole.
  bool unreadable = false;
};

}  // namespace starling
