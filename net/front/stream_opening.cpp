#include "net/front/stream_opening.hpp"

#include "net/base/clock.hpp"
#include "net/base/jitter.hpp"
#include "net/base/limits.hpp"

namespace starling::net {

namespace {

goodbye too_many(std::chrono::milliseconds retry, const char* reason) {
  auto out = make_goodbye(close_code::overload, once_to_twice(retry), cursor{});
  out.reason = reason;
  out.status = errc::rate_limited;
  return out;
}

/// wait: until its address may connect again.
std::optional<goodbye> refused_by_address(const http_settings& settings,
                                          const stream_origin& origin,
                                          std::optional<std::chrono::milliseconds> wait) {
  if (origin.crowded) {
    limit_counts::add(limit_kind::connections_per_address);
    return too_many(settings.retry,
                    "this address has more connections than "
                    "limits.connections_per_address allows");
  }
  if (!wait) return std::nullopt;
  return too_many(std::max(settings.retry, *wait),
                  "this address connects faster than limits.connect_rate allows");
}

}  // namespace

std::string remote_text(const boost::asio::ip::tcp::endpoint& remote) {
  const auto host = remote.address().to_string();
  if (remote.port() == 0) return host;  // a proxy named no port
  const auto port = ':' + std::to_string(remote.port());
  return remote.address().is_v6() ? '[' + host + ']' + port : host + port;
}

stream_origin origin_of(const http_exchange& x) { return {x.remote, x.crowded, x.ids}; }

void open_stream(loop_front& front, const stream_origin& origin, stream_request request,
                 std::unique_ptr<stream_responder> responder) {
  const auto& settings = *front.settings;
  const auto wait = front.shared->connects.take(address_key(origin.remote.address()), 1,
                                                settings.connect_rate, steady_clock::now());
  if (const auto no = refused_by_address(settings, origin, wait)) return responder->refuse(*no);
  request.request_id = origin.ids.request_id;
  request.trace_id = origin.ids.trace_id();
  front.shared->node.open(front.loop, std::move(request), std::move(responder));
}

std::optional<goodbye> cannot_open_stream(loop_front& front, const stream_origin& origin,
                                          const tenant_id& tenant) {
  const auto& settings = *front.settings;
  const auto wait = front.shared->connects.wait_for(address_key(origin.remote.address()), 1,
                                                    settings.connect_rate, steady_clock::now());
  if (auto no = refused_by_address(settings, origin, wait)) return no;
  return front.shared->node.cannot_open(tenant);
}

}  // namespace starling::net
