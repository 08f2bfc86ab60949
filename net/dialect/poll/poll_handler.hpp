/// GET /api/poll: sessions for networks that break streaming.
#pragma once

#include <chrono>
#include <vector>

#include "net/http/route.hpp"

namespace starling::net::poll {

/// grace: how long a session outlives its last answer.
std::vector<route> routes(std::chrono::milliseconds grace);

}  // namespace starling::net::poll
