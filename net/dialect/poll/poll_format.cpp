#include "net/dialect/poll/poll_format.hpp"

#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net::poll {

namespace {

// As in a JSON text sequence (RFC 7464), each record begins with RS, which no JSON text holds; so
// frames can be put on end. Then kind, label, space, JSON.
constexpr char record_start = '\x1e';

std::string begin_record(record_kind kind, std::string_view label) {
  std::string out;
  out += record_start;
  out += static_cast<char>(kind);
  out.append(label).append(" ");
  return out;
}

frame encode_poll_event(const starling::event& event, std::string_view id) {
  auto out = begin_record(record_kind::event, id);
  {
    json_writer object(out);
    object.text("id", id);
    object.text("event_id", event.id);
    append_event_members(object, event);
  }
  return {"", out, "", {&event.accepted_ns, 1}};
}

frame encode_poll_connected(const connected& hello, std::chrono::milliseconds retry) {
  return {"", begin_record(record_kind::connected, std::to_string(retry.count())) + to_json(hello),
          ""};
}

frame encode_poll_goodbye(const goodbye& farewell) {
  const auto label = farewell.position.str() + retry_mark + std::to_string(farewell.retry.count());
  return {"", begin_record(record_kind::goodbye, label) + to_json(farewell), ""};
}

frame encode_poll_notice(std::string_view name, std::string_view json_object, std::string_view id) {
  auto out = begin_record(record_kind::event, id);
  {
    json_writer object(out);
    object.text("id", id);
    object.text("event", name);
    object.raw("data", json_object);
  }
  return {"", out, ""};
}

}  // namespace

wire_format poll_format() {
  static const wire_format format = add_format({.event = encode_poll_event,
                                                .connected = encode_poll_connected,
                                                .goodbye = encode_poll_goodbye,
                                                .notice = encode_poll_notice});
  return format;
}

void each_record(std::string_view bytes, const std::function<void(const poll_record&)>& take) {
  while (bytes.size() > 1) {
    const auto end = bytes.find(record_start, 1);
    const auto one = bytes.substr(2, end == bytes.npos ? end : end - 2);
    const auto space = one.find(' ');
    if (space != one.npos)
      take({static_cast<record_kind>(bytes[1]), one.substr(0, space), one.substr(space + 1)});
    if (end == bytes.npos) return;
    bytes.remove_prefix(end);
  }
}

}  // namespace starling::net::poll
