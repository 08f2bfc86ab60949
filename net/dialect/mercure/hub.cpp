#include "net/dialect/mercure/hub.hpp"

#include "net/dialect/mercure/handlers.hpp"

namespace starling::net::mercure {

std::vector<route> routes(hub_settings settings) {
  using enum http_method;
  const auto shared = std::make_shared<const hub_settings>(std::move(settings));
  const auto with = [&](void (*handler)(std::shared_ptr<http_session>, const hub_settings&)) {
    return [shared, handler](std::shared_ptr<http_session> session) {
      handler(std::move(session), *shared);
    };
  };
  const std::string hub(hub_path), list(subscriptions_path);
  // Tokens are found in other places than ours, so the handlers look for them.
  return {
      {.method = get, .path = hub, .run = with(handle_subscribe)},
      {.method = post,
       .path = hub,
       .run = with(handle_publish),
       .max_body = largest_body,
       .publishes = true},
      {.method = get, .path = list, .run = with(handle_subscriptions)},
      {.method = get, .path = list + "/{topic}", .run = with(handle_subscriptions)},
      {.method = get, .path = list + "/{topic}/{subscriber}", .run = with(handle_subscriptions)},
      {.method = get,
       .path = list + "/{type}/{match}/{subscriber}",
       .run = with(handle_subscriptions)},
  };
}

}  // namespace starling::net::mercure
