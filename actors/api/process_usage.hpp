/// What this process uses, from /proc and getrusage.
#pragma once

#include <cstdint>

namespace starling::actors {

struct process_usage {
  double cpu_seconds = 0;  ///< user and system, since the start
  std::uint64_t rss_bytes = 0;

  static process_usage now();
};

}  // namespace starling::actors
