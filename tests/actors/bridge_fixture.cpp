#include "tests/actors/bridge_fixture.hpp"

#include "actors/bridge/bridge.hpp"
#include "actors/session/replay.hpp"

namespace starling::actors::test {

cluster::log_page page_of(std::vector<stored_event> events) {
  cluster::log_page out;
  out.events = std::move(events);
  return out;
}

namespace {

/// A connection as far as joins go: puts the replay into its ticket, and records the rest.
class replaying_client final
    : public recording<connection_inbox, last_position, former_rooms, refused, denied,
                       roster_changed, close_session, publish_done> {
 public:
  replaying_client(caf::actor_config& cfg, std::shared_ptr<journal> into, node_context& node,
                   ticket_ptr of)
      : recording(cfg, std::move(into)), node_(node), ticket_(std::move(of)) {}

  using recording::on;
  void on(replay_part& part) override { read(events().add(std::move(part))); }
  void on(history_read& answer) override {
    REQUIRE(answer.page.ok());
    read(events().add(answer.id, std::move(*answer.page), node_.here(acme).epoch));
  }
  void enter(joined&& done) {
    ticket_->answer = done;
    ticket_->answered = true;
    events().begin(std::move(done));
    finish();
  }

 private:
  /// Made with the first answer: a test may still change the ticket until it asks.
  replay& events() {
    if (!replay_) replay_.emplace(ticket_->request, node_.options.history.max_events_per_channel);
    return *replay_;
  }
  void read(const std::optional<replay::store_read>& part) {
    if (part)
      node_.engine->history_of(acme).read(
          *part->of, part->after, part->up_to, part->limit,
          [me = handle<connection_inbox>(*this), request = ticket_->request,
           id = part->id](result<cluster::log_page> page) {
            me.send(history_read{request, id, std::move(page)});
          });
    finish();
  }
  void finish() {
    if (ticket_->complete || !events().complete()) return;
    ticket_->complete = true;
    ticket_->replay = events().take();
    ticket_->answer = std::move(events().answer());
  }
  void on_exit() override {
    ticket_.reset();
    recording::on_exit();
  }

  node_context& node_;
  ticket_ptr ticket_;
  std::optional<replay> replay_;
};

/// Hands the answers of joins on, and records the rest.
class entrance final
    : public recording<fanout_inbox, fan_out, session_started, leave, session_ended,
                       position_changed, drain, deliver_to, close_one, renew_token, recount,
                       sessions_query, tenant_stats_query, change_one> {
 public:
  entrance(caf::actor_config& cfg, std::shared_ptr<journal> into,
           std::function<void(joined&&)> hand_on)
      : recording(cfg, std::move(into)), hand_on_(std::move(hand_on)) {}

  using recording::on;
  void on(joined& done) override { hand_on_(std::move(done)); }

 private:
  std::function<void(joined&&)> hand_on_;
};

}  // namespace

bridge_node::bridge_node(std::size_t shards) : test_node(shards) {
  node.bridges[0] = spawn<bridge_inbox, actors::bridge>(std::ref(node), cluster::partition_id{0});
  for (std::size_t i = 0; i < shards; ++i)
    node.fanouts[i] = spawn<fanout_inbox, entrance>(
        fanouts[i], [this](joined&& done) { hand_on(std::move(done)); });
}

bridge_node::~bridge_node() {
  end_actors();
  // Unanswered calls hold the bridge, which must not outlive the node's context.
  engine.appends.clear();
  engine.reads.clear();
  engine.lasts.clear();
  engine.states.clear();
}

void bridge_node::connect(sequence last, epoch_id store) {
  end_of_store = last;
  tell(at(), engine_changed{true, "test"});
  answer_state(last, store);
}

void bridge_node::answer_state(sequence last, epoch_id store) {
  take_oldest(engine.states)(cluster::log_state{store, 1, last});
  run();
}

void bridge_node::start() {
  connect(99);
  CHECK(fence_back() == 100);
}

sequence bridge_node::fence_back() {
  REQUIRE(engine.appends.size() == 1);
  auto fence = take_oldest(engine.appends);
  fence.done(cluster::append_ack{epoch, ++end_of_store});
  tell(at(), engine_stored{{end_of_store, 0, fence.event}});
  return end_of_store;
}

void bridge_node::fence_fails() {
  take_oldest(engine.appends).done(error{errc::unavailable, "no quorum"});
  run();
}

stored_event bridge_node::store(const std::string& room, const std::string& data) {
  const auto channel = room_of(room);
  stored_event out{++end_of_store, latest[channel], {}};
  out.event = make_event(channel, data.empty() ? room + std::to_string(out.seq) : data);
  latest[channel] = out.seq;
  return out;
}

sequence bridge_node::publish(const std::string& room, const std::string& data) {
  arrives(store(room, data));
  return end_of_store;
}

ticket_ptr bridge_node::enter(ticket_ptr ticket) {
  request(ticket);
  if (!engine.appends.empty()) fence_back();
  REQUIRE(is_joined(ticket));
  return ticket;
}

void bridge_node::leaves(const ticket_ptr& ticket, bool ended) {
  std::vector<channel_id> channels;
  for (const auto& c : ticket->answer.channels) channels.push_back(c.id);
  tell(at(), left{ticket->session, ticket->shard, std::move(channels), ended});
}

void bridge_node::answer_read(cluster::log_page page) {
  REQUIRE(!engine.reads.empty());
  take_oldest(engine.reads).done(std::move(page));
  run();
}

void bridge_node::answer_last(sequence last) {
  REQUIRE(!engine.lasts.empty());
  take_oldest(engine.lasts).done(last);
  run();
}

ticket_ptr bridge_node::hand_on(joined&& done) {
  for (const auto& each : tickets) {
    if (each->session != done.session) continue;
    static_cast<replaying_client*>(each->connection.get())->enter(std::move(done));
    return each;
  }
  FAIL("a join was answered that nobody asked for");
  return nullptr;
}

ticket_ptr bridge_node::with_client(ticket_ptr of) {
  of->connection = spawn<connection_inbox, replaying_client>(client, std::ref(node), of);
  tickets.push_back(of);
  return of;
}

}  // namespace starling::actors::test
