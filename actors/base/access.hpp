/// Authorisation: what a verified identity may do. Pure.
#pragma once

#include <string>
#include <vector>

#include "net/auth/identity.hpp"
#include "net/base/result.hpp"
#include "net/wire/protocol.hpp"

namespace starling::actors {

/// Rooms of a new session: the exact names of the token's `rooms` claim, then those asked for.
std::vector<std::string> rooms_to_join(const net::identity& identity,
                                       const std::vector<std::string>& asked);

/// Error names the target the identity may not publish to.
result<void> may_publish(const net::identity& caller, const net::publish_item& item);

}  // namespace starling::actors
