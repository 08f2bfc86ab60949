/// JSON in, structs out, and back. Pure, but for counting bounds that were hit; any thread. Peer
/// input never throws out of here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "net/wire/protocol.hpp"

namespace starling::net {

struct publish_limits {
  std::size_t max_items = 1000;
  std::size_t max_event_bytes = 65536;  ///< of `data` in compact form
  std::size_t max_targets = 1000;       ///< of all items of a request; names in one `exclude`
  /// Each target is stored with the data and the names of the targets before it: the sum over all
  /// targets of a request.
  std::size_t max_stored_bytes = 64 * 1024 * 1024;
  std::size_t max_rooms = 1000;  ///< names in one subscribe, unsubscribe or query `rooms`
};

/// What is said of an event with a reserved name.
error reserved_event(std::string_view name);
/// What an event over `most` bytes is told.
error too_large_event(std::size_t bytes, std::size_t most);

/// Body of POST /api/publish. `ndjson`: one object per line. An error means the whole request is
/// refused (malformed JSON, too many items, too many targets, too much to store); items with their
/// own faults are errors in the batch, as are lines that are no JSON: they do not make their
/// neighbours unreadable.
result<publish_batch> parse_publish(std::string_view body, bool ndjson,
                                    const publish_limits& limits);
/// What a request costs limits.publish_rate: the targets of its items, at least 1 per item.
std::size_t count_targets(const publish_batch& batch) noexcept;
/// Targets of one item, at least 1.
std::size_t count_targets(const publish_item& item) noexcept;
/// More rooms than publish_limits::max_rooms; counts it.
error too_many_rooms(std::size_t most);
/// A WebSocket text message. On error `ref_json` (may be empty) tells which command it was.
result<ws_command> parse_ws_command(std::string_view text, const publish_limits& limits,
                                    std::string& ref_json);

/// `{"id":..,"position":..}` or `{"error":{..}}`.
std::string to_json(const publish_verdict& verdict);
/// Array of the above.
std::string to_json(const std::vector<publish_verdict>& verdicts);
/// `{"error":{"code":..,"message":..}}`.
std::string error_json(const error& why);
/// `{id,room|user|...,event,data,ts,sender?,traceparent?}`: the envelope of format=envelope.
std::string envelope_json(const event& event);
std::string to_json(const connected& connected);
std::string to_json(const subscribed& subscribed);
std::string to_json(const renewed& renewed);
std::string to_json(const token_expiring& token);
std::string to_json(const gap& gap);
std::string to_json(const dropped& dropped);
std::string to_json(const goodbye& goodbye);
/// A JSON string literal, quotes included; invalid UTF-8 becomes U+FFFD.
std::string quoted(std::string_view text);

}  // namespace starling::net
