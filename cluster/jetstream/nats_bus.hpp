/// The bus over core NATS; stored events come back through the stream's republish.
#pragma once

#include <memory>

#include "cluster/bus.hpp"
#include "cluster/jetstream/nats_connection.hpp"

namespace starling::cluster {

class nats_bus final : public bus, private nats_receiver {
 public:
  nats_bus(const node_id& self, std::shared_ptr<nats_connection> connection);

  void start(bus_listener& listener) override;
  void stop() override;
  bool connected() const noexcept override { return connection_->up(); }
  std::string why_away() const override { return connection_->complaint(); }

  void follow(const channel_ptr& channel) override { connection_->follow(*channel); }
  void unfollow(const channel& channel) override { connection_->unfollow(channel); }

  result<void> send_ephemeral(const event& event) override;
  void send_control(const channel& channel, std::string payload) override;
  void announce(std::string payload) override;
  void ask(const node_id& node, std::string payload, std::chrono::milliseconds deadline,
           completion<std::string> done) override;
  void ask_all(std::string payload, std::size_t expected, std::chrono::milliseconds deadline,
               std::function<void(std::vector<node_reply>)> done) override;

 private:
  void on_message(const nats_message& message) override;
  void on_up(std::string detail) override;
  void on_down(std::string detail) override;
  void on_misconfigured(std::string why) override;

  void hear_channel(const heard_subject& about, const nats_message& message);
  void hear_stored(const heard_subject& about, const nats_message& message);
  void hear_question(const nats_message& message);
  void hear_advisory(std::string_view subject);

  const node_id self_;
  const std::shared_ptr<nats_connection> connection_;
  bus_listener* listener_ = nullptr;  ///< set before the connection starts
};

}  // namespace starling::cluster
