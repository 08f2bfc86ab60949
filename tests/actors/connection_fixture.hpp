/// Real connections and a real fanout between transports and a bridge that the test plays.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "actors/session/connection.hpp"
#include "actors/session/fanout.hpp"
#include "net/io/io_loop.hpp"
#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

/// The client's end of a fake transport; outlives it.
struct wire {
  net::wire_format format = net::wire_format::ws_json;
  bool stuck = false;  ///< the kernel takes nothing
  std::vector<frame> queued;
  std::vector<frame> written;
  bool wants_drained = false;
  bool open = false;
  std::optional<close_code> closing;
  net::transport_observer* observer = nullptr;
  std::optional<net::goodbye> refused;
  std::optional<error> failed;

  void flush() {
    if (stuck) return;
    for (auto& f : queued) written.push_back(std::move(f));
    queued.clear();
  }
  /// Everything handed to the transport so far.
  texts said() const {
    texts out;
    for (const auto* list : {&written, &queued})
      for (const auto& f : *list) out.emplace_back(f.body());
    return out;
  }
  /// Payloads of the events among it; the fixture's payloads are plain words.
  texts events() const {
    texts out;
    for (const auto* list : {&written, &queued})
      for (const auto& f : *list)
        if (f.is_event()) out.push_back(field(std::string(f.body()), "data"));
    return out;
  }
  /// The last thing said that holds `part`; empty when there is none.
  std::string last_with(const std::string& part) const {
    std::string out;
    for (auto& text : said())
      if (text.find(part) != std::string::npos) out = text;
    return out;
  }
  /// Text of a JSON member whose value is a string.
  static std::string field(const std::string& json, const std::string& name) {
    const auto at = json.find("\"" + name + "\":\"");
    if (at == std::string::npos) return {};
    const auto from = at + name.size() + 4;
    return json.substr(from, json.find('"', from) - from);
  }
};

inline std::size_t bytes_of(const std::vector<frame>& frames) {
  std::size_t out = 0;
  for (const auto& f : frames) out += f.whole().size();
  return out;
}

class fake_transport final : public net::transport {
 public:
  explicit fake_transport(std::shared_ptr<wire> to) : wire_(std::move(to)) { wire_->open = true; }
  ~fake_transport() override { wire_->open = false; }

  void send(frame bytes) override { wire_->queued.push_back(std::move(bytes)); }
  void send_heartbeat(std::string_view id) override {
    send(frame("", "heartbeat " + std::string(id), ""));
  }
  void close(close_code why) override { wire_->closing = why; }
  void flush_now() override { wire_->flush(); }
  std::size_t drop_queued() override {
    return std::erase_if(wire_->queued, [](const frame& f) { return f.is_event(); });
  }
  void notify_when_drained() override { wire_->wants_drained = true; }
  net::wire_format format() const noexcept override { return wire_->format; }
  net::transport_kind kind() const noexcept override { return net::transport_kind::ws; }
  std::size_t queued_items() const noexcept override {
    std::size_t out = 0;
    for (const auto& f : wire_->queued) out += f.items();
    return out;
  }
  std::size_t queued_bytes() const noexcept override { return bytes_of(wire_->queued); }
  std::uint64_t sent_bytes() const noexcept override {
    return bytes_of(wire_->written) + queued_bytes();
  }
  std::uint64_t acknowledged_bytes() noexcept override { return bytes_of(wire_->written); }
  bool back_pressure() const noexcept override { return wire_->stuck && !wire_->queued.empty(); }
  std::uint64_t delivered() const noexcept override { return wire_->events().size(); }

 private:
  std::shared_ptr<wire> wire_;
};

class fake_responder final : public net::stream_responder {
 public:
  explicit fake_responder(std::shared_ptr<wire> to) : wire_(std::move(to)) {}
  std::unique_ptr<net::transport> accept(const net::connected&,
                                         net::transport_observer& observer) override {
    wire_->observer = &observer;
    return std::make_unique<fake_transport>(wire_);
  }
  void refuse(const net::goodbye& why) override { wire_->refused = why; }
  void fail(const error& why) override { wire_->failed = why; }

 private:
  std::shared_ptr<wire> wire_;
};

struct client_node : test_node {
  struct client {
    session_ptr session;
    handle<connection_inbox> address;
    connection* actor = nullptr;
    std::shared_ptr<wire> line = std::make_shared<wire>();
    ticket_ptr ticket;  ///< of the first join, once it was asked for

    texts events() const { return line->events(); }
  };

  client_node() {
    node.fanouts[0] = spawn<fanout_inbox, fanout>(std::ref(node), 0u);
    node.partitions[0].epoch = 7;
  }
  ~client_node() { end_actors(); }

