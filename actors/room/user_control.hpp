/// What supervisors of the same user on different nodes tell each other. See cluster/SUBJECTS.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/room/session_table.hpp"

namespace starling::actors {

/// One message: sessions that are open or over at the sender, and whether it wants to know ours.
struct user_control {
  node_id from;
  bool ask = false;                  ///< please announce your sessions of this user
  std::vector<user_session> opened;  ///< `connection` and `node` empty: they are the sender's
  std::vector<session_id> closed;
};

std::string encode(const user_control& control);
/// Of one message, opened and closed together; who has more to tell sends several.
inline constexpr std::size_t max_sessions_told = 1000;
/// nullopt when `text` is not one of ours: also when it tells of more sessions than
/// max_sessions_told, or names a node or a device that cannot be.
std::optional<user_control> decode_user_control(std::string_view text);

}  // namespace starling::actors
