/// Paths of the API, names percent-encoded.
#pragma once

#include <string>

namespace starling::ctl {

/// Whose data is asked for: the token's tenant unless said otherwise.
struct tenant_scope {
  std::string tenant;
  bool all = false;
};
/// `path` with the query that says so.
std::string scoped(std::string path, const tenant_scope& scope);

/// `/admin/v1/KIND` or `/admin/v1/KIND/NAME`.
std::string admin_path(const char* kind, const std::string& name = {});
/// `/api/rooms/ROOM/PART`.
std::string room_path(const std::string& room, const char* part);

}  // namespace starling::ctl
