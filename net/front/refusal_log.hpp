/// One line about those who are refused, not one each.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "net/base/clock.hpp"
#include "net/base/error.hpp"

namespace starling::net {

struct http_exchange;

/// One loop's; its thread only. At most a line a second for each reason; the next one says how many
/// were left out. A line holds address, reason and path, never a query or a token.
class refusal_log {
 public:
  /// A request that is answered with an error.
  void request(const http_exchange& x, int status, steady_time now);
  /// A stream that is answered with a goodbye.
  void stream(const http_exchange& x, close_code why, steady_time now);

 private:
  struct pace {
    steady_time next{};
    std::uint64_t left_out = 0;
  };
  static void note(pace& of, std::string_view message, std::string_view reason,
                   const http_exchange& x, steady_time now);

  std::array<pace, errc_count> requests_;
  std::array<pace, close_code_count> streams_;
};

}  // namespace starling::net
