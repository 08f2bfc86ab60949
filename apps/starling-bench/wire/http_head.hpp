/// The little of HTTP/1.1 a load generator has to read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace starling::bench {

struct response_head {
  int status = 0;  // 0: not HTTP
  bool chunked = false;
  bool has_length = false;
  std::size_t content_length = 0;
};

/// Reads status and body framing from a head, closing empty line included.
response_head parse_head(std::string_view head) noexcept;

/// Content of the first `"key":"..."` in `json`; empty when there is none. For reading codes out of
/// small documents whose strings hold no escapes.
std::string_view find_text(std::string_view json, std::string_view key) noexcept;

}  // namespace starling::bench
