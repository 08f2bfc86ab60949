/// The history of one partition in a JetStream stream.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "cluster/event_log.hpp"
#include "cluster/jetstream/nats_connection.hpp"

namespace starling::cluster {

class jetstream_log final : public event_log {
 public:
  jetstream_log(std::shared_ptr<nats_connection> connection, partition_id partition);

  std::chrono::milliseconds disorder() const noexcept override;
  void append(event event, completion<append_ack> done) override;
  void read(channel channel, sequence after, sequence up_to, std::size_t limit,
            completion<log_page> done) override;
  void last(channel channel, completion<sequence> done) override;
  void state(completion<log_state> done) override;

 private:
  class inner;
  const std::shared_ptr<inner> inner_;  ///< shared with what is under way
};

}  // namespace starling::cluster
