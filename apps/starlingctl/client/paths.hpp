/// Paths of the API, names percent-encoded.
#pragma once

#include <string>

namespace starling::ctl {

/// `/admin/v1/KIND` or `/admin/v1/KIND/NAME`.
std::string admin_path(const char* kind, const std::string& name = {});
/// `/api/rooms/ROOM/PART`.
std::string room_path(const std::string& room, const char* part);

}  // namespace starling::ctl
