/// The rooms of one session by name, while a command over many of them is carried out.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "actors/session/connection.hpp"

namespace starling::actors {

/// Valid while the session's subscriptions and joins stay as they are. Made in time linear in them;
/// the questions then take constant time.
class connection::room_index {
 public:
  explicit room_index(connection& of);

  /// nullptr: not a member, or leaving.
  subscription* in(std::string_view room) const;
  /// Whether the room is being joined; from now on it is wanted, or not.
  bool want_pending(const std::string& room, bool wanted) const;
  /// How many rooms it would be in, or be joining, with `more`; each of these stands there once.
  std::size_t count_with(const std::vector<std::string>& more) const;

 private:
  std::unordered_map<std::string_view, subscription*> in_;
  std::unordered_map<std::string_view, pending_join*> joining_;
};

}  // namespace starling::actors
