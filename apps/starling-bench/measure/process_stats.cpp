#include "apps/starling-bench/measure/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace starling::bench {

namespace {

std::optional<process_usage> usage_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The name in brackets may hold spaces; what follows its end is fields 3, 4, ...
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  constexpr int before_utime = 11;
  for (int i = 0; i < before_utime; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  constexpr int between_stime_and_rss = 8;
  for (int i = 0; i < between_stime_and_rss; ++i) fields >> skipped;
  std::int64_t pages = 0;
  if (!(fields >> pages)) return std::nullopt;
  return process_usage{(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)),
                       pages * sysconf(_SC_PAGESIZE)};
}

}  // namespace

std::optional<process_usage> usage_of(const std::vector<pid_t>& pids) {
  if (pids.empty()) return std::nullopt;
  process_usage sum;
  for (const auto pid : pids) {
    const auto one = usage_of(pid);
    if (!one) return std::nullopt;
    sum.cpu_seconds += one->cpu_seconds;
    sum.rss_bytes += one->rss_bytes;
  }
  return sum;
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double machine_cpu_seconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  double user = 0;
  double nice = 0;
  double system = 0;
  double idle = 0;
  double iowait = 0;
  double irq = 0;
  double softirq = 0;
  if (!(file >> word >> user >> nice >> system >> idle >> iowait >> irq >> softirq)) return 0;
  return (user + nice + system + irq + softirq) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t file_limit_of(const std::vector<pid_t>& pids) {
  std::uint64_t smallest = 0;
  for (const auto pid : pids) {
    rlimit limit{};
    if (prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) != 0) continue;
    const std::uint64_t soft = limit.rlim_cur;
    smallest = smallest == 0 ? soft : std::min(smallest, soft);
  }
  return smallest;
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

}  // namespace starling::bench
