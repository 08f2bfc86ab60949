/// One life of this node's connection to NATS, from connect to the first sign of loss.
///
/// A session never reconnects: the next life is a new session. So whatever was received, asked or
/// published belongs to exactly one life, nothing is buffered across an outage behind our back, and
/// a message of the old connection cannot be mistaken for one of the new.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/nats/nats_message.hpp"
#include "cluster/nats/nats_requests.hpp"
#include "cluster/nats/retired_subscriptions.hpp"
#include "cluster/nats_security.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

struct session_options {
  std::vector<std::string> servers;  ///< `[nats://][USER:PASSWORD@]HOST[:PORT]`
  std::string name;                  ///< shown by the server
  nats_security security;
  std::string inbox;  ///< what subjects of answers begin with, without a dot at the end
};

class nats_session : public std::enable_shared_from_this<nats_session> {
 public:
  /// Hears a session. Called on threads of cnats.
  class owner {
   public:
    virtual ~owner() = default;
    /// All messages of all sessions of a process come on one thread, in the order of arrival; none
    /// after the session was lost. So nothing may block here, and nothing take longer than one
    /// message accounts for: the rest is for a work_thread. What this throws costs the message,
    /// which is counted and logged as refused (refusal::fault); the session goes on.
    virtual void on_session_message(nats_session& from, const nats_message& message) = 0;
    /// Once: the session is of no more use. Must only take note; a fault ends the process.
    virtual void on_session_lost(nats_session& from) = 0;
  };

  /// Connects to the first of the servers that answers; blocks up to 2 s per server.
  static result<std::shared_ptr<nats_session>> open(const session_options& how,
                                                    std::weak_ptr<owner> owner);
  ~nats_session();
  nats_session(const nats_session&) = delete;
  nats_session& operator=(const nats_session&) = delete;

  /// False when the connection cannot take it; the session is then lost or about to be.
  bool subscribe(const std::string& subject);
  void unsubscribe(const std::string& subject);
  /// Ends a subscription when what the server has sent for it so far has been handed to the owner.
  /// Blocks; false when that took longer than `timeout`. Not from a message handler.
  bool drain(const std::string& subject, std::chrono::milliseconds timeout);
  /// Ends a subscription that was made on connection() by other means, and destroys it once no
  /// thread of cnats can be using it. What lives on connection() is ended in no other way.
  void retire(natsSubscription* subscription);
  /// Written to the socket before it returns (may block up to 5 s when the server does not read).
  bool publish(const std::string& subject, std::string_view payload, const std::string& reply = {},
               const std::string& message_id = {});
  /// `handler` hears the answer, or that there is none. Also the way to send several requests in
  /// order: they leave in the order of the calls. `consumer`: the name of the pull consumer whose
  /// messages are answers to this (they carry their own subject, not that of our inbox).
  void request(const std::string& subject, std::string_view payload, const std::string& message_id,
               steady_time deadline, answer_handler handler, std::string consumer = {});
  /// As request(): marks a key of a key-value bucket as erased.
  void erase_key(const std::string& subject, steady_time deadline, answer_handler handler);
  /// Asks the server to send a message back to us: when it comes, all that was written before it
  /// has been taken in by the server and all that the server sent before it has been delivered.
  void echo(steady_time deadline, answer_handler handler);

  /// True when the message was an answer, which has then been handled.
  bool handle_answer(const nats_message& message);
  request_table& requests() noexcept { return requests_; }

  /// Declares the session useless; the first reason stands.
  void lose(std::string reason);
  bool lost() const noexcept { return lost_.load(std::memory_order_acquire); }
  std::string loss_reason() const;
  /// Closes the socket and ends all requests. Blocks shortly. Not from a message handler.
  void close();
  /// Waits until the server has taken what was written, at most `timeout`.
  void flush(std::chrono::milliseconds timeout);

  natsConnection* connection() const noexcept { return connection_; }
  std::int64_t max_payload() const noexcept { return max_payload_; }
  /// Id of the server at the other end.
  const std::string& server() const noexcept { return server_; }
  /// Servers of the cluster as far as known, `nats://host:port`.
  std::vector<std::string> known_servers() const;
  /// How often a JetStream subscription of this session may have missed messages.
  std::uint64_t watch_faults() const noexcept { return watch_faults_.load(); }

 private:
  explicit nats_session(std::weak_ptr<owner> owner);

  static std::shared_ptr<nats_session> find(void* closure);
  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure);
  static void on_closed(natsConnection* connection, void* closure);
  static void on_error(natsConnection*, natsSubscription*, natsStatus status, void* closure);

  void take(const nats_message& message);
  void note_error(natsStatus status);
  std::string answer_subject(std::uint64_t token) const;
  bool send(const std::string& subject, std::string_view payload, const std::string& reply,
            const char* header, const std::string& value);
  bool handle_mark(const nats_message& message);

  const std::weak_ptr<owner> owner_;
  /// What cnats gets as closure. It may call us after we are gone, so it never holds a pointer.
  std::uintptr_t id_ = 0;
  natsConnection* connection_ = nullptr;
  std::int64_t max_payload_ = 0;
  std::string server_;
  std::string inbox_;  ///< `<session_options::inbox>.<unique>.`; the token follows
  std::string marks_;  ///< where marks come back
  request_table requests_;
  std::unique_ptr<retired_subscriptions> retired_;
  std::atomic<std::uint64_t> watch_faults_{0};
  std::atomic<bool> lost_{false};

  mutable std::mutex mutex_;
  std::string loss_reason_;
  std::unordered_map<std::string, natsSubscription*> subscriptions_;
};

}  // namespace starling::cluster
