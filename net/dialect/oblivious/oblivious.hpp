/// Oblivious' event hub: its stream (the native one, with `timestamp` in `connected`), commands to
/// single sessions, broadcast and statistics, with errors as `{"error":"text"}`.
#pragma once

#include <vector>

#include "net/http/route.hpp"

namespace starling::net::oblivious {

std::vector<route> routes();

}  // namespace starling::net::oblivious
