#include "apps/starling-bench/measure/thread_usage.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace starling::bench {

namespace {

/// False when the thread has ended.
bool read_thread(const std::filesystem::path& folder, thread_usage& out) {
  std::ifstream file(folder / "stat");
  std::string line;
  if (!std::getline(file, line)) return false;
  // The name in brackets may hold spaces and brackets; what follows its end is fields 3, 4, ...
  const auto open = line.find('(');
  const auto close = line.rfind(')');
  std::istringstream fields(line.substr(close + 1));
  std::string skipped;
  constexpr int before_utime = 11;
  for (int i = 0; i < before_utime; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  if (!(fields >> user >> system)) return false;
  out = {line.substr(open + 1, close - open - 1),
         (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK))};
  return true;
}

}  // namespace

thread_usages thread_usages_of(const std::vector<pid_t>& pids) {
  thread_usages out;
  for (const auto pid : pids) {
    std::error_code gone;
    const auto tasks = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& entry : std::filesystem::directory_iterator(tasks, gone)) {
      thread_usage one;
      if (read_thread(entry.path(), one))
        out[{pid, static_cast<pid_t>(std::stol(entry.path().filename()))}] = std::move(one);
    }
  }
  return out;
}

std::optional<thread_balance> balance_of(const thread_usages& begin, const thread_usages& end) {
  double shards = 0;
  double busiest = 0;
  double others = 0;
  unsigned count = 0;
  for (const auto& [id, now] : end) {
    const auto before = begin.find(id);
    const double used = now.cpu_seconds - (before == begin.end() ? 0 : before->second.cpu_seconds);
    if (now.name.starts_with("shard-")) {
      ++count;
      shards += used;
      busiest = std::max(busiest, used);
    } else {
      others += used;
    }
  }
  if (count < 2 || shards <= 0) return std::nullopt;
  return thread_balance{busiest * count / shards, others / shards};
}

}  // namespace starling::bench
