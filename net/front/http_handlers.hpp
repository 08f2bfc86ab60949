/// From a request to the service and back, and the rows that lead there.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "net/front/http_session.hpp"

namespace starling::net {

/// Fills `route` and `cors` of `x` by as much of the header as has been read.
void locate(http_exchange& x, const loop_front& front);

/// Looks at the header alone: origin, route, token, administrator. Fills `route`, `caller` and
/// `cors` of `x`. Returns what to answer instead of going on.
std::optional<http_response> admit(http_exchange& x, loop_front& front);

/// Verifies `token` with the current keys and rules.
result<identity_ptr> authenticate(loop_front& front, std::string_view token);
/// Whoever a request speaks for, by its API key or its token.
result<identity_ptr> authenticate(loop_front& front, const http_request& request,
                                  bool cookie_counts);

/// Who a publish is charged to: the token, else the address.
std::uint64_t publisher_key(const http_exchange& x);
/// Charges `targets` to limits.publish_rate of the token (or address). Returns what to answer
/// instead of going on.
std::optional<http_response> limit_publish_rate(const http_exchange& x, loop_front& front,
                                                std::size_t targets);
/// The answer to a publish that the service never sees, counted here; it counts its own.
http_response refuse_publish(const http_exchange& x, loop_front& front, const error& why);

// Rows of the table of paths, each list beside its handlers.
std::vector<route> health_routes();
std::vector<route> asset_routes(std::vector<static_asset> assets);
std::vector<route> service_routes(std::vector<api_route> rows);
/// All of these, and those of dialects.
std::vector<route> front_routes(service& node, std::vector<static_asset> assets,
                                std::vector<route> dialects);

}  // namespace starling::net
