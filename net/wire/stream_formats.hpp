/// What clients of a listener may ask for in the query parameter `format`.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "net/wire/protocol.hpp"

namespace starling::net {

struct stream_formats {
  struct row {
    std::string_view name;
    wire_format sse;
    wire_format ws = wire_format::ws_json;
  };
  std::vector<row> rows{{"named", wire_format::sse_named},
                        {"envelope", wire_format::sse_envelope},
                        {"message", wire_format::sse_message},
                        {"both", wire_format::sse_both}};
  std::string_view standard = "named";  ///< of those who ask for none; stands in `rows`

  /// nullptr when there is none of that name.
  const row* find(std::string_view name) const noexcept {
    const auto at = std::find_if(rows.begin(), rows.end(),
                                 [name](const row& each) { return each.name == name; });
    return at == rows.end() ? nullptr : &*at;
  }
};

}  // namespace starling::net
