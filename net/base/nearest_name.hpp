/// "Did you mean": the known name closest to a mistyped one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace starling {

/// The candidate with the fewest edits (insert, delete, replace, swap neighbours) from `name`,
/// when that is at most 1 + a fifth of its length; nullopt when none is that close.
std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string> candidates);

/// `; did you mean "sse.heartbeat"?`, or nothing.
std::string did_you_mean(const std::optional<std::string>& name);

}  // namespace starling
