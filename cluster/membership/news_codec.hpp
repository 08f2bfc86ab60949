/// What a NOTIFY of PostgreSQL says of memberships.
#pragma once

#include <string_view>

#include "cluster/membership_source.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

/// `{"user"?, "room"?, "tenant"?}`, names or whole numbers; empty: anything may have changed.
/// Errors: malformed.
result<membership_news> parse_membership_news(std::string_view payload);

}  // namespace starling::cluster
