/// How a server's work is spread over its threads.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace starling::bench {

/// CPU seconds (user + system, in the kernel's 10 ms ticks) of each thread by process and thread
/// id, with the thread's name.
struct thread_usage {
  std::string name;
  double cpu_seconds = 0;
};
using thread_usages = std::map<std::pair<pid_t, pid_t>, thread_usage>;

/// Of all threads of `pids`, as far as they are there.
thread_usages thread_usages_of(const std::vector<pid_t>& pids);

/// Between two looks at the threads.
struct thread_balance {
  double busiest_to_mean = 0;   // of the shard threads
  double others_to_shards = 0;  // CPU of all other threads together
};

/// Shard threads are those named `shard-N`. Nothing when there are fewer than two, or they did
/// nothing. A thread that ended in between is not counted.
std::optional<thread_balance> balance_of(const thread_usages& begin, const thread_usages& end);

}  // namespace starling::bench
