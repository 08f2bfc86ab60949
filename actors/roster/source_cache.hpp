/// What sources besides the roster have said of memberships, and when they are to be asked again.
/// Plain state: time comes as an argument, questions and changes go out.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/roster/roster_state.hpp"
#include "cluster/membership_source.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

struct source_cache_options {
  std::size_t sources = 1;                   ///< at most 32
  std::chrono::milliseconds fresh{300'000};  ///< how long an answer is good
  std::chrono::milliseconds tick{1000};      ///< at least as often tick() is called
  std::size_t max_users = 100'000;           ///< remembered besides those with a session here
  std::size_t max_refreshing = 32;           ///< users that are asked for again at a time
};

/// A user is *known* once every source has answered for them. Known memberships are used for as
/// long as they are fresh; of users with sessions here they are refreshed by then, and while a
/// source is away old ones go on being used. Of who is known to nobody `known()` says so.
///
/// A membership that the first answer names was always there (since 0); one that a later answer
/// adds begins where the history stood when that was asked for.
class source_cache {
 public:
  using names = cluster::membership_source::names;

  class output {
   public:
    virtual ~output() = default;
    virtual void ask_rooms(std::size_t source, const tenant_id& tenant,
                           const std::string& user) = 0;
    virtual void ask_users(std::size_t source, const tenant_id& tenant,
                           const std::string& room) = 0;
    /// By one of the sources; another may say otherwise. `heard`: somebody's sessions may care.
    virtual void changed(const cluster::roster_entry& entry, bool member, bool heard) = 0;
    /// Whoever waits for this user's rooms can go on; with a failure they are not known.
    virtual void known(const tenant_id& tenant, const std::string& user, const error* failure) = 0;
    /// Where the tenant's history stands.
    virtual sequence here(const tenant_id& tenant) = 0;
  };

  source_cache(source_cache_options options, output& out);

  /// A session of the user begins. True: their rooms are known; else known() is called.
  bool session_came(const tenant_id& tenant, const std::string& user, steady_time now);
  void session_went(const tenant_id& tenant, const std::string& user, steady_time now);
  /// As session_came, for a question alone.
  bool wanted(const tenant_id& tenant, const std::string& user, steady_time now);

  // Answers of a source, in whatever order.
  void rooms_answered(std::size_t source, const tenant_id& tenant, const std::string& user,
                      const result<names>& rooms, steady_time now);
  void users_answered(std::size_t source, const tenant_id& tenant, const std::string& room,
                      const result<names>& users, steady_time now);

  /// An event names the room; it stands at `position` (0: nowhere). Asks who is in the room when
  /// that is not known. True when others should be told of it: not for each event.
  bool room_named(const tenant_id& tenant, const std::string& room, sequence position,
                  steady_time now);
  void heard(const cluster::membership_news& news, steady_time now);
  void tick(steady_time now);

  bool is_member(const tenant_id& tenant, const std::string& user, const std::string& room) const;
  /// Each room once, in order of their names.
  std::vector<cluster::roster_entry> rooms_of(const tenant_id& tenant,
                                              const std::string& user) const;
  std::optional<sequence> since(const tenant_id& tenant, const std::string& user,
                                const std::string& room) const;

  struct figures {
    std::size_t users = 0;        ///< remembered
    std::size_t memberships = 0;  ///< theirs, per source
    std::uint64_t hits = 0;       ///< sessions and questions that found what they wanted
    std::uint64_t misses = 0;     ///< and those that had to wait for a source
    std::uint64_t stale = 0;      ///< and those that found old answers, the source being away
  };
  figures count() const;

 private:
  struct user_record {
    steady_time at{};  ///< when the present answer was asked for
    steady_time asked{};
    sequence asked_seq = 0;
    std::uint32_t answered = 0;     ///< by these sources, a bit each
    std::uint32_t outstanding = 0;  ///< answers of the present question
    std::uint32_t sessions = 0;
    std::uint32_t stamp = 0;       ///< of the place in ages_ or retries_ that counts
    std::uint32_t idle_stamp = 0;  ///< of the place in idle_ that counts
    bool failed = false;           ///< the present question
    bool again = false;            ///< what is being answered is out of date already
    bool doubted = false;          ///< to be asked for again before it is used
    bool refreshing = false;
    bool queued = false;  ///< in due_
    error failure;
  };
  using user_map = std::unordered_map<std::string, user_record>;
  struct queued_user {
    steady_time at;
    std::string key;
    std::uint32_t stamp;
  };
  struct named_room {
    steady_time until{};       ///< known
    steady_time told_until{};  ///< others know that it was named
    sequence since = 0;
    std::uint32_t outstanding = 0;
    bool news = false;  ///< asked because it changed
  };

  bool complete(const user_record& of) const { return of.answered == all_; }
  bool failing() const noexcept { return failing_ != 0; }
  void note(std::size_t source, bool answered);
  user_record& record_of(const tenant_id& tenant, const std::string& key);
  bool look(const std::string& key, user_record& of, steady_time now);
  bool due(const user_record& of, steady_time now) const;
  void ask(const std::string& key, user_record& of, steady_time now);
  void settle(const std::string& key, steady_time now);
  void apply(std::size_t source, const std::string& key, user_record& of, const names& rooms);
  void put(std::size_t source, const cluster::roster_entry& entry, bool member, bool heard);
  void ask_room(const tenant_id& tenant, const std::string& room, sequence since, bool news,
                steady_time now);
  void doubt(const std::string& key);
  void doubt_all(const tenant_id& tenant);
  void refresh_soon(const std::string& key, user_record& of);
  void pump(steady_time now);
  void forget(user_map::iterator which);
  void became_idle(const std::string& key, user_record& of, steady_time now);

  const source_cache_options options_;
  const std::uint32_t all_;
  output& out_;
  std::vector<roster_state> states_;                      ///< by source
  user_map users_;                                        ///< by tenant and user
  std::size_t live_ = 0;                                  ///< of users_, with sessions
  std::unordered_map<std::string, std::size_t> tenants_;  ///< users of each
  std::deque<queued_user> ages_;                          ///< by when they were asked for
  std::deque<queued_user> idle_;                          ///< without a session, the oldest first
  std::deque<queued_user> retries_;
  std::deque<std::string> due_;  ///< to be asked for again
  std::size_t refreshing_ = 0;
  std::unordered_map<std::string, named_room> rooms_;  ///< by tenant and room
  std::uint32_t failing_ = 0;                          ///< sources that did not answer last time
  std::uint64_t hits_ = 0, misses_ = 0, stale_ = 0;
};

}  // namespace starling::actors
