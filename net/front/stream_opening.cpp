#include "net/front/stream_opening.hpp"

#include "net/base/clock.hpp"
#include "net/base/jitter.hpp"
#include "net/base/limits.hpp"

namespace starling::net {

namespace {

std::uint64_t address_key(const boost::asio::ip::address& address) {
  return std::hash<std::string>{}(address.to_string());
}

}  // namespace

std::string remote_text(const boost::asio::ip::tcp::endpoint& remote) {
  const auto host = remote.address().to_string();
  const auto port = ':' + std::to_string(remote.port());
  return remote.address().is_v6() ? '[' + host + ']' + port : host + port;
}

stream_origin origin_of(const http_exchange& x) { return {x.remote, x.crowded}; }

void open_stream(loop_front& front, const stream_origin& origin, stream_request request,
                 std::unique_ptr<stream_responder> responder) {
  const auto& settings = *front.settings;
  const auto wait = front.shared->connects.take(address_key(origin.remote.address()), 1,
                                                settings.connect_rate, steady_clock::now());
  if (origin.crowded) limit_counts::add(limit_kind::connections_per_address);
  if (origin.crowded || wait) {
    const auto retry = std::max(settings.retry, wait.value_or(settings.retry));
    return responder->refuse(
        make_goodbye(close_code::overload, random_between(retry, 2 * retry), cursor{}));
  }
  front.shared->node.open(front.loop, std::move(request), std::move(responder));
}

}  // namespace starling::net
