/// What a subscriber asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/dialect/mercure/topic_selector.hpp"
#include "net/http/http_request.hpp"

namespace starling::net::mercure {

inline constexpr std::size_t max_selectors = 100;

/// `topic` (0.x), `match`, `match_exact`, `match_urlpattern` (1.0), each repeatable.
/// Errors: errc::malformed: none at all, too many, one that is no selector, another `match...`.
result<std::vector<topic_selector>> parse_selectors(const query_params& query);

/// Everything that history holds.
inline constexpr std::string_view earliest = "earliest";

}  // namespace starling::net::mercure
