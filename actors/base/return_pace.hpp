/// How long clients are told to wait before they come back: longer, the more will come at once.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "actors/base/options.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

/// Clients are spread so that about `sse.return_rate` come in each second: over as long as the
/// sessions that this node has now (they come back together when it goes), or the clients that came
/// within the last seconds (of an overload, of a storm after another node's death), take at that
/// rate. Any thread.
class return_pace {
 public:
  /// A client that was told to wait longer would be taken for lost.
  static constexpr std::chrono::milliseconds longest{60'000};

  /// of: its `retry` is the least that is told, its `return_rate` the clients per second; looked at
  /// when something is told.
  explicit return_pace(const node_options& of) : options_(of) {}

  /// A client came, whether it was let in or not.
  void came(steady_time now) noexcept;
  /// What a client is told: from half to one and a half of the time that the crowd takes.
  std::chrono::milliseconds told(std::size_t sessions, steady_time now) const;
  /// The same before it is jittered.
  std::chrono::milliseconds time_for(std::size_t sessions, steady_time now) const noexcept;

 private:
  std::uint64_t came_lately(steady_time now) const noexcept;

  const node_options& options_;
  // A client that comes while a second ends may be counted in either.
  std::atomic<std::int64_t> second_{0};
  std::atomic<std::uint64_t> in_second_{0};
  std::atomic<std::uint64_t> in_second_before_{0};
};

}  // namespace starling::actors
