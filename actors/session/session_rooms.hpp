/// The channels of one session, and the joins by which it comes to more.
#pragma once

#include <algorithm>
#include <boost/container/vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "actors/messages/connection_inbox.hpp"

namespace starling::actors {

/// Where a session stands among a channel's members on its shard.
struct member_place {
  channel_id id;
  std::uint32_t index;
};

/// What a session has of one channel.
struct subscription {
  channel_id id;
  std::uint32_t index;  ///< in the fanout's member list
  bool from_roster;
  bool leaving;  ///< the fanout has been told
  channel_ptr channel;
  sequence since = 0;  ///< a member from here on
};

/// In a room, and not about to leave it.
inline bool is_open_room(const subscription& in) {
  return in.channel->kind == channel_kind::room && !in.leaving;
}

/// A join under way on a stream that has begun.
struct join_under_way {
  std::uint64_t request;
  std::vector<std::string> rooms;
  std::optional<std::string> ref_json;  ///< of a WebSocket subscribe; else the roster's
  std::size_t channels = 0;             ///< of the join; those it is in already included
  /// Of `rooms`: to be left as soon as they are joined.
  std::unordered_set<std::string> unwanted{};

  void want(const std::string& room, bool wanted) {
    if (wanted)
      unwanted.erase(room);
    else
      unwanted.insert(room);
  }
};

/// Which rooms a session is in, is joining and is leaving, and what follows from tokens, roster and
/// commands for that. Answers what to do: `channel_id`s are to be left, `wanted_channel`s joined.
/// Plain state.
class session_rooms {
 public:
  // The subscriptions, as the fanout makes and ends them.
  void expect(std::size_t more) { subscriptions_.reserve(subscriptions_.size() + more); }
  void add(subscription in);
  /// Its places in those of the channels that it was in. Linear in its channels.
  std::vector<member_place> drop(std::vector<channel_id> gone);
  /// These of its channels have given it other places; ascending by channel.
  void move(std::span<const member_place> moved);
  std::vector<channel_id> channels() const;

  /// Rooms it is in and not leaving.
  std::vector<std::string> names() const;
  bool contains(const std::string& room) const;
  /// Whether `holds` of one of names().
  template <class F>
  bool any_of(F&& holds) const {
    return std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](const subscription& each) {
      return is_open_room(each) && holds(each.channel->name);
    });
  }
  /// Whether names() has changed since the last call; true at first.
  bool take_news() noexcept;
  /// The store has these: no news when they are names().
  void stored(std::vector<std::string> rooms);

  // Joins on a stream that has begun.
  /// Numbers the next one: greater than the number of the opening one.
  std::uint64_t next_request() noexcept { return ++last_request_; }
  void asked_for(std::uint64_t request, const std::vector<wanted_channel>& channels,
                 std::optional<std::string> ref_json);
  /// It was answered: no longer under way. Nothing for one that is not known.
  std::optional<join_under_way> answered(std::uint64_t request);
  bool joining() const noexcept { return joins_ != nullptr; }
  /// Channels of joins under way.
  std::size_t channels_under_way() const;

  /// A client asks for rooms, with their past when `with_past`. Errors: forbidden names the room
  /// that the token does not allow; too_large when it would be in more than `most`; rate_limited
  /// while so many are being joined already (the past of rooms it is in adds none, but as much
  /// work).
  result<std::vector<wanted_channel>> subscribe(const std::vector<std::string>& rooms,
                                                bool with_past, const net::identity& identity,
                                                std::size_t most);
  /// A client wants to be in these no more, nor to come to them.
  std::vector<channel_id> unsubscribe(const std::vector<std::string>& rooms);
  /// Those of `rooms` that it is in: leaving them begins.
  std::vector<channel_id> leave(const std::vector<std::string>& rooms);
  /// The token is another one: what it does not allow, the roster aside.
  std::vector<channel_id> renew(const net::identity& identity);

  struct roster_step {
    std::vector<channel_id> leave{};
    std::optional<wanted_channel> join{};
  };
  roster_step follow(const roster_changed& change, const net::identity& identity);

  /// Of the rooms that the user was in formerly: those that nothing allows now.
  std::vector<std::string> forbidden(const std::vector<std::string>& former,
                                     const net::identity& identity) const;

 private:
  class index;
  subscription* find(const std::string& room);
  join_under_way* find_join(const std::string& room);

  boost::container::vector<
      subscription, void,
      boost::container::vector_options_t<boost::container::stored_size<std::uint32_t>>>
      subscriptions_;
  std::unique_ptr<std::vector<join_under_way>> joins_;  ///< while there are any
  std::uint32_t last_request_ = opening_request;
  bool told_ = false;  ///< of names()
};

}  // namespace starling::actors
