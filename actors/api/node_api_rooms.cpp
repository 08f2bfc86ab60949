// History, presence and the roster.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "actors/api/gather.hpp"
#include "actors/api/node_api.hpp"
#include "actors/api/paging.hpp"
#include "actors/messages/session.hpp"
#include "net/base/clock.hpp"
#include "net/wire/admin_codec.hpp"

namespace starling::actors {

using json = nlohmann::ordered_json;
using message = nlohmann::json;  // between nodes: any order

namespace {

json member_json(const cluster::roster_entry& entry) {
  return {{"user", entry.user}, {"since", entry.since_ms}};
}

json event_json(const stored_event& stored, epoch_id epoch) {
  const auto& what = stored.what;
  json out{{"id", what.id}, {"event", what.name}, {"ts", what.ts_ms()}};
  out["data"] = what.data_is_text ? json(what.data) : json::parse(what.data, nullptr, false);
  out["position"] = cursor{epoch, stored.seq}.str();
  if (!what.sender.empty()) out["sender"] = what.sender;
  return out;
}

/// The most available state of all counts; sessions add up; the earliest start stays.
void merge(std::map<std::string, net::presence_user>& into, const net::presence_user& from) {
  auto& user = into[from.user];
  if (user.sessions == 0 || more_available(from.state, user.state)) user.state = from.state;
  if (user.sessions == 0 || from.since_ms < user.since_ms) user.since_ms = from.since_ms;
  user.sessions += from.sessions;
  user.user = from.user;
}

json presence_json(const std::map<std::string, net::presence_user>& users) {
  json out = json::array();
  for (const auto& [name, user] : users)
    out.push_back({{"user", name},
                   {"state", user.state},
                   {"sessions", user.sessions},
                   {"since", user.since_ms}});
  return out;
}

std::map<std::string, net::presence_user> merged_presence(const cluster_answer& answer) {
  std::map<std::string, net::presence_user> users;
  for (const auto& part : answer.parts)
    for (const auto& user : part.body) merge(users, user.get<net::presence_user>());
  return users;
}

}  // namespace

void node_api::may_read_room(const net::api_request& request, const std::string& room,
                             std::function<void(result<void>)> allowed) {
  if (request.who->admin || net::may_join(*request.who, room)) return allowed({});
  node_.roster.send(
      rooms_of_user_query{request.who->tenant, request.who->user.str(),
                          [room, allowed](std::vector<std::string> rooms) {
                            if (std::find(rooms.begin(), rooms.end(), room) != rooms.end())
                              return allowed({});
                            allowed(error{errc::forbidden, "room \"" + room + "\" is not allowed"});
                          }});
}

void node_api::history(const net::api_request& request, done reply) {
  const auto page = parse_page(request.query, 100, node_.options.history.max_events_per_channel);
  if (!page) return reply(page.error());
  sequence after = 0;
  if (!page->after.empty()) {
    const auto at = parse_cursor(page->after);
    if (!at) return reply(error{errc::malformed, "after: not a position of this cluster"});
    // Nothing of another life of the store is before anything here.
    if (at->at.epoch == node_.here(request.who->tenant).epoch) after = at->at.seq;
  }
  may_read_room(request, request.name, [this, request, after, limit = page->limit, reply](auto ok) {
    if (!ok) return reply(ok.error());
    const auto epoch = node_.here(request.who->tenant).epoch;
    node_.engine->history_of(request.who->tenant)
        .read(room_channel(request.who->tenant, request.name), after, ~sequence{0}, limit,
              [reply, epoch](result<cluster::log_page> found) {
                if (!found) return reply(found.error());
                json events = json::array();
                for (const auto& stored : found->events)
                  events.push_back(event_json(stored, epoch));
                json next;
                if (found->more) next = cursor{epoch, found->events.back().seq}.str();
                reply(json{{"events", std::move(events)}, {"next", std::move(next)}});
              });
  });
}

void node_api::presence(const net::api_request& request, done reply) {
  may_read_room(request, request.name, [this, request, reply](result<void> ok) {
    if (!ok) return reply(ok.error());
    cluster_.ask_all(
        {{"op", "presence"}, {"tenant", request.who->tenant.str()}, {"room", request.name}},
        [reply, room = request.name](cluster_answer answer) {
          const auto users = merged_presence(answer);
          reply(json{{"room", room},
                     {"count", users.size()},
                     {"users", presence_json(users)},
                     {"unreachable", answer.missing}});
        });
  });
}

void node_api::online_users(const net::api_request& request, done reply) {
  const auto ask = [this, request, reply](std::vector<std::string> rooms) {
    if (rooms.empty()) return reply(json::array());
    auto together = std::make_shared<gather<net::presence_user>>(
        rooms.size(), [reply, self = request.who->user.str()](auto all) {
          std::map<std::string, net::presence_user> users;
          for (const auto& user : all)
            if (user.user != self) merge(users, user);
          reply(presence_json(users));
        });
    for (const auto& room : rooms)
      cluster_.ask_all({{"op", "presence"}, {"tenant", request.who->tenant.str()}, {"room", room}},
                       [part = together->part()](cluster_answer answer) {
                         std::vector<net::presence_user> users;
                         for (auto& [name, user] : merged_presence(answer))
                           users.push_back(std::move(user));
                         part(std::move(users));
                       });
  };
  if (const auto room = request.query.find("room"); room != request.query.end())
    return may_read_room(request, room->second, [ask, name = room->second, reply](result<void> ok) {
      ok ? ask({name}) : reply(ok.error());
    });
  node_.roster.send(rooms_of_user_query{request.who->tenant, request.who->user.str(),
                                        [ask, who = request.who](std::vector<std::string> rooms) {
                                          for (const auto& room : who->rooms)
                                            if (net::is_exact(room)) rooms.push_back(room);
                                          std::sort(rooms.begin(), rooms.end());
                                          rooms.erase(std::unique(rooms.begin(), rooms.end()),
                                                      rooms.end());
                                          ask(std::move(rooms));
                                        }});
}

// -- roster -------------------------------------------------------------------------------------

void node_api::members(const net::api_request& request, done reply) {
  const auto page = parse_page(request.query, 1000, 10'000);
  if (!page) return reply(page.error());
  node_.roster.send(
      members_query{request.who->tenant, request.name, page->after, page->limit + 1,
                    [reply, limit = page->limit](auto entries) {
                      json next;
                      if (entries.size() > limit) {
                        entries.resize(limit);
                        next = entries.back().user;
                      }
                      json list = json::array();
                      for (const auto& e : entries) list.push_back(member_json(e));
                      reply(json{{"members", std::move(list)}, {"next", std::move(next)}});
                    }});
}

void node_api::member(const net::api_request& request, done reply) {
  node_.roster.send(members_query{
      request.who->tenant, request.name, {}, ~std::size_t{0}, [reply, request](auto entries) {
        for (const auto& e : entries)
          if (e.user == request.member) return reply(member_json(e));
        reply(error{errc::not_found, "user \"" + request.member + "\" is not a member of room \"" +
                                         request.name + "\""});
      }});
}

void node_api::put_member(const net::api_request& request, done reply) {
  // What was said before this moment is not the new member's: the store says where it stands.
  node_.engine->history_of(request.who->tenant)
      .state([this, request, reply](result<cluster::log_state> state) {
        if (!state) return reply(state.error());
        cluster::roster_entry entry{request.who->tenant, request.name, request.member, wall_ms(),
                                    state->last};
        node_.engine->roster().put(std::move(entry), [this, request, reply](auto stored) {
          if (!stored) return reply(stored.error());
          when_known_everywhere(request, true,
                                [reply, entry = *stored] { reply(member_json(entry)); });
        });
      });
}

void node_api::delete_member(const net::api_request& request, done reply) {
  node_.engine->roster().erase(request.who->tenant, request.name, request.member,
                               [this, request, reply](result<bool> removed) {
                                 if (!removed) return reply(removed.error());
                                 when_known_everywhere(request, false, [reply, was = *removed] {
                                   reply(json{{"removed", was}});
                                 });
                               });
}

void node_api::when_known_everywhere(const net::api_request& request, bool member,
                                     std::function<void()> then) {
  cluster_.ask_all({{"op", "await_membership"},
                    {"tenant", request.who->tenant.str()},
                    {"room", request.name},
                    {"user", request.member},
                    {"member", member}},
                   [then = std::move(then)](const cluster_answer&) { then(); });
}

}  // namespace starling::actors
