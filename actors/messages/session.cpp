#include "actors/messages/session.hpp"

#include <algorithm>
#include <array>

namespace starling::actors {

namespace {
constexpr std::array<std::string_view, 4> names{"online", "away", "busy", "invisible"};
}

std::string_view to_string(presence_state state) noexcept {
  return names[static_cast<std::size_t>(state)];
}

std::optional<presence_state> parse_presence(std::string_view text) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text) return static_cast<presence_state>(i);
  return std::nullopt;
}

bool more_available(std::string_view state, std::string_view than) noexcept {
  const auto one = parse_presence(state);
  const auto other = parse_presence(than);
  return one && (!other || *one < *other);
}

std::string name_of_loss(const channel& channel) {
  return channel.kind == channel_kind::room ? channel.name : "*";
}

void add_loss(std::vector<net::lost_room>& to, std::string room, std::string_view reason) {
  const bool known = std::any_of(to.begin(), to.end(), [&](const net::lost_room& each) {
    return each.room == room && each.reason == reason;
  });
  if (!known) to.push_back({std::move(room), std::string(reason)});
}

}  // namespace starling::actors
