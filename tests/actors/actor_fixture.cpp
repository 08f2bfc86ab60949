#include "tests/actors/actor_fixture.hpp"

#include <caf/scheduler/test_coordinator.hpp>

namespace starling::actors::test {

std::shared_ptr<net::identity> make_identity(const std::string& user) {
  auto out = std::make_shared<net::identity>();
  out->tenant = acme;
  out->user = user_id{user};
  out->rooms = {"*"};
  out->expires_s = wall_ms() / 1000 + 3600;
  return out;
}

event make_event(const channel& channel, const std::string& data) {
  event out;
  out.channel = channel;
  out.id = "id";
  out.name = "message";
  out.data = data;
  out.data_is_text = true;
  out.accepted_ns = wall_ns();
  return out;
}

publication_ptr make_publication(const std::string& room, sequence seq, const std::string& data) {
  return std::make_shared<publication>(
      make_event(room_of(room), data.empty() ? std::to_string(seq) : data), cursor{7, seq}, seq);
}

texts data_of(const std::vector<fan_out>& events) {
  texts out;
  for (const auto& e : events) out.push_back(e.publication->event().data);
  return out;
}

texts data_of(const std::vector<publication_ptr>& events) {
  texts out;
  for (const auto& e : events) out.push_back(e->event().data);
  return out;
}

test_node::config::config() { set("scheduler.policy", caf::atom("testing")); }

test_node::test_node(std::size_t shards) {
  node.options.id = node_id{"n1"};
  node.options.tag = 1;
  node.engine = &engine;
  node.home_metrics = &metrics;
  for (std::size_t i = 0; i < shards; ++i) {
    fanouts.push_back(std::make_shared<journal>());
    node.fanouts.push_back(record<fanout_inbox>(fanouts.back()));
    node.publishers.push_back(record<publisher_inbox>(publisher));
  }
  node.bridges.push_back(record<bridge_inbox>(bridge));
  node.roster = record<roster_inbox>(roster);
}

test_node::~test_node() { end_actors(); }

void test_node::end_actors() {
  for (const auto& stop : stops_) stop();
  run();
  stops_.clear();
  node.fanouts.clear();
  node.publishers.clear();
  for (auto& each : node.bridges) each = nullptr;
  node.roster = nullptr;
  run();
}

template <class Inbox>
handle<Inbox> test_node::record(const std::shared_ptr<journal>& into) {
  return spawn<Inbox, recorder<Inbox>>(into);
}
template handle<bridge_inbox> test_node::record(const std::shared_ptr<journal>& into);
template handle<connection_inbox> test_node::record(const std::shared_ptr<journal>& into);
template handle<fanout_inbox> test_node::record(const std::shared_ptr<journal>& into);
template handle<publisher_inbox> test_node::record(const std::shared_ptr<journal>& into);
template handle<roster_inbox> test_node::record(const std::shared_ptr<journal>& into);

void test_node::run() { dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler()).run(); }

session_ptr test_node::make_session(const std::string& user, const std::string& device) {
  boost::intrusive_ptr out(new session_record);
  out->id = session_id::make(node.options.tag);
  out->identity = make_identity(user);
  out->device = device_id{device};
  out->opened_ns = ++clock_ns;
  return out;
}

ticket_ptr test_node::make_ticket(const texts& rooms, std::optional<cursor> resume,
                                  const std::string& user) {
  auto out = std::make_shared<ticket>();
  out->connection = record<connection_inbox>(client);
  out->session = make_session(user);
  out->opening = false;
  out->resume = resume;
  for (const auto& name : rooms)
    out->channels.push_back({std::make_shared<channel>(room_of(name))});
  return out;
}

ticket_ptr test_node::make_opening(const std::string& user, const texts& rooms,
                                   const std::string& device) {
  auto out = make_ticket(rooms, std::nullopt, user);
  out->session = make_session(user, device);
  out->opening = true;
  out->channels.insert(out->channels.begin(),
                       {std::make_shared<channel>(user_channel(acme, user))});
  return out;
}

}  // namespace starling::actors::test
