/// What the measured processes, and this one, take from the machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace starling::bench {

struct process_usage {
  double cpu_seconds = 0;  // user + system, in the kernel's 10 ms ticks
  std::int64_t rss_bytes = 0;
};

/// Sum over `pids` from /proc; nothing when the list is empty or one of them is gone.
std::optional<process_usage> usage_of(const std::vector<pid_t>& pids);

/// CPU seconds of this process, to the microsecond.
double own_cpu_seconds();

/// CPU seconds all processes of the machine have used since it started; 0 when it cannot be told.
double machine_cpu_seconds();

/// The smallest limit of open files among `pids`; 0 when it is unknown.
std::uint64_t file_limit_of(const std::vector<pid_t>& pids);

/// Raises the soft limit of open files to the hard one and answers it.
std::uint64_t raise_file_limit();

}  // namespace starling::bench
