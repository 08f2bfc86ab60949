#include "net/dialect/fechatter/formats.hpp"

#include <memory>

#include "net/base/clock.hpp"
#include "net/dialect/fechatter/messages.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"
#include "net/wire/json_writer.hpp"
#include "net/wire/sse_text.hpp"

namespace starling::net::fechatter {

namespace {

/// One block; `name` empty: unnamed, for `onmessage`.
void append_block(std::string& out, std::string_view name, std::string_view id,
                  std::string_view data) {
  if (!name.empty()) append_sse_line(out, "event: ", name);
  if (!id.empty()) append_sse_line(out, "id: ", id);
  append_sse_data(out, data);
  out += '\n';
}

// -- event streams; Named: each also under its own name ------------------------------------------

template <bool Named>
frame stream_event(const event& event, std::string_view id) {
  const auto message = message_of(event, reader::stream);
  auto& out = wire_scratch();
  if (Named) append_block(out, event.name, id, message);
  append_block(out, "", id, message);
  return sse_frame(out, {&event.accepted_ns, 1});
}

template <bool Named>
frame stream_hello(const connected& hello, std::chrono::milliseconds retry) {
  auto& out = wire_scratch();
  append_sse_retry(out, retry);
  const auto id = hello.position.str();
  if (Named) append_block(out, "connected", id, to_json(hello));
  append_block(out, "", id, welcome(hello));
  append_block(out, "", id, heartbeat(hello.user, 1, hello.server_time_ms));
  return sse_frame(out);
}

template <bool Named>
frame stream_goodbye(const goodbye& last) {
  auto& out = wire_scratch();
  append_sse_retry(out, last.retry);
  const auto id = last.reconnect ? last.position.str() : closing_mark(last.position);
  if (Named) append_block(out, "goodbye", id, to_json(last));
  append_block(out, "", id, farewell(last));
  return sse_frame(out);
}

template <bool Named>
frame stream_notice(std::string_view name, std::string_view json_object, std::string_view id) {
  auto& out = wire_scratch();
  if (Named) append_block(out, name, id, json_object);
  append_block(out, "", id, notice(name, json_object));
  return sse_frame(out);
}

/// Numbered from 2: the first is `stream_hello`'s.
template <bool Named>
class heartbeats final : public heartbeat_writer {
 public:
  explicit heartbeats(const connected& hello) : user_(hello.user) {}
  frame next(std::string_view id) override {
    const auto now = wall_ms();
    auto& out = wire_scratch();
    if (Named) {
      std::string said;
      json_writer(said).number("ts", now);
      append_block(out, "heartbeat", id, said);
    }
    append_block(out, "", id, heartbeat(user_, ++told_, now));
    return sse_frame(out);
  }

 private:
  const std::string user_;
  std::uint32_t told_ = 1;
};

template <bool Named>
wire_format stream_format() {
  static const wire_format format =
      add_format({.event = stream_event<Named>,
                  .connected = stream_hello<Named>,
                  .goodbye = stream_goodbye<Named>,
                  .notice = stream_notice<Named>,
                  .heartbeats = [](const connected& hello) -> std::unique_ptr<heartbeat_writer> {
                    return std::make_unique<heartbeats<Named>>(hello);
                  }});
  return format;
}

// -- WebSocket -----------------------------------------------------------------------------------

frame socket_frame(std::string_view json, std::span<const std::int64_t> accepted_ns = {}) {
  auto& out = wire_scratch();
  out += json;
  return ws_text_frame(out, accepted_ns);
}

wire_format socket_format() {
  static const wire_format format = add_format(
      {.event =
           [](const event& event, std::string_view id) {
             return socket_frame(message_of(event, reader::socket, id), {&event.accepted_ns, 1});
           },
       .connected = [](const connected& hello,
                       std::chrono::milliseconds) { return socket_frame(welcome(hello)); },
       .goodbye = [](const goodbye& last) { return socket_frame(farewell(last)); },
       .notice = [](std::string_view name, std::string_view json_object,
                    std::string_view) { return socket_frame(notice(name, json_object)); },
       .ws = &socket_commands});
  return format;
}

}  // namespace

void add_formats(stream_formats& to, std::string_view standard) {
  constexpr std::string_view name = "fechatter";
  to.rows.push_back({name, stream_format<false>(), socket_format()});
  if (standard != name) return;
  for (auto& row : to.rows)
    if (row.name == "both") row = {row.name, stream_format<true>(), socket_format()};
}

}  // namespace starling::net::fechatter
