/// What the outboxes of clients that do not read may hold together.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "actors/base/options.hpp"
#include "net/base/event.hpp"

namespace starling::actors {

/// Counts only sessions whose kernel takes no more: others cost nothing here, and no limit is ever
/// their fault.
///
/// No outbox may hold more than what is left of the user's and of the node's budget. So the sum
/// stays below the budget, n equally slow clients end at 1/(n+1) of it each, and a client that just
/// began to be slow finds room. Any thread.
class outbox_budget {
  struct account {
    std::atomic<std::size_t> events{0};
    std::atomic<std::size_t> bytes{0};
    std::size_t shares = 0;  ///< guarded by lock_

    void change(const outbox_amount& from, const outbox_amount& to) noexcept;
    bool leaves(const outbox_amount& wanted, const outbox_amount& mine,
                const outbox_amount& limit) const noexcept;
  };

 public:
  explicit outbox_budget(const outbox_options& limits) : limits_(limits) {}

  /// The part of one session: taken when its kernel refuses bytes, given back by its destruction.
  class share {
   public:
    share(outbox_budget& of, const channel& user);
    ~share();
    share(const share&) = delete;
    share& operator=(const share&) = delete;

    /// The session's outbox holds this now.
    void hold(outbox_amount now) noexcept;
    /// Whether it may hold this much.
    bool fits(outbox_amount wanted) const noexcept;

   private:
    outbox_budget& of_;
    const channel user_;
    account& sum_;
    outbox_amount mine_;
  };

  /// Held by all shares now.
  outbox_amount held() const noexcept;

 private:
  const outbox_options& limits_;
  account all_;
  std::mutex lock_;
  std::unordered_map<channel, account> users_;
};

}  // namespace starling::actors
