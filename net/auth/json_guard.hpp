/// Parsing of JSON that comes from outside, with limits.
#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace starling::net {

/// Objects and arrays nested deeper than this are refused; real tokens need three levels.
inline constexpr int max_json_depth = 16;

/// `text` as a JSON object: well-formed UTF-8, at most `max_json_depth` deep. nullopt otherwise.
std::optional<nlohmann::json> parse_object(std::string_view text);

}  // namespace starling::net
