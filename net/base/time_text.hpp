/// Times as people and other systems write them.
#pragma once

#include <cstdint>
#include <string>

namespace starling {

/// RFC 3339 in UTC with milliseconds: `2024-02-29T12:30:15.500Z`.
std::string rfc3339(std::int64_t epoch_ms);

}  // namespace starling
