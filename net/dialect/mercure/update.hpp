/// An update: what is published to a Mercure hub.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/event.hpp"

namespace starling::net::mercure {

/// The type of an update that was published without one.
inline constexpr std::string_view default_type = "message";

struct update {
  std::vector<std::string> topics;  ///< the first is the canonical one
  bool is_private = false;
  std::uint32_t retry_ms = 0;  ///< 0: none
  std::string type{default_type};
  std::string data;
};

/// As the data of an event in one of the hub's rooms.
std::string pack(const update& update);
/// nullopt when these are no bytes of an update.
std::optional<update> unpack(std::string_view bytes);

/// The room that all updates of a tenant go to, whatever their topics, because a selector may name
/// topics that nobody has heard of. No client can name it: `{` is in no room name.
inline constexpr std::string_view updates_room = "{mercure}";
/// The same for the hub's own updates about subscriptions: they come and go with every connection
/// and must not push published ones out of history.
inline constexpr std::string_view subscriptions_room = "{mercure-subscriptions}";
/// An update whose topic is the name of a native room goes there too. This session is excluded
/// from it: who listens to the hub has it from there.
extern const session_id hub_session;

/// An event as a subscriber sees it. A native event of a room is a public update with the room as
/// its topic.
struct seen_update {
  const std::vector<std::string>* topics;
  bool is_private = false;
  std::uint32_t retry_ms = 0;
  std::string_view type;
  std::string_view data;
  bool native = false;
};
/// nullopt when the event is none. Valid while the event lives and until this thread's next call:
/// many sessions in turn look at one event, and it is unpacked once.
std::optional<seen_update> see(const event& event);

}  // namespace starling::net::mercure
