/// Sessions in pages: how their orders are spelled, and the keys by which a page goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/messages/session_order.hpp"
#include "net/wire/admin.hpp"

namespace starling::actors {

/// `id newest delivered queued`.
std::optional<session_order> parse_session_order(const std::string& name);
/// From another node; ids for an order that is not known here.
session_order read_session_order(std::uint64_t number);

/// Sorts as text in the order asked for.
std::string session_key(session_order order, const net::session_info& session);
/// nullopt for what `session_key` does not make.
std::optional<session_place> read_session_key(session_order order, const std::string& key);

}  // namespace starling::actors
