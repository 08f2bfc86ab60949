#include "net/http/router.hpp"

#include <algorithm>

#include "net/http/url.hpp"

namespace starling::net {

namespace {

struct line {
  http_method method;
  std::string_view path;
  access needs;
  api_op op;
};
using enum api_op;
constexpr auto get = http_method::get;
constexpr auto post = http_method::post;
constexpr auto put = http_method::put;
constexpr auto del = http_method::del;

constexpr line room_table[] = {
    {get, "/api/rooms/{}/history", access::token, room_history},
    {get, "/api/rooms/{}/presence", access::token, room_presence},
    {get, "/api/rooms/{}/members", access::admin, members_list},
    {get, "/api/rooms/{}/members/{}", access::admin, member_get},
    {put, "/api/rooms/{}/members/{}", access::admin, member_put},
    {del, "/api/rooms/{}/members/{}", access::admin, member_delete},
};

constexpr line plain_error_table[] = {
    {post, "/api/sse/disconnect/{}", access::token, sse_disconnect},
    {post, "/api/sse/broadcast", access::admin, sse_broadcast},
    {post, "/api/sse/send/{}", access::token, sse_send},
    {get, "/api/sse/stats", access::admin, sse_stats},
};

constexpr line admin_table[] = {
    {get, "/admin/v1/nodes", access::admin, admin_nodes},
    {get, "/admin/v1/nodes/{}", access::admin, admin_node},
    {post, "/admin/v1/nodes/{}/drain", access::admin, admin_drain},
    {put, "/admin/v1/nodes/{}/log-level", access::admin, admin_log_level},
    {get, "/admin/v1/rooms", access::admin, admin_rooms},
    {get, "/admin/v1/rooms/{}", access::admin, admin_room},
    {post, "/admin/v1/rooms/{}/trace", access::admin, admin_trace},
    {get, "/admin/v1/users", access::admin, admin_users},
    {get, "/admin/v1/users/{}", access::admin, admin_user},
    {del, "/admin/v1/users/{}/sessions", access::admin, admin_kick_user},
    {get, "/admin/v1/sessions", access::admin, admin_sessions},
    {get, "/admin/v1/sessions/{}", access::admin, admin_session},
    {del, "/admin/v1/sessions/{}", access::admin, admin_kick_session},
    {get, "/admin/v1/stats", access::admin, admin_stats},
    {get, "/admin/v1/config", access::admin, admin_config},
};

constexpr std::string_view sse_paths[] = {"/events",         "/stream",          "/sse",
                                          "/api/events",     "/realtime/events", "/realtime/sse",
                                          "/api/sse/connect"};

struct open_line {
  std::string_view path;
  endpoint target;
};
constexpr open_line open_table[] = {
    {"/livez", endpoint::livez},     {"/live", endpoint::livez},
    {"/readyz", endpoint::readyz},   {"/ready", endpoint::readyz},
    {"/healthz", endpoint::healthz}, {"/health", endpoint::healthz},
    {"/metrics", endpoint::metrics},
};

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == path.npos) return out;
    path.remove_prefix(slash + 1);
  }
}

std::string_view text_of(http_method method) {
  switch (method) {
    case http_method::get: return "GET, HEAD";
    case http_method::post: return "POST";
    case http_method::put: return "PUT";
    case http_method::del: return "DELETE";
    default: return "";
  }
}

/// Notes what `at` answers to; true when it answers `method`.
bool answers(const route& at, http_method method, bool admin_listener, route_match& out) {
  if (at.admin_listener_only && !admin_listener) return false;
  if (at.method == method || (at.method == http_method::get && method == http_method::head)) {
    out.found = &at;
    return true;
  }
  if (!out.allow.empty()) out.allow += ", ";
  out.allow += text_of(at.method);
  return false;
}

}  // namespace

router::router(const std::vector<asset_path>& assets) {
  for (const auto path : sse_paths) add(path, {.target = endpoint::sse, .needs = access::token});
  add("/ws", {.target = endpoint::ws, .needs = access::token});
  add("/api/publish", {.method = post, .target = endpoint::publish, .needs = access::token});
  // Its token may come in the body, so it is checked when that is there.
  add("/api/session/{}/token", {.method = post, .target = endpoint::session_token});
  add("/online-users", {.needs = access::token, .op = online_users});
  for (const auto& [path, target] : open_table) add(path, {.target = target});
  for (const auto& l : room_table)
    add(l.path, {.method = l.method, .needs = l.needs, .op = l.op, .room_name = true});
  for (const auto& l : plain_error_table)
    add(l.path, {.method = l.method, .needs = l.needs, .op = l.op, .plain_error = true});
  for (const auto& l : admin_table)
    add(l.path, {.method = l.method, .needs = l.needs, .op = l.op, .admin_listener_only = true});
  for (std::size_t i = 0; i < assets.size(); ++i)
    add(assets[i].path,
        {.target = endpoint::asset, .admin_listener_only = assets[i].admin_only, .asset = i});
}

void router::add(std::string_view path, route to) {
  if (path.find('{') == path.npos) {
    exact_[std::string(path)].push_back(to);
    return;
  }
  pattern out{{}, to};
  for (const auto segment : split(path))
    out.segments.emplace_back(segment == "{}" ? std::string_view{} : segment);
  patterns_.push_back(std::move(out));
}

route_match router::match(http_method method, std::string_view path, bool admin_listener) const {
  route_match out;
  if (path.empty() || path.front() != '/') return out;
  if (const auto at = exact_.find(std::string(path)); at != exact_.end()) {
    for (const auto& candidate : at->second)
      if (answers(candidate, method, admin_listener, out)) return out;
    return out;
  }
  const auto asked = split(path);
  for (const auto& candidate : patterns_) {
    if (candidate.segments.size() != asked.size()) continue;
    const bool fits = std::equal(asked.begin(), asked.end(), candidate.segments.begin(),
                                 [](std::string_view have, const std::string& want) {
                                   return want.empty() ? !have.empty() : have == want;
                                 });
    if (!fits || !answers(candidate.to, method, admin_listener, out)) continue;
    for (std::size_t i = 0, taken = 0; i < asked.size(); ++i)
      if (candidate.segments[i].empty())
        (taken++ == 0 ? out.name : out.member) = percent_decode(asked[i], false);
    return out;
  }
  return out;
}

}  // namespace starling::net
