#include "net/front/refusal_log.hpp"

#include <algorithm>
#include <utility>

#include "net/base/log.hpp"
#include "net/front/http_session.hpp"
#include "net/http/http_response.hpp"

namespace starling::net {

namespace {

constexpr std::chrono::seconds line_interval{1};
constexpr std::size_t shown_path_bytes = 128;

/// As in the table; of unknown paths the beginning, without what is not plain text.
std::string path_of(const http_exchange& x) {
  if (x.route.found) return x.route.found->path;
  std::string out(x.request.path().substr(0, shown_path_bytes));
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7F; }, '?');
  return out;
}

}  // namespace

void refusal_log::request(const http_exchange& x, int status, steady_time now) {
  const auto code = errc_of_status(status);
  note(requests_[static_cast<std::size_t>(code)], "request refused", info(code).code, x, now);
}

void refusal_log::stream(const http_exchange& x, close_code why, steady_time now) {
  note(streams_[static_cast<std::size_t>(why)], "stream refused", info(why).code, x, now);
}

void refusal_log::note(pace& of, std::string_view message, std::string_view reason,
                       const http_exchange& x, steady_time now) {
  if (now < of.next) {
    ++of.left_out;
    return;
  }
  of.next = now + line_interval;
  log::info(message, {{"reason", reason},
                      {"remote", x.remote.address().to_string()},
                      {"path", path_of(x)},
                      {"request_id", x.ids.request_id},
                      {"trace_id", x.ids.trace_id()},
                      {"left_out", std::exchange(of.left_out, 0)}});
}

}  // namespace starling::net