  /// A request of a client whose token is `identity`; its join is at the roster then.
  client begin(const std::shared_ptr<net::identity>& identity, net::stream_request request = {}) {
    boost::intrusive_ptr record(new session_record);
    record->id = session_id::make(1);
    record->identity = identity;
    record->kind = net::transport_kind::ws;
    record->ends_quietly = request.ends_quietly;
    record->opened_ns = ++clock_ns;
    request.identity = identity;
    client out;
    out.session = record;
    out.address = spawn<connection_inbox, connection>(
        std::ref(node), std::ref(loop), out.session,
        std::make_unique<net::stream_request>(std::move(request)),
        std::make_unique<fake_responder>(out.line));
    out.actor = static_cast<connection*>(out.address.get());
    out.actor->start();
    while (former_rooms && !engine.rooms_asked.empty())
      take_oldest(engine.rooms_asked)(*former_rooms);
    run();
    if (!roster->all<join>().empty()) out.ticket = ticket_of(roster->all<join>().back());
    return out;
  }
  client begin(const std::string& user, const texts& rooms = {}) {
    net::stream_request request;
    request.rooms = rooms;
    return begin(make_identity(user), std::move(request));
  }
  static ticket_ptr ticket_of(const join& request) {
    return std::make_shared<ticket>(ticket{request});
  }
  /// The bridge's answer to a join.
  joined answer_to(const join& request) {
    joined out{};
    out.session = request.session;
    out.opening = request.opening;
    out.request = request.request;
    for (const auto& c : request.channels)
      out.channels.push_back({id_of(*c.channel), c.channel, c.since, c.from_roster, c.again});
    out.position = {7, position};
    out.resume = request.resume;
    out.lost = request.lost;
    return out;
  }
  /// What the actor of a channel has for a replay.
  replay_part part_of(const join& request, const std::string& room,
                      std::vector<publication_ptr> events) {
    const auto target = std::make_shared<channel>(room_of(room));
    return {request.request, id_of(*target), target, std::move(events)};
  }
  /// What roster and bridge do: lets the session in; and the channels' actors: replays.
  void let_in(const ticket_ptr& ticket) {
    auto answer = answer_to(*ticket);
    const auto events = std::exchange(ticket->replay, {});
    if (events.empty()) return tell(node.fanouts[0], std::move(answer));
    const auto& room = events.front()->event().channel.name;
    answer.parts.push_back({id_of(room_of(room)), 0});
    send(node.fanouts[0], std::move(answer));
    tell(ticket->connection, part_of(*ticket, room, events));
  }
  client open(const std::string& user, const texts& rooms = {}) {
    auto out = begin(user, rooms);
    let_in(out.ticket);
    REQUIRE(out.line->open);
    out.line->flush();
    return out;
  }
  /// Answers every join of open sessions that was not answered yet, and those that follow.
  void let_all_in() {
    while (!bridge->all<join>().empty()) {
      const auto waiting = std::exchange(bridge->all<join>(), {});
      for (const auto& each : waiting) let_in(ticket_of(each));
    }
  }
  /// The join that a session asked for last.
  ticket_ptr last_join() {
    REQUIRE_FALSE(bridge->all<join>().empty());
    return ticket_of(bridge->all<join>().back());
  }

  channel_id id_of(const channel& channel) {
    return ids.emplace(channel, ids.size() + 1).first->second;
  }
  void publish(const std::string& room, const std::string& data) {
    fan(make_event(room_of(room), data));
  }
  void fan(event event) {
    const auto id = id_of(event.channel);
    const auto seq = ++position;
    tell(node.fanouts[0],
         fan_out{id, std::make_shared<publication>(std::move(event), cursor{7, seq}, seq)});
  }
  void command(const client& client, net::ws_command command) {
    client.line->observer->on_command(std::move(command));
    run();
  }
  void subscribe(const client& client, const texts& rooms, const std::string& ref = "1",
                 std::optional<std::string> from = std::nullopt) {
    net::ws_command asked;
    asked.action = net::ws_command::type::subscribe;
    asked.rooms = rooms;
    asked.ref_json = ref;
    asked.last_event_id = std::move(from);
    command(client, std::move(asked));
  }
  void unsubscribe(const client& client, const texts& rooms, const std::string& ref = "1") {
    net::ws_command asked;
    asked.action = net::ws_command::type::unsubscribe;
    asked.rooms = rooms;
    asked.ref_json = ref;
    command(client, std::move(asked));
  }
  /// The peer went away, or a close is complete.
  void closed(const client& client, close_code why = close_code::client_closed) {
    client.line->observer->on_closed(why);
    run();
  }
  /// The kernel took everything.
  void drained(const client& client) {
    client.line->flush();
    if (std::exchange(client.line->wants_drained, false)) client.line->observer->on_drained();
    run();
  }

  /// What the store knows of each user; nothing: it does not answer by itself.
  std::optional<texts> former_rooms = texts{};
  net::io_loop loop{0};
  sequence position = 100;
  std::map<channel, channel_id> ids;
};

inline std::vector<publication_ptr> some_events(const std::string& room, std::size_t count,
                                                sequence after) {
  std::vector<publication_ptr> out;
  for (std::size_t i = 1; i <= count; ++i)
    out.push_back(make_publication(room, after + i, std::string("r").append(std::to_string(i))));
  return out;
}

}  // namespace starling::actors::test
