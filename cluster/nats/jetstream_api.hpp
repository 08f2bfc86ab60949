/// Requests to JetStream's API and its answers. Any bytes are safe to pass as an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/base/cursor.hpp"

namespace starling::cluster::jetstream {

/// The `error` object of an answer. Codes: nats.io's err_code table (`jsErrCode` in cnats).
struct api_error {
  int code = 0;  ///< like an HTTP status; 0: the answer cannot be understood
  int err_code = 0;
  std::string description = "the answer cannot be understood";
};
inline constexpr int err_no_message = 10037;
inline constexpr int err_message_too_large = 10054;

/// What JetStream answered: a T, or the reason why there is none.
template <class T>
struct answer {
  std::optional<T> value;
  api_error error;

  explicit operator bool() const noexcept { return value.has_value(); }
  T* operator->() noexcept { return &*value; }
  const T* operator->() const noexcept { return &*value; }
  T& operator*() noexcept { return *value; }
  const T& operator*() const noexcept { return *value; }
};

struct publish_ack {
  sequence seq = 0;
  bool duplicate = false;
};
answer<publish_ack> parse_ack(std::string_view text);

struct stream_info {
  epoch_id epoch = 0;  ///< as its description says; one without an epoch cannot be understood
  sequence first = 0;
  sequence last = 0;
  std::uint64_t on_subject = 0;  ///< messages on the subject that was asked for
  std::string leader = {};       ///< the server that leads it; empty when there is none
};
answer<stream_info> parse_info(std::string_view text);

struct stored_message {
  sequence seq = 0;
  std::string data;
};
/// Answer of STREAM.MSG.GET.
answer<stored_message> parse_message(std::string_view text);

/// Body that asks for the first message of `subject` with at least sequence `from`.
std::string next_message_request(sequence from, std::string_view subject);
/// Body that asks for the last message of `subject`.
std::string last_message_request(std::string_view subject);
/// Body that asks for the stream's state with the number of messages on `subject`.
std::string info_request(std::string_view subject);

/// Body that creates a short-lived pull consumer on `subject`, from sequence `from` on.
std::string consumer_request(std::string_view stream, sequence from, std::string_view subject);
/// Body that pulls up to `batch` messages of together at most `max_bytes` at once, without waiting
/// for later ones. The server counts subjects and headers too, and ends a pull whose next message
/// no longer fits with status 409.
std::string pull_request(std::size_t batch, std::size_t max_bytes);
/// The name in the answer to consumer_request.
answer<std::string> parse_consumer_name(std::string_view text);

/// Where a message stands that a consumer delivered: taken from its reply subject.
struct delivery {
  std::string consumer;
  sequence seq = 0;
  std::uint64_t number = 0;   ///< 1, 2, ... in the consumer
  std::uint64_t pending = 0;  ///< messages still to come after it
};
std::optional<delivery> parse_delivery(std::string_view reply_subject);

}  // namespace starling::cluster::jetstream
