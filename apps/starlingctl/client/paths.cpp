#include "apps/starlingctl/client/paths.hpp"

#include "net/http/url.hpp"

namespace starling::ctl {

std::string scoped(std::string path, const tenant_scope& scope) {
  if (scope.all) return path + "?all_tenants=1";
  if (!scope.tenant.empty()) return path + "?tenant=" + net::percent_encode(scope.tenant);
  return path;
}

std::string admin_path(const char* kind, const std::string& name) {
  std::string path = std::string("/admin/v1/") + kind;
  return name.empty() ? path : path + "/" + net::percent_encode(name);
}

std::string room_path(const std::string& room, const char* part) {
  return "/api/rooms/" + net::percent_encode(room) + "/" + part;
}

}  // namespace starling::ctl
