/// fechatter's notify server, as its clients and its gateway know it: who is online in a chat, and
/// its health. Its streams are in formats, its tokens in claims, its servers' messages in the
/// mapping profile.
#pragma once

#include <vector>

#include "net/http/route.hpp"

namespace starling::net::fechatter {

std::vector<route> routes();

}  // namespace starling::net::fechatter
