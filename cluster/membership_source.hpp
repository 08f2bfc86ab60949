/// Who knows of memberships besides the roster: a database, a backend.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/event_log.hpp"
#include "net/base/ids.hpp"
#include "net/base/metrics.hpp"

namespace starling::cluster {

/// Memberships that may have changed: of the user, of the room, or of this user in this room. What
/// is empty says nothing; all empty: anything may have changed.
struct membership_news {
  tenant_id tenant;
  std::string user;
  std::string room;
};

class membership_listener {
 public:
  virtual ~membership_listener() = default;
  /// On a thread of a source; must not block.
  virtual void on_membership_news(membership_news news) = 0;
};

/// What became of a question.
enum class source_result : std::uint8_t {
  ok,
  failed,    ///< refused, broken off, or no answer that can be understood
  timeout,   ///< `membership.timeout` has passed
  overload,  ///< too many questions wait
};
inline constexpr std::size_t source_result_count = 4;
std::string_view to_string(source_result result) noexcept;

/// A source as seen from outside.
struct source_state {
  bool ok = true;
  std::string detail;  ///< for people: what is wrong
  std::array<std::uint64_t, source_result_count> requests{};
  std::array<std::uint64_t, latency_bounds.size() + 1> by_latency{};  ///< the last: beyond all
  std::uint64_t latency_sum_ns = 0;
};

/// Implementations: membership/ (PostgreSQL, HTTP).
class membership_source {
 public:
  /// Users of a room, or rooms of a user: valid names, in no order.
  using names = std::vector<std::string>;

  virtual ~membership_source() = default;
  /// `postgres`, `http`.
  virtual std::string_view name() const noexcept = 0;
  virtual void start(membership_listener& listener) = 0;
  /// Blocks until the questions under way have ended, at most their deadline. Nothing is called
  /// afterwards.
  virtual void stop() = 0;

  /// Any thread, never blocks; `done` on a thread of the source, once, in at most twice
  /// `membership.timeout`. Errors: unavailable, timeout, rate_limited.
  virtual void rooms_of_user(tenant_id tenant, std::string user, completion<names> done) = 0;
  virtual void users_of_room(tenant_id tenant, std::string room, completion<names> done) = 0;

  /// Any thread.
  virtual source_state state() const = 0;
};

}  // namespace starling::cluster
