// Inspection of the whole cluster.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "actors/api/node_api.hpp"
#include "actors/api/paging.hpp"
#include "actors/messages/session.hpp"
#include "net/base/clock.hpp"
#include "net/wire/admin_codec.hpp"

namespace starling::actors {

using json = nlohmann::ordered_json;
using message = nlohmann::json;  // between nodes: any order

namespace {

json replied(const cluster_answer& answer) {
  json out = json::array();
  for (const auto& part : answer.parts) out.push_back(part.node);
  return out;
}

/// A page of `all` (ordered by name) with the nodes that took part.
json list_json(const char* plural, const std::map<std::string, json>& all, const page_request& page,
               const cluster_answer& answer) {
  json items = json::array();
  json next;
  for (auto at = all.upper_bound(page.after); at != all.end(); ++at) {
    if (items.size() == page.limit) {
      next = std::prev(at)->first;
      break;
    }
    items.push_back(at->second);
  }
  return {{plural, std::move(items)},
          {"next", std::move(next)},
          {"total", all.size()},
          {"replied", replied(answer)},
          {"missing", answer.missing}};
}

/// Channels of one tenant, by name, members added up over the nodes. `count`: name of that sum.
std::map<std::string, json> merge_channels(const cluster_answer& answer, const tenant_id& tenant,
                                           const char* name, const char* count) {
  std::map<std::string, json> out;
  for (const auto& part : answer.parts)
    for (const auto& item : part.body) {
      const auto info = item.get<net::room_info>();
      if (info.tenant != tenant.str() || info.members == 0) continue;
      auto& merged = out[info.room];
      if (merged.is_null())
        merged = {{name, info.room}, {"tenant", info.tenant}, {count, 0}, {"nodes", json::array()}};
      merged[count] = merged[count].get<std::uint64_t>() + info.members;
      merged["nodes"].push_back(part.node);
    }
  return out;
}

/// How many different channels the nodes named, those on several nodes once.
std::size_t count_distinct(const cluster_answer& answer) {
  std::set<std::pair<std::string, std::string>> all;
  for (const auto& part : answer.parts)
    for (const auto& item : part.body) {
      auto info = item.get<net::room_info>();
      if (info.members > 0) all.emplace(std::move(info.tenant), std::move(info.room));
    }
  return all.size();
}

/// Statistics are asked for often: beyond this many users and rooms the nodes' counts are added up.
/// Their names are some 60 bytes each.
constexpr std::uint64_t most_names_compared = 20'000;

}  // namespace

void node_api::nodes(done reply) {
  json list = json::array();
  json there = json::array();
  json missing = json::array();
  for (const auto& info : nodes_.nodes(steady_clock::now())) {
    list.push_back(json(message(info)));
    (info.state == "alive" || info.state == "draining" ? there : missing).push_back(info.id);
  }
  reply(json{{"nodes", std::move(list)},
             {"next", nullptr},
             {"replied", std::move(there)},
             {"missing", std::move(missing)}});
}

void node_api::node(const std::string& id, done reply) {
  const auto found = nodes_.find(id, steady_clock::now());
  if (!found) return reply(error{errc::not_found, "no node \"" + id + "\""});
  reply(json(message(*found)));
}

void node_api::command_node(const net::api_request& request, message command, done reply) {
  const auto found = nodes_.find(request.name, steady_clock::now());
  if (!found || found->state == "gone")
    return reply(error{errc::not_found, "no node \"" + request.name + "\""});
  cluster_.ask(request.name, std::move(command), [reply](result<message> answer) {
    if (const auto ok = outcome_of(answer); !ok) return reply(ok.error());
    reply(json(*answer));
  });
}

void node_api::rooms(const net::api_request& request, done reply) {
  const auto page = parse_page(request.query, 100, 1000);
  if (!page) return reply(page.error());
  cluster_.ask_all({{"op", "rooms"}}, [request, page = *page, reply](cluster_answer answer) {
    const auto all = merge_channels(answer, request.who->tenant, "room", "members");
    reply(list_json("rooms", all, page, answer));
  });
}

void node_api::room(const net::api_request& request, done reply) {
  cluster_.ask_all({{"op", "rooms"}}, [this, request, reply](cluster_answer answer) {
    auto all = merge_channels(answer, request.who->tenant, "room", "members");
    const auto found = all.find(request.name);
    if (found == all.end())
      return reply(error{errc::not_found, "room \"" + request.name + "\" has no session in it"});
    auto room = std::move(found->second);
    cluster_.ask_all(
        {{"op", "presence"}, {"tenant", request.who->tenant.str()}, {"room", request.name}},
        [room = std::move(room), reply](cluster_answer who) mutable {
          std::set<std::string> users;
          for (const auto& part : who.parts)
            for (const auto& user : part.body) users.insert(user.value("user", std::string{}));
          room["users"] = users;
          room["replied"] = replied(who);
          room["missing"] = who.missing;
          reply(std::move(room));
        });
  });
}

void node_api::users(const net::api_request& request, done reply) {
  const auto page = parse_page(request.query, 100, 1000);
  if (!page) return reply(page.error());
  cluster_.ask_all({{"op", "users"}}, [request, page = *page, reply](cluster_answer answer) {
    const auto all = merge_channels(answer, request.who->tenant, "user", "sessions");
    reply(list_json("users", all, page, answer));
  });
}

void node_api::user(const net::api_request& request, done reply) {
  cluster_.ask_all(
      {{"op", "sessions"}, {"tenant", request.who->tenant.str()}, {"user", request.name}},
      [this, request, reply](cluster_answer answer) {
        json details = json::array();
        std::set<std::string> on;
        for (const auto& part : answer.parts)
          for (const auto& session : part.body) {
            details.push_back(json(session));
            on.insert(part.node);
          }
        json out{{"user", request.name},          {"tenant", request.who->tenant.str()},
                 {"sessions", details.size()},    {"nodes", on},
                 {"details", std::move(details)}, {"replied", replied(answer)},
                 {"missing", answer.missing}};
        node_.roster.send(rooms_of_user_query{
            request.who->tenant, request.name,
            [out = std::move(out), reply](std::vector<std::string> rooms) mutable {
              if (rooms.empty() && out["sessions"] == 0)
                return reply(error{errc::not_found, "user \"" + out["user"].get<std::string>() +
                                                        "\" has no session and no room"});
              out["rooms"] = rooms;
              reply(std::move(out));
            }});
      });
}

void node_api::sessions(const net::api_request& request, done reply) {
  const auto page = parse_page(request.query, 100, 1000);
  if (!page) return reply(page.error());
  message question{{"op", "sessions"}, {"tenant", request.who->tenant.str()}};
  if (const auto user = request.query.find("user"); user != request.query.end())
    question["user"] = user->second;
  cluster_.ask_all(std::move(question), [page = *page, reply](cluster_answer answer) {
    std::map<std::string, json> all;
    for (const auto& part : answer.parts)
      for (const auto& session : part.body)
        all[session.value("client_id", std::string{})] = session;
    reply(list_json("sessions", all, page, answer));
  });
}

void node_api::session(const net::api_request& request, done reply) {
  const auto id = *session_id::parse(request.name);
  cluster_.ask_home_of(
      id, {{"op", "sessions"}, {"tenant", request.who->tenant.str()}, {"session", id.str()}},
      [reply, name = request.name](result<message> found) {
        if (!found) return reply(found.error());
        if (!found->is_array() || found->empty())
          return reply(error{errc::not_found, "no session \"" + name + "\""});
        reply(json(found->front()));
      });
}

message local_stats(const node_context& node, const std::vector<net::io_loop*>& loops) {
  net::node_stats out;
  out.sessions = node.sessions;
  out.rooms = node.rooms;
  out.users = node.users;
  const auto sum = [](const auto& counters) {
    std::uint64_t all = 0;
    for (const auto& c : counters) all += c.get();
    return all;
  };
  for (const auto* loop : loops) {
    const auto& m = loop->metrics();
    out.events_in += sum(m.events_in);
    out.deliveries += sum(m.deliveries);
    out.bytes_out += m.bytes_out.get();
    out.opened += m.sessions_opened.get();
    out.closed += sum(m.sessions_closed);
    out.dropped += sum(m.dropped);
    out.outbox_bytes += m.outbox_bytes.get();
  }
  return out;
}

void node_api::stats(std::function<void(answer)> reply) {
  cluster_.ask_all({{"op", "stats"}}, [this, reply = std::move(reply)](cluster_answer answer) {
    json sum = json::object();
    for (const auto& part : answer.parts)
      for (const auto& [key, value] : part.body.items())
        if (value.is_number_unsigned())
          sum[key] = sum.value(key, std::uint64_t{0}) + value.get<std::uint64_t>();
    sum["nodes"] = answer.parts.size() + answer.missing.size();
    const auto names = sum.value("users", std::uint64_t{0}) + sum.value("rooms", std::uint64_t{0});
    sum["distinct"] = answer.parts.size() < 2 || names <= most_names_compared;
    const auto who = [answer](json& out) {
      out["replied"] = replied(answer);
      out["missing"] = answer.missing;
    };
    if (answer.parts.size() < 2 || !sum["distinct"].get<bool>()) {
      who(sum);
      return reply(std::move(sum));
    }
    cluster_.ask_all({{"op", "users"}}, [this, reply, who, sum](const cluster_answer& users) {
      cluster_.ask_all({{"op", "rooms"}},
                       [reply, who, sum, users](const cluster_answer& rooms) mutable {
                         sum["users"] = count_distinct(users);
                         sum["rooms"] = count_distinct(rooms);
                         who(sum);
                         reply(std::move(sum));
                       });
    });
  });
}

void node_api::trace(const net::api_request& request, done reply) {
  // A probe goes the way of an event: into the store, and on each node through bridge, room and
  // shards. Clients see nothing of it.
  const auto started = steady_clock::now();
  const auto ms_since = [](steady_time from) {
    return std::chrono::duration<double, std::milli>(steady_clock::now() - from).count();
  };
  event probe;
  const auto partitions = node_.engine->partitions();
  const auto home = cluster::partition_of(request.who->tenant, partitions);
  probe.where = {cluster::node_tenant(home, partitions), channel_kind::client,
                 "trace:" + node_.options.id.str()};
  probe.id = make_event_id();
  probe.name = "trace";
  probe.data = "{}";
  const auto id = probe.id;
  node_.engine->history_of(probe.where.tenant)
      .append(std::move(probe), {}, [this, request, reply, started, ms_since, id](auto stored) {
        if (!stored) return reply(stored.error());
        const auto stored_ms = ms_since(started);
        cluster_.ask_all(
            {{"op", "trace"}, {"tenant", request.who->tenant.str()}, {"room", request.name}},
            [=, this](cluster_answer answer) {
              json hops = json::array();
              hops.push_back(
                  {{"node", node_.options.id.str()}, {"hop", "stored"}, {"ms", stored_ms}});
              for (const auto& part : answer.parts)
                for (const auto& hop : part.body) {
                  hops.push_back(json(hop));
                  hops.back()["node"] = part.node;
                  hops.back()["ms"] = stored_ms + hop.value("ms", 0.0);
                }
              hops.push_back({{"node", node_.options.id.str()},
                              {"hop", "all nodes answered"},
                              {"ms", ms_since(started)}});
              reply(json{{"room", request.name},
                         {"trace_id", id},
                         {"stored_ms", stored_ms},
                         {"hops", std::move(hops)},
                         {"replied", replied(answer)},
                         {"missing", answer.missing}});
            });
      });
}

}  // namespace starling::actors
