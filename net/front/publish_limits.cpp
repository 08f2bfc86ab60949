#include "net/front/http_handlers.hpp"

namespace starling::net {

http_response refuse_publish(const http_exchange& x, loop_front& front, const error& why) {
  front.loop.metrics().publish_errors[static_cast<std::size_t>(why.code)].add();
  return error_response(why, x.route.found->errors == error_style::plain);
}

std::optional<http_response> limit_publish_rate(const http_exchange& x, loop_front& front,
                                                std::size_t targets) {
  const auto wait = front.shared->publishes.take(x.caller->token_hash, static_cast<double>(targets),
                                                 front.settings->publish_rate, steady_clock::now());
  if (!wait) return std::nullopt;
  auto out = refuse_publish(
      x, front,
      {errc::rate_limited, "this token publishes faster than limits.publish_rate allows"});
  add_retry_after(out, *wait);
  return out;
}

}  // namespace starling::net
