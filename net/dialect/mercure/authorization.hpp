/// Who asks a Mercure hub, and what the token lets them do.
#pragma once

#include "net/dialect/mercure/grants.hpp"
#include "net/dialect/mercure/hub.hpp"
#include "net/front/http_session.hpp"

namespace starling::net::mercure {

struct bearer {
  net::identity
      identity;  ///< user: the token's `sub`, else empty; without any native right but `rooms`
  grants rights;
};

/// Looks at `Authorization: Bearer`, the query parameter `authorization`, then the cookie
/// `mercureAuthorization` (1.0: `__Secure-mercure_access_token`), which counts for no page of a
/// foreign origin. Errors: unauthorized without a valid token, forbidden for a foreign origin.
result<bearer> authorize_subscriber(const http_exchange& x, loop_front& front,
                                    const hub_settings& settings);
/// The same; a cookie must come with an Origin, or a Referer, that `cors.origins` lists or that is
/// the node's own: a form of any page could post it.
result<bearer> authorize_publisher(const http_exchange& x, loop_front& front,
                                   const hub_settings& settings);

}  // namespace starling::net::mercure
