#include "apps/starlingctl/client/paths.hpp"

#include "net/http/url.hpp"

namespace starling::ctl {

std::string admin_path(const char* kind, const std::string& name) {
  std::string path = std::string("/admin/v1/") + kind;
  return name.empty() ? path : path + "/" + net::percent_encode(name);
}

std::string room_path(const std::string& room, const char* part) {
  return "/api/rooms/" + net::percent_encode(room) + "/" + part;
}

}  // namespace starling::ctl
