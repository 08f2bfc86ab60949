/// How the replay of a join fits into a stream that has begun.
#pragma once

#include <set>
#include <string_view>
#include <tuple>
#include <vector>

#include "actors/messages/fanout_inbox.hpp"
#include "actors/session/session_rooms.hpp"

namespace starling::actors {

/// Drops from `past` what is of rooms that were asked for again and left meanwhile.
void forget_left(std::vector<publication_ptr>& past, const std::vector<entered_channel>& channels,
                 const session_rooms& rooms);

/// The past of a room that the roster gave: it must not move the client's position back, so each
/// event stands at `at` at least.
void stand_behind(std::vector<publication_ptr>& past, const cursor& at);

/// Which live events are in a replay: those that came while the past was fetched. Valid while the
/// events of the replay live.
class replayed_events {
 public:
  explicit replayed_events(const std::vector<publication_ptr>& past);
  bool contain(const publication_ptr& live) const;

 private:
  std::set<std::tuple<sequence, std::string_view, std::string_view>> known_;
};

}  // namespace starling::actors
