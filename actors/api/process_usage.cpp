#include "actors/api/process_usage.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace starling::actors {

process_usage process_usage::now() {
  process_usage out;
  rusage used{};
  if (getrusage(RUSAGE_SELF, &used) == 0)
    out.cpu_seconds = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                      static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (statm >> size >> resident)
    out.rss_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return out;
}

}  // namespace starling::actors
