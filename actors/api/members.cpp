// The durable roster.
#include <nlohmann/json.hpp>

#include "actors/api/api_call.hpp"
#include "actors/api/paging.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;

json member_json(const cluster::roster_entry& entry) {
  return {{"user", entry.user}, {"since", entry.since_ms}};
}

void list_members(const call_ptr& call) {
  const auto page = parse_page(call->request.query, 1000, 10'000);
  if (!page) return call->fail(page.error());
  const auto shape = [call, limit = page->limit](std::vector<cluster::roster_entry> entries) {
    json next;
    if (entries.size() > limit) {
      entries.resize(limit);
      next = entries.back().user;
    }
    json list = json::array();
    for (const auto& entry : entries) list.push_back(member_json(entry));
    call->answer({{"members", std::move(list)}, {"next", std::move(next)}});
  };
  call->parts.node.roster.send(members_query{call->tenant, call->request.name, page->after,
                                             page->limit + 1, call->back(shape)});
}

void get_member(const call_ptr& call) {
  const auto shape = [call](const std::vector<cluster::roster_entry>& entries) {
    for (const auto& entry : entries)
      if (entry.user == call->request.member) return call->answer(member_json(entry));
    call->fail(error{errc::not_found, "user \"" + call->request.member +
                                          "\" is not a member of room \"" + call->request.name +
                                          "\""});
  };
  call->parts.node.roster.send(
      members_query{call->tenant, call->request.name, {}, ~std::size_t{0}, call->back(shape)});
}

/// Answers when all nodes know that the user is (not) a member.
void answer_when_known(const call_ptr& call, bool member, json answer) {
  call->parts.cluster.ask_all(
      call->loop,
      membership_question{call->tenant, call->request.name, call->request.member, member},
      [call, answer = std::move(answer)](const auto&) { call->answer(answer); });
}

void put_member(const call_ptr& call) {
  // What was said before this moment is not the new member's: the store says where it stands.
  const auto store = [call](const result<cluster::log_state>& state) {
    if (!state) return call->fail(state.error());
    const auto stored = [call](const result<cluster::roster_entry>& entry) {
      if (!entry) return call->fail(entry.error());
      answer_when_known(call, true, member_json(*entry));
    };
    call->parts.node.engine->roster().put(
        {call->tenant, call->request.name, call->request.member, wall_ms(), state->last},
        call->back(stored));
  };
  call->parts.node.engine->history_of(call->tenant).state(call->back(store));
}

void delete_member(const call_ptr& call) {
  const auto erased = [call](const result<bool>& removed) {
    if (!removed) return call->fail(removed.error());
    answer_when_known(call, false, {{"removed", *removed}});
  };
  call->parts.node.engine->roster().erase(call->tenant, call->request.name, call->request.member,
                                          call->back(erased));
}

}  // namespace

api_rows member_rows() {
  using enum net::http_method;
  constexpr auto admin = net::access::admin;
  constexpr std::string_view one = "/api/rooms/{room}/members/{user}";
  return {
      {get, "/api/rooms/{room}/members", admin, list_members, "after limit tenant"},
      {get, one, admin, get_member, "tenant"},
      {put, one, admin, put_member, "tenant", small_body},
      {del, one, admin, delete_member, "tenant"},
  };
}

}  // namespace starling::actors
