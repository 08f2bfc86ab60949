/// What a verified token says about its bearer, and the rights that follow from it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/ids.hpp"

namespace starling::net {

/// Immutable once made and shared by all sessions of the token (`shared_ptr<const identity>`), so
/// strings and vectors hold no spare capacity. Pattern lists: see `matches`.
struct identity {
  tenant_id tenant;                  ///< valid tenant; "default" when the token names none
  user_id user;                      ///< valid user
  device_id device;                  ///< empty when the token names none
  std::vector<std::string> rooms;    ///< allowed; the exact ones are joined at connect
  std::vector<std::string> publish;  ///< room patterns, `user:<pattern>`, `client:<pattern>`
  /// Epoch seconds, to year 9999: `exp`, or what the leeway after it still gave.
  std::int64_t expires_s = 0;
  std::uint64_t token_hash = 0;  ///< same token, same value, within one process
  bool publish_all = false;      ///< `publish: true`: every room, user and session
  bool admin = false;            ///< of its tenant
  bool is_operator = false;      ///< administers all tenants and the nodes themselves
};

/// `*` in a pattern stands for any run of characters, the empty one included; everything else is
/// literal and case counts.
bool matches(std::string_view pattern, std::string_view name) noexcept;

/// No `*` in it: names one room.
bool is_exact(std::string_view pattern) noexcept;

// The rights below are exactly what the claims say. `admin` adds nothing here: what an
// administrator may do besides is decided where the request is authorised.

/// May hear this room because of the token (the roster may allow more).
bool may_join(const identity& holder, std::string_view room) noexcept;
/// Entries for users and sessions never count for a room, not even for a room named `user:x`.
bool may_publish_room(const identity& holder, std::string_view room) noexcept;
/// A plain `*` means all rooms; all users are `user:*`.
bool may_publish_user(const identity& holder, std::string_view user) noexcept;
/// `client`: session id in its UUID form.
bool may_publish_client(const identity& holder, std::string_view client) noexcept;

}  // namespace starling::net
