#include "cluster/foreign_messages.hpp"

#include <array>
#include <atomic>
#include <string>

#include "net/base/clock.hpp"
#include "net/base/log.hpp"

namespace starling::cluster {

namespace {

constexpr std::array<std::string_view, refusal_count> names{
    "malformed",    "too_large", "bad_data",       "wrong_channel", "bad_reply", "not_stored",
    "unknown_kind", "overload",  "too_many_nodes", "same_node_id",  "fault"};
constexpr std::int64_t log_interval_ns = 1'000'000'000;
constexpr std::size_t max_logged_source = 256;

struct tally {
  std::atomic<std::uint64_t> count{0};
  std::atomic<std::uint64_t> logged{0};  ///< of `count`, when the last line was written
  std::atomic<std::int64_t> next_line_ns{0};
};
std::array<tally, refusal_count> tallies;

}  // namespace

std::string_view to_string(refusal why) noexcept { return names[static_cast<std::size_t>(why)]; }

void refuse(refusal why, std::string_view source, std::size_t bytes, std::string_view detail) {
  auto& mine = tallies[static_cast<std::size_t>(why)];
  const auto count = mine.count.fetch_add(1, std::memory_order_relaxed) + 1;
  const auto now = steady_clock::now().time_since_epoch().count();
  auto due = mine.next_line_ns.load(std::memory_order_relaxed);
  if (now < due || !mine.next_line_ns.compare_exchange_strong(due, now + log_interval_ns)) return;
  const auto before = mine.logged.exchange(count, std::memory_order_relaxed);
  log::warn("a message from NATS was refused", {{"reason", to_string(why)},
                                                {"subject", source.substr(0, max_logged_source)},
                                                {"bytes", bytes},
                                                {"detail", detail},
                                                {"not_logged", count - before - 1}});
}

std::uint64_t refused(refusal why) noexcept {
  return tallies[static_cast<std::size_t>(why)].count.load(std::memory_order_relaxed);
}

}  // namespace starling::cluster
