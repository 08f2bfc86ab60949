/// How the servers this program can drive differ in what they are asked and how they answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace starling::bench {

enum class dialect : std::uint8_t {
  starling,  // also tests/bench/floor.cpp
  nchan,     // nginx: subscribers at /sub/CHANNEL, publishers at /pub/CHANNEL
};

/// How events are published.
enum class carrier : std::uint8_t {
  http,
  nats  ///< core messages, for nodes that ingest `bench.>`
};

/// A stream begins with an event `connected`, and its body is chunked. One of Nchan's counts as
/// live with its head, and its body ends with the connection.
constexpr bool greets(dialect of) noexcept { return of == dialect::starling; }
constexpr bool chunks(dialect of) noexcept { return of == dialect::starling; }

/// Was the event taken? Nchan says 201 when somebody listens and 202 when nobody does.
constexpr bool accepted(dialect of, int status) noexcept {
  return status == 200 || (of == dialect::nchan && (status == 201 || status == 202));
}

/// Where a session listens. `rooms`: names joined by commas, empty for the user's own events.
inline std::string stream_path(dialect of, bool websocket, std::string_view rooms) {
  if (of == dialect::nchan) return std::string("/sub/").append(rooms);
  std::string path = websocket ? "/ws" : "/events";
  return rooms.empty() ? path : path.append("?rooms=").append(rooms);
}

/// Where events for `room` are posted.
inline std::string publish_path(dialect of, std::string_view room) {
  return of == dialect::nchan ? std::string("/pub/").append(room) : "/api/publish";
}

/// What events for `room` are published to over NATS.
inline std::string publish_subject(std::string_view room) {
  return std::string("bench.").append(room);
}

}  // namespace starling::bench
