#include "net/dialect/native/stream_parameters.hpp"

#include <algorithm>
#include <unordered_set>

#include "net/base/ascii.hpp"
#include "net/base/nearest_name.hpp"
#include "net/front/stream_admission.hpp"
#include "net/wire/codec.hpp"

namespace starling::net::native {

namespace {

bool contains(const std::vector<std::string>& names, const std::string& one) noexcept {
  return std::find(names.begin(), names.end(), one) != names.end();
}

/// Text that parse_cursor refuses, so that the client is told bad_cursor.
constexpr std::string_view no_cursor = "0";

result<void> read_rooms(const query_params& query, std::size_t most,
                        std::vector<std::string>& out) {
  std::unordered_set<std::string_view> seen;
  for (const auto& [name, value] : query.all()) {
    if (name != "rooms") continue;
    std::string_view left = value;
    while (!left.empty()) {
      const auto end = left.find(',');
      const auto room = left.substr(0, end);
      left.remove_prefix(end == left.npos ? left.size() : end + 1);
      if (room.empty()) continue;
      if (!valid_room(room))
        return malformed("rooms holds a name that is no room: 1-128 of [A-Za-z0-9._~:/@-]");
      if (!seen.insert(room).second) continue;
      if (seen.size() > most) return too_many_rooms(most);
      out.emplace_back(room);
    }
  }
  return {};
}

result<wire_format> read_format(const query_params& query, transport_kind kind,
                                const stream_formats& formats) {
  const auto* asked = query.find("format");
  const auto* row = formats.find(asked ? std::string_view(*asked) : formats.standard);
  if (row) return kind == transport_kind::ws ? row->ws : row->sse;
  std::string known;
  for (const auto& each : formats.rows) known.append(known.empty() ? "" : ", ").append(each.name);
  return malformed("format must be one of " + known);
}

}  // namespace

std::optional<std::string> position_from(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto parsed = parse_cursor(text);
  if (!parsed) return std::string(text);
  if (parsed->at == fresh_cursor) return std::nullopt;
  return parsed->at.epoch == 0 ? std::string(no_cursor) : parsed->at.str();
}

result<stream_request> parse_stream_request(const http_request& request, transport_kind kind,
                                            identity_ptr identity, std::string remote,
                                            std::size_t max_rooms, const stream_formats& formats) {
  stream_request out;
  const auto& query = request.query();
  out.kind = kind;
  out.remote = std::move(remote);

  if (const auto rooms = read_rooms(query, max_rooms, out.rooms); !rooms) return rooms.error();
  const auto format = read_format(query, kind, formats);
  if (!format) return format.error();
  out.format = *format;

  out.device = identity->device;
  if (const auto* device = query.find("device"); device && !device->empty()) {
    if (!valid_user(*device)) return malformed("device must be 1-128 of [A-Za-z0-9._~@:-]");
    out.device = device_id(*device);
  }
  if (const auto* since = query.find("since")) {
    if (*since != "last") return malformed("since must be last");
    out.since_last = true;
  }
  if (const auto* heartbeat = query.find("heartbeat")) {
    if (*heartbeat != "event" && *heartbeat != "comment")
      return malformed("heartbeat must be event or comment");
    out.heartbeat_event = *heartbeat == "event";
  }
  out.last_event_id = position_from(asked_position(request));
  out.identity = std::move(identity);
  return out;
}

result<void> check_parameters(const http_request& request, const std::vector<std::string>& more) {
  static const std::vector<std::string> known{"rooms",  "device",    "last_event_id", "since",
                                              "format", "heartbeat", "access_token",  "token"};
  static constexpr std::size_t most_looked_at = 64;  // no token has been seen yet
  std::size_t looked_at = 0;
  for (const auto& [name, value] : request.query().all()) {
    if (++looked_at > most_looked_at) break;
    if (names_position(name) || contains(known, name) || contains(more, name)) continue;
    std::string plain = name;
    std::transform(plain.begin(), plain.end(), plain.begin(), ascii_lower);
    auto meant = nearest_name(plain, known);
    if (!meant) meant = nearest_name(plain, more);
    if (meant)
      return malformed("the query parameter \"" + name + "\" means nothing here" +
                       did_you_mean(meant));
  }
  return {};
}

result<void> check_stream_parameters(const http_request& request) {
  return check_parameters(request, {});
}

}  // namespace starling::net::native
