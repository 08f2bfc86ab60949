/// One connection that publishes: keep-alive HTTP, or NATS.
#pragma once

#include "apps/starling-bench/wire/event_loop.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace starling::bench {

class publisher_pool;

/// One POST on its way, or as many messages over NATS: `count` events of one lane, the first of
/// them `first_n`.
struct post {
  std::uint32_t audience = 0;
  std::uint32_t count = 0;
  std::uint64_t first_n = 0;
  std::int64_t intended_ns = 0;
};

/// Owned by a publisher_pool. Answers come in the order of the requests.
class publisher final : public io_handler {
 public:
  publisher(publisher_pool& pool, std::uint32_t index) : pool_(pool), index_(index) {}

  std::uint32_t index() const noexcept { return index_; }
  bool ready() const noexcept { return ready_; }
  std::size_t outstanding() const noexcept { return posts_.size(); }

  void open();
  void close();
  /// Only when ready().
  void send(std::string_view request, const post& sent);
  void on_ready(std::uint32_t events) override;

 private:
  void finish_connect();
  void flush();
  void receive();
  bool take_answer();
  bool take_line();
  void answered(int status, std::string_view body);
  void write(std::string_view bytes);
  void fail(std::string_view reason);

  publisher_pool& pool_;
  std::uint32_t index_;
  int fd_ = -1;
  bool connected_ = false;
  bool ready_ = false;    // over NATS: the server has answered the greeting
  bool blocked_ = false;  // out_ waits for the socket
  std::deque<post> posts_;
  std::string in_, out_;
};

}  // namespace starling::bench
