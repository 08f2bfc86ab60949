/// The node as a process: wiring, signals, reload, drain.
#pragma once

#include <memory>

#include "apps/starlingd/config/config_load.hpp"
#include "net/auth/key_set.hpp"

namespace starling::app {

/// Runs until SIGTERM, SIGINT or a drain command; returns the exit code. Prints the ready line.
/// Throws std::runtime_error when an address cannot be bound.
int run(const load_request& request, load_result loaded, std::shared_ptr<const net::key_set> keys);

}  // namespace starling::app
