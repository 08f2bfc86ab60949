#include "cluster/kv/roster_codec.hpp"

#include <charconv>
#include <utility>

#include "cluster/subjects.hpp"

namespace starling::cluster {

std::string roster_key(const roster_entry& entry) {
  return escape_key_token(entry.tenant.str())
      .append(".")
      .append(escape_key_token(entry.user))
      .append(".")
      .append(escape_key_token(entry.room));
}

std::string roster_value(const roster_entry& entry) {
  return std::to_string(entry.since_ms).append(" ").append(std::to_string(entry.since_seq));
}

std::optional<roster_entry> parse_roster_entry(std::string_view key, std::string_view value) {
  const auto first = key.find('.');
  const auto second = first == key.npos ? key.npos : key.find('.', first + 1);
  if (second == key.npos) return std::nullopt;
  auto tenant = unescape_token(key.substr(0, first));
  auto user = unescape_token(key.substr(first + 1, second - first - 1));
  auto room = unescape_token(key.substr(second + 1));
  if (!tenant || !user || !room) return std::nullopt;
  if (!valid_tenant(*tenant) || !valid_user(*user) || !valid_room(*room)) return std::nullopt;

  roster_entry out{tenant_id(std::move(*tenant)), std::move(*room), std::move(*user)};
  const char* const end = value.data() + value.size();
  const auto [space, bad_ms] = std::from_chars(value.data(), end, out.since_ms);
  if (bad_ms != std::errc{} || space == end || *space != ' ') return std::nullopt;
  const auto [rest, bad_seq] = std::from_chars(space + 1, end, out.since_seq);
  if (bad_seq != std::errc{} || rest != end) return std::nullopt;
  return out;
}

}  // namespace starling::cluster
