/// POST /api/publish: a JSON object, an array, or NDJSON; and what receivers are sent of it.
#include <nlohmann/json.hpp>

#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"
#include "net/wire/sse_parser.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

constexpr net::publish_limits limits{.max_items = 20, .max_event_bytes = 4096, .max_targets = 20};

void check_sse(net::wire_format format, const event& sent, const std::string& id) {
  const auto bytes = net::encode_event(format, sent, id);
  std::size_t events = 0;
  net::sse_parser client;
  client.feed(bytes.body(), [&](const net::sse_event& got) {
    ++events;
    require(got.id == id, "the event has its id and nobody else's");
    if (format != net::wire_format::sse_named) return;
    require(got.name == sent.name, "the event has its name");
    require(got.data == sent.data, "the data arrives as it was published");
  });
  require(events == 1, "an event is one event on the stream");
}

void check_item(const net::publish_item& item) {
  require(item.names.size() <= limits.max_targets, "targets are limited");
  require(item.data.size() <= limits.max_event_bytes, "data is limited");
  require(valid_event_name(item.event) && !reserved_event_name(item.event),
          "an event's name is printable and not the node's own");
  require(item.data_is_text ? valid_utf8(item.data) : nlohmann::json::accept(item.data),
          "data is JSON, or text");
  if (item.data_is_text && item.data.find('\r') != item.data.npos) return;  // SSE has no such byte

  event sent;
  sent.channel = {tenant_id("default"), channel_kind::room, "lobby"};
  sent.id = item.id.empty() ? "made" : item.id;
  sent.name = item.event;
  sent.data = item.data;
  sent.data_is_text = item.data_is_text;
  check_sse(net::wire_format::sse_named, sent, "7-9");
  check_sse(net::wire_format::sse_envelope, sent, "7-9");
  require(nlohmann::json::accept(net::envelope_json(sent)), "an envelope is JSON");
  const auto message = net::encode_event(net::wire_format::ws_json, sent, "7-9");
  require(nlohmann::json::accept(fuzz::ws_payload(message.body())), "a WebSocket message is JSON");
}

}  // namespace

void fuzz(std::string_view bytes) {
  const bool ndjson = (fuzz::take_byte(bytes) & 1) != 0;
  const auto batch = net::parse_publish(bytes, ndjson, limits);
  if (!batch) {
    require(nlohmann::json::accept(net::error_json(batch.error())), "an error is JSON");
    return;
  }
  require(batch->items.size() <= limits.max_items, "items are limited");
  for (const auto& item : batch->items) {
    if (item)
      check_item(*item);
    else
      require(nlohmann::json::accept(net::error_json(item.error())), "an error is JSON");
  }
}
