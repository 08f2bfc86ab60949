// Memberships by the hundred thousand.
#include <boost/asio/post.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "actors/api/member_changes.hpp"
#include "net/io/io_loop.hpp"
#include "net/wire/member_codec.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;

/// Lines that are read in one go: 1 ms of the loop.
constexpr std::size_t lines_at_once = 1000;
/// 300,000 lines and more; read as it stands, and never a tree.
constexpr std::size_t bulk_body = 32 * 1024 * 1024;

/// Calls `step` again and again, other work of the loop in between, as long as it answers true.
template <class Step>
void in_steps(const call_ptr& call, Step step) {
  if (!step()) return;
  boost::asio::post(call->loop.context(), [call, step = std::move(step)]() mutable {
    if (!call->parts.cluster.closed()) in_steps(call, std::move(step));
  });
}

/// POST /api/members: what its lines ask for.
struct line_import {
  explicit line_import(const call_ptr& call) : call(call), lines(call->request.body) {}

  /// False at the end.
  bool read_some() {
    std::string_view line;
    for (std::size_t i = 0; i < lines_at_once; ++i) {
      if (!lines.next(line)) return false;
      auto read = net::parse_member_line(line);
      if (read)
        add(std::move(*read));
      else
        errors.push_back({{"line", lines.number()}, {"message", read.error().message}});
    }
    return true;
  }

  /// Of several lines about one membership the last one counts.
  void add(net::member_line line) {
    ++done;
    const auto [at, fresh] = places.try_emplace(line.room + ' ' + line.user, changes.size());
    if (fresh)
      changes.push_back({{call->tenant, std::move(line.room), std::move(line.user)}, line.member});
    else
      changes[at->second].member = line.member;
  }

  const call_ptr call;
  net::text_lines lines;
  std::vector<cluster::roster_change> changes;
  std::unordered_map<std::string, std::size_t> places;
  std::size_t done = 0;
  json errors = json::array();
};

void import_members(const call_ptr& call) {
  in_steps(call, [call, of = std::make_shared<line_import>(call)] {
    if (of->read_some()) return true;
    of->places.clear();
    change_members(call, std::move(of->changes), [call, of](changes_made) {
      call->answer({{"done", of->done}, {"errors", std::move(of->errors)}});
    });
    return false;
  });
}

/// PUT and DELETE of a room's members: whoever is not in the list goes.
struct replacement {
  explicit replacement(const call_ptr& call) : call(call), list(call->request.body) {}

  const call_ptr call;
  net::user_list_reader list;
  std::unordered_map<std::string, bool> users;  ///< is a member already
  std::vector<cluster::roster_change> changes;
};
using replacement_ptr = std::shared_ptr<replacement>;

cluster::roster_change change_of(const replacement& of, std::string user, bool member) {
  return {{of.call->tenant, of.call->request.name, std::move(user)}, member};
}

/// All members are compared: what is left of the list is new.
void replace(const replacement_ptr& of) {
  const auto& call = of->call;
  for (const auto& [user, there] : of->users)
    if (!there) of->changes.push_back(change_of(*of, user, true));
  change_members(call, std::move(of->changes), [call, count = of->users.size()](changes_made made) {
    call->answer({{"done", count}, {"added", made.added}, {"removed", made.removed}});
  });
}

void compare(const replacement_ptr& of, std::string after) {
  constexpr std::size_t page = 10'000;
  const auto& call = of->call;
  const auto look = [of](const std::vector<cluster::roster_entry>& members) {
    for (const auto& each : members) {
      const auto wanted = of->users.find(each.user);
      if (wanted == of->users.end())
        of->changes.push_back(change_of(*of, each.user, false));
      else
        wanted->second = true;
    }
    if (members.size() < page) return replace(of);
    compare(of, members.back().user);
  };
  call->parts.node.roster.send(
      members_query{call->tenant, call->request.name, std::move(after), page, call->back(look)});
}

void replace_members(const call_ptr& call) {
  in_steps(call, [call, of = std::make_shared<replacement>(call)] {
    const auto more = of->list.read(
        lines_at_once, [&](std::string user) { of->users.emplace(std::move(user), false); });
    if (!more) {
      call->fail(more.error());
      return false;
    }
    if (!*more) compare(of, {});
    return *more;
  });
}

void clear_members(const call_ptr& call) { compare(std::make_shared<replacement>(call), {}); }

}  // namespace

api_rows bulk_member_rows() {
  using enum net::http_method;
  constexpr auto admin = net::access::admin;
  constexpr std::string_view room = "/api/rooms/{room}/members";
  return {
      {post, "/api/members", admin, import_members, "tenant", bulk_body},
      {put, room, admin, replace_members, "tenant", bulk_body},
      {del, room, admin, clear_members, "tenant"},
  };
}

}  // namespace starling::actors
