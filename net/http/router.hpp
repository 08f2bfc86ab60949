/// Which request goes where: a pure table of methods and path patterns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/service.hpp"

namespace starling::net {

enum class http_method : std::uint8_t {
  get,
  head,
  post,
  put,
  del,
  options,
  other
};

enum class endpoint : std::uint8_t {
  sse,      ///< GET /events and its aliases
  ws,       ///< GET /ws
  publish,  ///< POST /api/publish
  session_token,
  api,     ///< service::call with `route::op`
  livez,   ///< the process answers
  readyz,  ///< new streams may come here
  healthz,
  metrics,
  asset,
};

/// What a request must prove before its body is read.
enum class access : std::uint8_t {
  none,
  token,
  admin
};

struct route {
  http_method method = http_method::get;
  endpoint target = endpoint::api;
  access needs = access::none;
  api_op op = api_op::online_users;  ///< `endpoint::api` only
  bool admin_listener_only = false;
  bool room_name = false;    ///< the first path parameter is a room
  bool plain_error = false;  ///< errors are `{"error":"text"}`
  std::size_t asset = 0;     ///< index, `endpoint::asset` only
};

struct route_match {
  const route* found = nullptr;  ///< lives as long as the router
  /// Path exists, method does not: what to say in `Allow`. Empty: 404.
  std::string allow;
  std::string name;    ///< first path parameter, percent-decoded
  std::string member;  ///< second
};

/// Immutable after construction; any thread. HEAD is answered where GET is. Paths of the admin
/// listener do not exist on the public one.
class router {
 public:
  /// asset_paths: served by GET; those of `admin_only` on the admin listener only.
  struct asset_path {
    std::string path;
    bool admin_only = false;
  };
  explicit router(const std::vector<asset_path>& assets = {});

  /// path: as in the request target, without the query, still percent-encoded. A parameter takes
  /// one segment, so a `/` inside a name is sent as `%2F`.
  route_match match(http_method method, std::string_view path, bool admin_listener) const;

 private:
  struct pattern {
    std::vector<std::string> segments;  // empty text: a parameter
    route to;
  };
  void add(std::string_view path, route to);

  std::unordered_map<std::string, std::vector<route>> exact_;
  std::vector<pattern> patterns_;
};

}  // namespace starling::net
