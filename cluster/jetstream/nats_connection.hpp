/// This node's way to NATS: keeps one session alive for ever and takes orders without blocking.
///
/// Three threads. "nats-link" connects, makes sure that the store exists, notices losses and starts
/// again. "nats-out" takes the orders of all other threads from a queue, in order, and writes them
/// to the socket. work() does what would hold up the delivery thread of cnats, on which comes what
/// is heard.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <variant>
#include <vector>

#include "cluster/engine.hpp"
#include "cluster/nats/nats_session.hpp"
#include "cluster/nats/work_thread.hpp"
#include "cluster/subjects.hpp"

namespace starling::cluster {

/// Hears a connection. Calls never overlap; between on_down and on_up there are none.
class nats_receiver {
 public:
  virtual ~nats_receiver() = default;
  virtual void on_message(const nats_message& message) = 0;
  /// Every followed channel is heard from here on, and the store is there.
  virtual void on_up(std::string detail) = 0;
  virtual void on_down(std::string detail) = 0;
  /// The store is there but not for this configuration; nothing is heard afterwards.
  virtual void on_misconfigured(std::string why) = 0;
};

/// What is to be sent: bytes, or an event, which becomes an envelope when its turn comes. So what
/// waits for its turn shares the event's data with the other targets of the same publish.
using outgoing = std::variant<std::string, event>;

/// What is asked of NATS while it is away is answered so.
inline error engine_away() { return {errc::unavailable, "the engine (NATS) is away"}; }

class nats_connection final : public nats_session::owner,
                              public std::enable_shared_from_this<nats_connection> {
 public:
  nats_connection(const node_id& self, const nats_options& options);
  ~nats_connection() override;

  void start(nats_receiver& receiver);
  /// Writes what is queued, ends all requests as disconnected and joins the threads; the receiver
  /// is not called afterwards. May take as long as a connect attempt (2 s). Not from a callback.
  void stop();

  // All below: any thread, never block.
  bool up() const noexcept { return up_.load(std::memory_order_acquire); }
  /// Why it is not up, for people; empty when it is, or when it has not failed yet.
  std::string complaint() const;
  epoch_id epoch(partition_id p) const noexcept {
    return epochs_[index_of(p)].load(std::memory_order_acquire);
  }
  /// The largest message that the server takes; 0 before the first connect.
  std::int64_t max_payload() const noexcept { return max_payload_.load(); }
  /// Id of the server that this node is or was connected to last.
  std::string server() const {
    const std::lock_guard hold(link_mutex_);
    return server_;
  }
  const subjects& names() const noexcept { return names_; }
  const nats_options& options() const noexcept { return options_; }

  /// Where completions of what is large or slow are called, and answers of that kind looked at.
  work_thread& work() noexcept { return work_; }

  void follow(const channel& channel);
  void unfollow(const channel& channel);
  /// False when it cannot be sent: the engine is away, or far too much waits to be sent.
  bool publish(std::string subject, outgoing payload);
  /// `handler` is called exactly once or more (see answer_handler), on any thread.
  /// `consumer`: see nats_session::request.
  void request(std::string subject, outgoing payload, std::string message_id,
               std::chrono::milliseconds timeout, answer_handler handler,
               std::string consumer = {});
  /// Something hints that the store is gone or another one: look, and start over if it is.
  void verify_store();
  /// Gives the present session up; everything starts over as after an outage.
  void restart(std::string reason);
  /// The session that is up, if it is not `known`. Waits up to `timeout` for one.
  std::shared_ptr<nats_session> wait_for_session(const nats_session* known,
                                                 std::chrono::milliseconds timeout);

  void on_session_message(nats_session& from, const nats_message& message) override;
  void on_session_lost(nats_session& from) override;

 private:
  struct order {
    enum class verb : std::uint8_t {
      begin,
      follow,
      unfollow,
      publish,
      request
    };
    explicit order(verb v) : action(v) {}

    verb action;
    starling::channel channel;
    std::string subject;
    outgoing payload;
    std::string message_id;
    std::string consumer;
    steady_time deadline;
    answer_handler handler;
    std::shared_ptr<nats_session> session;
  };

  // nats-link
  void run_link();
  std::shared_ptr<nats_session> open();
  bool prepare(nats_session& session);
  /// Tells the receiver and waits for stop().
  void give_up(const std::string& why);
  void watch_over(nats_session& session);
  void finish(const std::shared_ptr<nats_session>& session);
  void remember_servers(const nats_session& session);
  std::vector<epoch_id> epochs() const;
  void complain(const std::string& reason);
  bool stopping() const;

  // nats-out
  void run_out();
  void carry_out(order& todo);
  void begin(const std::shared_ptr<nats_session>& session);
  void follow_now(const channel& channel);
  /// Takes `todo` unless the answer is false.
  bool enqueue(order& todo, bool bounded);

  void raise(nats_session& session);

  const node_id self_;
  const nats_options options_;
  const subjects names_;
  const std::vector<std::string> configured_servers_;
  std::atomic<bool> up_{false};
  std::vector<std::atomic<epoch_id>> epochs_;  ///< by partition
  std::atomic<std::int64_t> max_payload_{0};

  /// Held while the receiver is called, and to change who may call it.
  std::mutex events_mutex_;
  nats_receiver* receiver_ = nullptr;
  std::shared_ptr<nats_session> current_;

  mutable std::mutex link_mutex_;
  std::condition_variable link_changed_;
  bool stop_link_ = false;
  bool verify_wanted_ = false;
  std::shared_ptr<nats_session> raised_;
  std::vector<std::string> discovered_servers_;
  std::string last_complaint_;
  std::string server_;

  std::mutex out_mutex_;
  std::condition_variable out_changed_;
  bool stop_out_ = false;
  std::deque<order> orders_;
  std::shared_ptr<nats_session> out_session_;  ///< nats-out only
  std::unordered_set<channel> followed_;       ///< nats-out only

  work_thread work_;
  std::thread link_;
  std::thread out_;
};

}  // namespace starling::cluster
