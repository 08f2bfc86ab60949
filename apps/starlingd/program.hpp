/// The node as a process: wiring, signals, reload, drain.
#pragma once

#include <memory>

#include "apps/starlingd/config/config_load.hpp"
#include "net/auth/key_set.hpp"
#include "net/base/result.hpp"

namespace starling::app {

/// The keys of a configuration (`dev` only with auth.dev). Errors name the file.
result<std::shared_ptr<const net::key_set>> load_keys(const config& c);

/// Runs until SIGTERM, SIGINT or a drain command; returns the exit code. Prints the ready line.
/// Throws std::runtime_error when an address cannot be bound.
int run(const load_request& request, load_result loaded, std::shared_ptr<const net::key_set> keys);

}  // namespace starling::app
