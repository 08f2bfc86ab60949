/// Requests to JetStream and its answers, without a JSON library: only the few members that this
/// program needs are looked for.
///
/// Looking for `"member":` is safe although names of channels appear in these answers: inside a
/// JSON string the closing quote would be written `\"`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/base/cursor.hpp"

namespace starling::cluster::jetstream {

/// The `error` object of an answer. Codes: nats.io's err_code table (`jsErrCode` in cnats).
struct api_error {
  int code = 0;  ///< like an HTTP status
  int err_code = 0;
  std::string description;
};
inline constexpr int err_no_message = 10037;
inline constexpr int err_message_too_large = 10054;

/// nullopt when the answer is not an error.
std::optional<api_error> find_error(std::string_view answer);

struct publish_ack {
  sequence seq = 0;
  bool duplicate = false;
};
std::optional<publish_ack> parse_ack(std::string_view answer);

struct stream_info {
  epoch_id epoch = 0;  ///< as its description says
  sequence first = 0;
  sequence last = 0;
  std::uint64_t on_subject = 0;  ///< messages on the subject that was asked for
  std::string leader = {};       ///< the server that leads it; empty when there is none
};
/// nullopt for an error, and for a stream whose description names no epoch.
std::optional<stream_info> parse_info(std::string_view answer);

struct stored_message {
  sequence seq = 0;
  std::string data;
};
/// Answer of STREAM.MSG.GET.
std::optional<stored_message> parse_message(std::string_view answer);

/// Body that asks for the first message of `subject` with at least sequence `from`.
std::string next_message_request(sequence from, std::string_view subject);
/// Body that asks for the last message of `subject`.
std::string last_message_request(std::string_view subject);
/// Body that asks for the stream's state with the number of messages on `subject`.
std::string info_request(std::string_view subject);

/// Body that creates a short-lived pull consumer on `subject`, from sequence `from` on.
std::string consumer_request(std::string_view stream, sequence from, std::string_view subject);
/// Body that pulls up to `batch` messages at once, without waiting for later ones.
std::string pull_request(std::size_t batch);
/// The name in the answer to consumer_request.
std::optional<std::string> parse_consumer_name(std::string_view answer);

/// Where a message stands that a consumer delivered: taken from its reply subject.
struct delivery {
  std::string consumer;
  sequence seq = 0;
  std::uint64_t number = 0;   ///< 1, 2, ... in the consumer
  std::uint64_t pending = 0;  ///< messages still to come after it
};
std::optional<delivery> parse_delivery(std::string_view reply_subject);

std::optional<std::string> decode_base64(std::string_view text);

}  // namespace starling::cluster::jetstream
