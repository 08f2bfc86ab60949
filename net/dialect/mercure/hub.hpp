/// `/.well-known/mercure`: the Mercure protocol on the same rooms, cursors and cluster.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "net/auth/key_set.hpp"
#include "net/http/route.hpp"

namespace starling::net::mercure {

inline constexpr std::string_view hub_path = "/.well-known/mercure";
inline constexpr std::string_view subscriptions_path = "/.well-known/mercure/subscriptions";

struct hub_settings {
  std::shared_ptr<const key_set> publisher_keys;   ///< null: the node's
  std::shared_ptr<const key_set> subscriber_keys;  ///< null: the node's
  bool anonymous = false;  ///< who has no token may subscribe, and hears what is public
};

/// Subscribing, publishing, and the API of active subscriptions.
std::vector<route> routes(hub_settings settings);

}  // namespace starling::net::mercure
