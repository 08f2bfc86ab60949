/// Events and node messages as they come from NATS, where anybody may write.
#include "cluster/envelope.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

void fuzz(std::string_view bytes) {
  if (const auto read = cluster::decode(bytes)) {
    const auto written = cluster::encode(*read);
    const auto again = cluster::decode(written);
    require(again.ok(), "an event that was read can be written and read");
    require(cluster::encode(*again) == written, "and stays as it is");
  } else {
    require(read.error().code == errc::malformed, "what is no event is malformed");
  }
  if (const auto message = cluster::decode_node_message(bytes)) {
    const auto again =
        cluster::decode_node_message(cluster::encode(message->from, message->payload));
    require(again && again->from == message->from && again->payload == message->payload,
            "a node's message that was read can be written and read");
  }
}
