/// `limit` and `after` of list requests.
#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <string>

#include "net/base/result.hpp"

namespace starling::actors {

struct page_request {
  std::size_t limit;
  std::string after;
};

/// Error names the parameter and what would be right.
inline result<page_request> parse_page(const std::map<std::string, std::string>& query,
                                       std::size_t usual, std::size_t most) {
  page_request out{std::min(usual, most), {}};
  if (const auto after = query.find("after"); after != query.end()) out.after = after->second;
  if (const auto limit = query.find("limit"); limit != query.end()) {
    const auto& text = limit->second;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out.limit);
    if (failed != std::errc{} || end != text.data() + text.size() || out.limit == 0)
      return error{errc::malformed,
                   "limit must be a whole number from 1 to " + std::to_string(most)};
    out.limit = std::min(out.limit, most);
  }
  return out;
}

}  // namespace starling::actors
