/// What is done at each of the hub's paths.
#pragma once

#include <memory>

#include "net/dialect/mercure/hub.hpp"
#include "net/front/http_session.hpp"

namespace starling::net::mercure {

/// GET and HEAD of the hub: a stream of updates.
void handle_subscribe(std::shared_ptr<http_session> session, const hub_settings& settings);
/// POST to the hub: one update.
void handle_publish(std::shared_ptr<http_session> session, const hub_settings& settings);
/// GET below `/subscriptions`: those of the whole cluster, of one topic, or one.
void handle_subscriptions(std::shared_ptr<http_session> session, const hub_settings& settings);

/// Lines that every answer of the hub has: where it is, and what scripts may read.
inline constexpr std::string_view hub_headers =
    "Link: </.well-known/mercure>; rel=\"mercure\"\r\n"
    "Access-Control-Expose-Headers: Link, Last-Event-ID\r\n";

/// The origin of the asking page is not one of ours: 403 before anything else.
result<void> check_origin(const http_exchange& x);

}  // namespace starling::net::mercure
