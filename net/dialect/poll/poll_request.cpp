#include "net/dialect/poll/poll_request.hpp"

#include <charconv>

#include "net/dialect/native/stream_parameters.hpp"
#include "net/dialect/poll/poll_format.hpp"
#include "net/front/stream_admission.hpp"
#include "net/front/stream_opening.hpp"

namespace starling::net::poll {

namespace {

using native::check_parameters;
using native::parse_stream_request;
using native::position_from;

error malformed(std::string message) { return {errc::malformed, std::move(message)}; }

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "ms") return std::chrono::milliseconds(number);
  if (unit == "s") return std::chrono::seconds(number);
  if (unit == "m") return std::chrono::minutes(number);
  if (unit.empty() && number == 0) return std::chrono::milliseconds(0);
  return std::nullopt;
}

result<poll_request> parse_poll_request(const http_exchange& x, std::size_t max_rooms) {
  const auto& query = x.request.query();
  auto stream = parse_stream_request(x.request, transport_kind::poll, x.caller,
                                     remote_text(x.remote), max_rooms, {});
  if (!stream) return stream.error();
  poll_request out{.stream = std::move(*stream), .client = {}, .from = {}, .timeout = {}};
  out.stream.format = poll_format();

  auto position = asked_position(x.request);
  if (const auto* given = query.find("cursor"); given && !given->empty()) position = *given;
  out.stream.last_event_id = position_from(position);
  if (const auto at = parse_cursor(position)) out.from = at->at;

  // One that cannot be ours, or a cursor that is none, begins a new session, which says so.
  if (const auto* id = query.find("client_id"); id && (out.from || position.empty()))
    out.client = session_id::parse(*id);

  out.timeout = default_poll_timeout;
  if (const auto* text = query.find("timeout")) {
    const auto timeout = parse_duration(*text);
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
