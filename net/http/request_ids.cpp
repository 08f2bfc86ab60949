#include "net/http/request_ids.hpp"

#include <algorithm>

#include "net/base/ascii.hpp"
#include "net/base/trace.hpp"

namespace starling::net {

bool valid_request_id(std::string_view text) noexcept {
  constexpr std::size_t longest = 128;
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return ascii_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

void request_ids::set(std::optional<std::string_view> given_id,
                      std::optional<std::string_view> given_trace) {
  if (given_trace && valid_traceparent(*given_trace))
    traceparent.assign(*given_trace);
  else
    make_traceparent(traceparent);
  if (given_id && valid_request_id(*given_id))
    request_id.assign(*given_id);
  else
    request_id.assign(trace_id());
}

void request_ids::clear() noexcept {
  request_id.clear();
  traceparent.clear();
}

std::string_view request_ids::trace_id() const noexcept { return trace_id_of(traceparent); }

void append_ids(std::string& out, const request_ids& ids) {
  out.append("X-Request-Id: ").append(ids.request_id);
  out.append("\r\ntraceparent: ").append(ids.traceparent).append("\r\n");
}

}  // namespace starling::net
