#include "actors/api/session_pages.hpp"

#include <array>
#include <string_view>

#include "actors/api/ranked_key.hpp"

namespace starling::actors {

namespace {

constexpr std::array<std::string_view, 4> order_names{"id", "newest", "delivered", "queued"};

}  // namespace

std::optional<session_order> parse_session_order(const std::string& name) {
  for (std::size_t i = 0; i < order_names.size(); ++i)
    if (order_names[i] == name) return static_cast<session_order>(i);
  return std::nullopt;
}

session_order read_session_order(std::uint64_t number) {
  return number < order_names.size() ? static_cast<session_order>(number) : session_order::id;
}

std::string session_key(session_order order, const net::session_info& session) {
  switch (order) {
    case session_order::id: break;
    case session_order::newest:
      return ranked_key(static_cast<std::uint64_t>(session.opened_ms), session.client_id);
    case session_order::delivered: return ranked_key(session.delivered, session.client_id);
    case session_order::queued: return ranked_key(session.queued_bytes, session.client_id);
  }
  return session.client_id;
}

std::optional<session_place> read_session_key(session_order order, const std::string& key) {
  const auto ranked = read_ranked_key(key);
  if (ranked.has_value() != (order != session_order::id)) return std::nullopt;
  const auto id = session_id::parse(ranked ? ranked->name : std::string_view(key));
  if (!id) return std::nullopt;
  return session_place{*id, ranked ? ranked->rank : 0};
}

}  // namespace starling::actors
