/// What nodes ask each other, as values. A question names the type of its answer; how they become
/// bytes is in node_codec, who answers in node_answers.
///
/// Members are only ever added at the end, questions only at the end of `question`: a node of
/// another version leaves out what it does not know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "net/auth/identity.hpp"
#include "net/base/event.hpp"
#include "net/base/ids.hpp"
#include "net/base/result.hpp"
#include "net/wire/admin.hpp"

namespace starling::actors {

/// As many items as a page of a list may have.
inline constexpr std::uint64_t max_page = 1000;

/// For commands: done, or an error.
struct nothing {
  static auto members(auto&) { return std::tie(); }
};

/// A page of this node's sessions in the order asked for.
struct sessions_answer {
  std::vector<net::session_info> sessions;
  std::uint64_t total = 0;  ///< that match, on this node
  static auto members(auto& of) { return std::tie(of.sessions, of.total); }
};
/// Empty members match everything.
struct sessions_question {
  using answer = sessions_answer;
  tenant_id tenant;
  std::string user;
  std::optional<session_id> session;
  std::string after;
  std::uint64_t limit = max_page;
  bool viewed = false;      ///< only those with a dialect's view
  std::string search;       ///< in user, device, address and client id
  std::uint64_t order = 0;  ///< a session_order; `after` is a session_place then
  static auto members(auto& of) {
    return std::tie(of.tenant, of.user, of.session, of.after, of.limit, of.viewed, of.search,
                    of.order);
  }
};

/// A page of live rooms or users with their sessions on this node, in the order of `page_key`.
struct channels_answer {
  std::vector<net::room_info> channels;
  std::uint64_t total = 0;
  /// 8 bytes for each of all that match, equal on all nodes: so that those on several nodes count
  /// once. Empty when there are more than `max_hashed`.
  std::string hashes;
  static constexpr std::uint64_t max_hashed = 50'000;
  static auto members(auto& of) { return std::tie(of.channels, of.total, of.hashes); }
};
struct channels_question {
  using answer = channels_answer;
  channel_kind kind = channel_kind::room;
  tenant_id tenant;  ///< empty: all
  std::string name;  ///< empty: all
  std::string after;
  std::uint64_t limit = max_page;
  std::string search;    ///< in the name
  bool largest = false;  ///< the `max_largest` with most sessions, whatever `after` and `limit` say
  static constexpr std::uint64_t max_largest = 2000;
  static auto members(auto& of) {
    return std::tie(of.kind, of.tenant, of.name, of.after, of.limit, of.search, of.largest);
  }
};

struct presence_answer {
  std::vector<net::presence_user> users;  ///< at most `max_users`
  std::uint64_t total = 0;
  static constexpr std::size_t max_users = 10'000;
  static auto members(auto& of) { return std::tie(of.users, of.total); }
};
struct presence_question {
  using answer = presence_answer;
  tenant_id tenant;
  std::string room;  ///< empty: the whole tenant
  static auto members(auto& of) { return std::tie(of.tenant, of.room); }
};

/// Ends a session. Errors: not_found (also when it is not of `tenant`), forbidden (not of `owner`).
struct close_question {
  using answer = nothing;
  session_id session;
  tenant_id tenant;  ///< empty: whatever it is
  std::string owner;
  /// Its client goes on with another session: it ends without a word if it `ends_quietly`, any
  /// other stays (not_found). Else it is kicked.
  bool left_behind = false;
  static auto members(auto& of) {
    return std::tie(of.session, of.tenant, of.owner, of.left_behind);
  }
};

/// Gives a session a new token. Errors: not_found (also another tenant's), forbidden (another
/// user).
struct renew_question {
  using answer = nothing;
  session_id session;
  net::identity fresh;
  static auto members(auto& of) { return std::tie(of.session, of.fresh); }
};

/// Answered when the node knows that the user is (not) a member.
struct membership_question {
  using answer = nothing;
  tenant_id tenant;
  std::string room;
  std::string user;
  bool member = true;
  static auto members(auto& of) { return std::tie(of.tenant, of.room, of.user, of.member); }
};

struct trace_answer {
  struct hop {
    std::string name;
    std::int64_t ns = 0;  ///< since the question arrived
    std::optional<std::uint64_t> sessions;
    static auto members(auto& of) { return std::tie(of.name, of.ns, of.sessions); }
  };
  std::vector<hop> hops;
  // By this node's wall clock, in ns since 1970: when it was asked and when it had all hops. 0: not
  // told.
  std::int64_t heard_ns = 0;
  std::int64_t replied_ns = 0;
  static auto members(auto& of) { return std::tie(of.hops, of.heard_ns, of.replied_ns); }
};
struct trace_question {
  using answer = trace_answer;
  tenant_id tenant;
  std::string room;
  static auto members(auto& of) { return std::tie(of.tenant, of.room); }
};

/// An event for one session. Error: not_found.
struct deliver_question {
  using answer = nothing;
  event item;
  static auto members(auto& of) { return std::tie(of.item); }
};

struct stats_question {
  using answer = net::node_stats;
  tenant_id tenant;  ///< empty: all
  static auto members(auto& of) { return std::tie(of.tenant); }
};

struct drain_question {
  using answer = nothing;
  static auto members(auto&) { return std::tie(); }
};

struct log_level_question {
  using answer = nothing;
  std::string level;
  static auto members(auto& of) { return std::tie(of.level); }
};

struct partitions_answer {
  std::vector<net::partition_info> partitions;
  static auto members(auto& of) { return std::tie(of.partitions); }
};
struct partitions_question {
  using answer = partitions_answer;
  static auto members(auto&) { return std::tie(); }
};

/// How often a rule's messages came to what, in the order of net::mapping_result.
struct mapping_figures {
  std::vector<std::uint64_t> counts;
  static auto members(auto& of) { return std::tie(of.counts); }
};
struct mappings_answer {
  struct lost_of {
    std::string stream;
    std::string subject;
    std::uint64_t lost = 0;
    static auto members(auto& of) { return std::tie(of.stream, of.subject, of.lost); }
  };
  std::vector<mapping_figures> rules;
  std::vector<lost_of> lost;
  static auto members(auto& of) { return std::tie(of.rules, of.lost); }
};
/// What foreign messages became on this node.
struct mappings_question {
  using answer = mappings_answer;
  static auto members(auto&) { return std::tie(); }
};

/// An event for a room was accepted; it stands at `position`, or is not stored (0).
struct room_named_question {
  using answer = nothing;
  tenant_id tenant;
  std::string room;
  std::uint64_t position = 0;
  static auto members(auto& of) { return std::tie(of.tenant, of.room, of.position); }
};

/// What sources say of this user, or this room, may have changed. Empty: whichever.
struct membership_news_question {
  using answer = nothing;
  tenant_id tenant;
  std::string user;
  std::string room;
  static auto members(auto& of) { return std::tie(of.tenant, of.user, of.room); }
};

/// How many deliveries took how long since the node began: one more than `latency_bounds`.
struct latency_answer {
  std::vector<std::uint64_t> counts;
  static auto members(auto& of) { return std::tie(of.counts); }
};
struct latency_question {
  using answer = latency_answer;
  static auto members(auto&) { return std::tie(); }
};

/// What net::session_change says. Errors: malformed (no such state), not_found (also when it is not
/// of `tenant`), forbidden (not of `owner`).
struct change_question {
  using answer = nothing;
  session_id session;
  tenant_id tenant;
  std::string owner;     ///< empty: whoever it is
  std::string presence;  ///< empty: stays
  std::optional<std::uint64_t> retry_ms;
  static auto members(auto& of) {
    return std::tie(of.session, of.tenant, of.owner, of.presence, of.retry_ms);
  }
};

/// The index is the number on the wire.
using question = std::variant<sessions_question, channels_question, presence_question,
                              close_question, renew_question, membership_question, trace_question,
                              deliver_question, stats_question, drain_question, log_level_question,
                              partitions_question, mappings_question, room_named_question,
                              membership_news_question, latency_question, change_question>;

/// What a node gives to one kind of question.
template <class Question>
struct answer_to {
  result<typename Question::answer> given = error{};
};
template <class>
struct answers_of;
template <class... Question>
struct answers_of<std::variant<Question...>> {
  using type = std::variant<answer_to<Question>...>;
};
/// In the order of `question`.
using any_answer = answers_of<question>::type;

/// What a node says of itself every second. `leaving`: for the last time.
struct announcement {
  net::node_info node;
  bool leaving = false;
  static auto members(auto& of) { return std::tie(of.node, of.leaving); }
};

/// Where a channel stands in the order of a list: by name, over several tenants by tenant first.
inline std::string page_key(bool one_tenant, const std::string& tenant, const std::string& name) {
  return one_tenant ? name : tenant + "/" + name;
}

}  // namespace starling::actors
