/// Reads one page of a channel's history from the stream.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster/event_log.hpp"
#include "cluster/jetstream/nats_connection.hpp"
#include "cluster/nats/jetstream_api.hpp"

namespace starling::cluster {

/// One read under way.
///
/// Any replica answers a direct get, and quickly; but a replica may lag behind, so its "nothing
/// there" proves nothing. Therefore:
///   1. The leader is asked for the first event after `after`. When there is none (most reads: a
///      client comes back, and its user has heard nothing meanwhile) only the age of the store can
///      have dropped one, and the store's state says so, which many reads share.
///   2. The rest comes by direct gets, each asking for the next event after the last one (0.1 to
///      0.3 ms each, depending on the load); when they become many, by a pull consumer, which costs
///      some ms to make and then brings ten times as much.
///   3. When a replica knows no more, the leader has the last word; and because events may have
///      been dropped while we read, it is asked for the channel's oldest event.
///   4. Only when the oldest event is later than `after`, the leader's count of the channel tells
///      whether something in between was dropped; from the beginning on it is asked for when the
///      page does not show by itself how many there are.
class jetstream_reader : public std::enable_shared_from_this<jetstream_reader> {
 public:
  struct request {
    starling::channel channel;
    sequence after = 0;
    sequence up_to = 0;
    std::size_t limit = 0;
  };
  /// Asks for event_log::state.
  using ask_state = std::function<void(completion<log_state>)>;
  jetstream_reader(std::shared_ptr<nats_connection> connection, partition_id partition,
                   request request, ask_state state, completion<log_page> done);

  void start();

 private:
  enum class step : std::uint8_t {
    first_at_leader,
    next_at_leader,
    oldest_at_leader,
    next_at_replica,
    consumer,
    count
  };
  struct found {
    sequence seq = 0;
    std::string_view data;
  };
  /// An answer that has left the delivery thread.
  struct heard {
    explicit heard(const nats_answer& answer);

    answer_state state;
    std::string data;
    std::string status;  ///< these three are headers of direct gets and of pulls
    std::string description;
    sequence seq = 0;
    std::optional<jetstream::delivery> place;  ///< of a message that a consumer delivered
  };
  /// A pull under way, as the delivery thread sees it.
  struct pull_state {
    std::size_t left;               ///< messages that may still come
    std::atomic<bool> over{false};  ///< what still comes is not wanted
  };

  void ask_first();
  void ask_leader(bool for_next);
  void ask_replica();
  void ask_consumer();
  void ask_count();
  void pull();
  void drop_consumer();
  void send(step asked, const char* api, std::string body);
  /// False: it is no answer, and the read has failed.
  bool answered(const heard& answer);
  void hear(step asked, const heard& answer);
  void hear_first(const jetstream::answer<jetstream::stored_message>& message);
  void hear_nothing(const result<log_state>& store);
  void hear_leader(step asked, std::string_view answer);
  void hear_replica(const heard& message);
  void hear_consumer(std::string_view answer);
  void hear_pulled(const heard& answer);
  void hear_count(std::string_view answer);

  /// True when more of the channel is to be read.
  bool take(const found& next);
  void leader_has_answered();
  void finish();
  void fail(std::string why);

  const std::shared_ptr<nats_connection> connection_;
  const std::string& stream_;  ///< the connection has it
  const request request_;
  const std::string subject_;
  const ask_state state_;
  completion<log_page> done_;

  log_page page_;
  sequence at_;         ///< read up to here
  sequence first_ = 0;  ///< the first event found in the store, decodable or not
  std::size_t bytes_ = 0;
  int replica_gets_ = 0;
  bool consumer_refused_ = false;
  std::string consumer_;      ///< its name while there is one
  std::uint64_t pulled_ = 0;  ///< messages that this consumer has delivered
  std::shared_ptr<pull_state> pull_;
  std::size_t batch_left_ = 0;
  bool pull_brought_ = false;  ///< at least one message
  int leader_answers_due_ = 0;
  bool leader_has_more_ = false;
  bool ended_ = false;
};

}  // namespace starling::cluster
