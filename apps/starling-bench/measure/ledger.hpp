/// The books: what was sent to whom, and what each session has seen of it.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace starling::bench {

/// Result of comparing both sides, over sessions that stayed.
struct tally {
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;      // came after a later one of the same publisher connection
  std::uint64_t disagreements = 0;  // sessions that saw another order than their room's first
};

/// A *lane* is what one publisher connection sends to one audience: the only order a client of HTTP
/// can demand. Event `i` (from 1) of lane `l` carries n = i * lanes + l, so every session checks
/// loss, duplicates and order from `n` alone; sessions of one room must also agree on the order of
/// lanes among each other. One thread.
class ledger {
 public:
  explicit ledger(std::uint32_t lanes) : lanes_(lanes) {}

  /// `user`: the name is a user's, not a room's.
  std::uint32_t add_audience(std::string name, bool user);
  std::uint32_t add_session(std::uint32_t audience);

  std::uint32_t lanes() const noexcept { return lanes_; }
  std::uint32_t audiences() const noexcept { return static_cast<std::uint32_t>(rooms_.size()); }
  const std::string& name(std::uint32_t audience) const { return rooms_[audience].name; }
  bool is_user(std::uint32_t audience) const { return rooms_[audience].user; }

  /// The session reads from now on, or again: what it has not seen is expected of it.
  void join(std::uint32_t session);
  /// Nothing is expected of the session until it joins again.
  void leave(std::uint32_t session);

  /// `n` of the next event of this lane.
  std::uint64_t next(std::uint32_t audience, std::uint32_t lane);
  /// The server refused it or never answered: missing it is no loss, seeing it no error.
  void refused(std::uint32_t audience, std::uint64_t n);
  void received(std::uint32_t session, std::uint64_t n);

  std::uint64_t delivered() const noexcept { return delivered_; }
  /// Deliveries expected and not yet seen.
  std::int64_t outstanding() const noexcept { return expected_ - seen_; }

  /// Call once, at the end.
  tally close();

 private:
  struct audience_state {
    std::string name;
    bool user = false;
    std::uint32_t members = 0;
    std::vector<std::uint32_t> sent;  // by lane
  };
  struct session_state {
    std::uint32_t audience = 0;
    bool joined = false;
    std::uint64_t order = 0;  // hash over all n in the order of arrival
  };
  struct gap {
    std::uint32_t session, lane, from, to;  // [from, to) of the lane's sequence
  };

  std::uint64_t behind(std::uint32_t session) const;
  void late(std::uint32_t session, std::uint32_t lane, std::uint32_t sequence);
  std::uint64_t refused_in(const gap& missing) const;

  std::uint32_t lanes_;
  std::vector<audience_state> rooms_;
  std::vector<session_state> sessions_;
  std::vector<std::uint32_t> last_;  // session * lanes + lane: newest sequence seen
  std::vector<gap> gaps_;
  std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> refused_;  // by audience
  std::uint64_t delivered_ = 0;
  std::int64_t expected_ = 0;
  std::int64_t seen_ = 0;
  tally tally_;
};

}  // namespace starling::bench
