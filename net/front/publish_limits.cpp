#include "net/front/http_handlers.hpp"
#include "net/front/rate_limiter.hpp"

namespace starling::net {

http_response refuse_publish(const http_exchange& x, loop_front& front, const error& why) {
  front.loop.metrics().publish_refused(why.code);
  return error_response(why, x.route.plain_errors());
}

std::uint64_t publisher_key(const http_exchange& x) {
  return x.caller->token_hash != 0 ? x.caller->token_hash : address_key(x.remote.address());
}

std::optional<http_response> limit_publish_rate(const http_exchange& x, loop_front& front,
                                                std::size_t targets) {
  const auto wait = front.shared->publishes.take(publisher_key(x), static_cast<double>(targets),
                                                 front.settings->publish_rate, steady_clock::now());
  if (!wait) return std::nullopt;
  const auto* const publisher = x.caller->token_hash != 0 ? "this token" : "this address";
  auto out =
      refuse_publish(x, front,
                     {errc::rate_limited, std::string(publisher) +
                                              " publishes faster than limits.publish_rate allows"});
  add_retry_after(out, *wait);
  return out;
}

}  // namespace starling::net
