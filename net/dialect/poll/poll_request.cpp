#include "net/dialect/poll/poll_request.hpp"

#include "net/base/units.hpp"
#include "net/dialect/native/stream_parameters.hpp"
#include "net/dialect/poll/poll_format.hpp"
#include "net/front/stream_admission.hpp"
#include "net/front/stream_opening.hpp"

namespace starling::net::poll {

namespace {

using native::check_parameters;
using native::parse_stream_request;
using native::position_from;

/// As in a configuration; 0 needs no unit.
std::optional<std::chrono::milliseconds> parse_timeout(std::string_view text) {
  return text == "0" ? std::chrono::milliseconds(0) : parse_duration(text);
}

}  // namespace

result<poll_request> parse_poll_request(const http_exchange& x, std::size_t max_rooms,
                                        const stream_formats& formats) {
  const auto& query = x.request.query();
  auto stream = parse_stream_request(x.request, transport_kind::poll, x.caller,
                                     remote_text(x.remote), max_rooms, formats);
  if (!stream) return stream.error();
  poll_request out{.stream = std::move(*stream), .client = {}, .from = {}, .timeout = {}};
  out.stream.format = poll_format();
  out.stream.ends_quietly = true;

  auto position = asked_position(x.request);
  if (const auto* given = query.find("cursor"); given && !given->empty()) position = *given;
  out.stream.last_event_id = position_from(position);
  if (const auto at = parse_cursor(position)) out.from = at->at;

  // One that cannot be ours, or a cursor that is none, begins a new session, which says so.
  if (const auto* id = query.find("client_id"); id && (out.from || position.empty()))
    out.client = session_id::parse(*id);

  out.timeout = default_poll_timeout;
  if (const auto* text = query.find("timeout")) {
    const auto timeout = parse_timeout(*text);
    if (!timeout || *timeout > longest_poll_timeout)
      return malformed("timeout must be a duration of 0 to 60s, such as 25s or 500ms");
    out.timeout = *timeout;
  }
  return out;
}

result<void> check_poll_parameters(const http_request& request) {
  static const std::vector<std::string> more{"cursor", "timeout", "client_id"};
  return check_parameters(request, more);
}

}  // namespace starling::net::poll
