/// A source that is asked by threads: a bounded queue, a deadline for each question.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cluster/membership_source.hpp"
#include "net/base/clock.hpp"

namespace starling::cluster {

struct membership_query {
  enum class kind : std::uint8_t {
    rooms_of_user,
    users_of_room
  };
  kind asked = kind::rooms_of_user;
  tenant_id tenant;
  std::string name;  ///< of the user, of the room
};

/// One way to the source, used by one thread.
class membership_asker {
 public:
  virtual ~membership_asker() = default;
  /// Blocks until `deadline` at most. Errors: timeout when that has passed, unavailable.
  virtual result<membership_source::names> ask(const membership_query& query,
                                               steady_time deadline) = 0;
};

struct source_pool_options {
  std::string name;
  std::size_t threads = 4;
  std::chrono::milliseconds timeout{2000};  ///< of a question, waiting for a thread included
  std::size_t max_waiting = 16384;
};

/// One that fails is said so once, and once when it is back.
class source_pool : public membership_source {
 public:
  using maker = std::function<std::unique_ptr<membership_asker>()>;
  source_pool(source_pool_options options, const maker& make);
  ~source_pool() override;

  std::string_view name() const noexcept override { return options_.name; }
  void start(membership_listener& listener) override;
  void stop() override;
  void rooms_of_user(tenant_id tenant, std::string user, completion<names> done) override;
  void users_of_room(tenant_id tenant, std::string room, completion<names> done) override;
  source_state state() const override;

 protected:
  /// Whether the source answers, when that was found out otherwise. Any thread.
  void found(bool ok, const std::string& detail);

 private:
  struct waiting {
    membership_query query;
    completion<names> done;
    steady_time since;
  };
  void ask(membership_query query, completion<names> done);
  void run(membership_asker& asker);
  void finish(waiting& of, result<names> answer);
  void count(source_result result, steady_time since);
  void drop_invalid(const membership_query& query, names& answer);

  const source_pool_options options_;
  std::vector<std::unique_ptr<membership_asker>> askers_;
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  std::deque<waiting> queue_;
  source_state state_;
};

}  // namespace starling::cluster
