// What the engine and the sources of memberships say, on their threads, and to which actor it goes.
#include <boost/asio/post.hpp>

#include "actors/node/node.hpp"
#include "cluster/foreign_messages.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

namespace {

/// What other nodes said and no loop has looked at yet: bytes, with some for each message.
constexpr std::size_t most_unread = 64 * 1024 * 1024;
constexpr std::size_t message_cost = 4096;

}  // namespace

void node::on_stored(cluster::partition_id p, stored_event stored) {
  context_.bridges[cluster::index_of(p)].send(engine_stored{std::move(stored)});
}
void node::on_ephemeral(event event) {
  const auto& to = context_.bridge_of(event.channel.tenant);
  to.send(engine_ephemeral{std::move(event)});
}
void node::on_control(channel channel, std::string payload) {
  const auto& to = context_.bridge_of(channel.tenant);
  to.send(engine_control{std::move(channel), std::move(payload)});
}
void node::on_engine(bool up, std::string detail) {
  for (const auto& each : context_.bridges) each.send(engine_changed{up, detail});
  if (up) announce_soon();
}
void node::on_engine_misconfigured(std::string why) { hooks_.misconfigured(std::move(why)); }
void node::on_store_leader_changed(cluster::partition_id p) {
  context_.bridges[cluster::index_of(p)].send(engine_leader_changed{});
}
void node::on_roster(cluster::roster_part part) {
  if (ingestion_) ingestion_->roster_loaded(part);
  context_.roster.send(roster_loaded{std::move(part)});
}
void node::on_member_added(cluster::roster_entry entry) {
  if (ingestion_) ingestion_->member_changed(entry, true);
  context_.roster.send(roster_entry_changed{std::move(entry), true});
}
void node::on_member_removed(cluster::roster_entry entry) {
  if (ingestion_) ingestion_->member_changed(entry, false);
  context_.roster.send(roster_entry_changed{std::move(entry), false});
}

void node::on_membership_news(cluster::membership_news news) {
  context_.roster.send(membership_heard{std::move(news)});
}

void node::read_on(net::io_loop& loop, const char* kind, std::string payload,
                   std::function<void(const std::string&)> reader) {
  const auto cost = payload.size() + message_cost;
  if (unread_.fetch_add(cost) + cost > most_unread) {
    unread_.fetch_sub(cost);
    return cluster::refuse(cluster::refusal::overload, kind, payload.size());
  }
  boost::asio::post(
      loop.context(), [this, kind, cost, payload = std::move(payload), reader = std::move(reader)] {
        unread_.fetch_sub(cost);
        try {
          reader(payload);
        } catch (const std::exception& fault) {
          cluster::refuse(cluster::refusal::fault, kind, payload.size(), fault.what());
        }
      });
}

void node::on_announcement(std::string payload) {
  read_on(*loops_.front(), "announcement", std::move(payload),
          [this](const std::string& bytes) { hear_announcement(bytes); });
}

void node::hear_announcement(const std::string& payload) {
  const auto told = decode_announcement(payload);
  if (!told)
    return cluster::refuse(told.error().code == errc::too_large ? cluster::refusal::too_large
                                                                : cluster::refusal::malformed,
                           "announcement", payload.size(), told.error().message);
  const auto& from = told->node;
  const auto heard = nodes_.heard(from, told->leaving, steady_clock::now());
  if (heard == node_directory::news::refused)
    return cluster::refuse(cluster::refusal::too_many_nodes, "announcement", payload.size());
  if (heard == node_directory::news::superseded)
    return cluster::refuse(cluster::refusal::same_node_id, from.id, payload.size(),
                           "a node that was started later has this id as well");
  if (heard == node_directory::news::joined) {
    log::info("node joined", {{"node", from.id}, {"admin", from.admin_address}});
    if (second_) announce(false);  // so that it knows this one at once
  }
  context_.other_nodes = nodes_.others(steady_clock::now()).size();
}

void node::on_request(std::string payload, std::function<void(std::string)> reply) {
  auto& loop = *loops_[next_loop_.fetch_add(1) % loops_.size()];
  read_on(loop, "question", std::move(payload),
          [this, &loop, reply = std::move(reply)](const std::string& bytes) {
            hear_question(loop, bytes, reply);
          });
}

void node::hear_question(net::io_loop& loop, const std::string& payload,
                         const std::function<void(std::string)>& reply) {
  auto asked = decode_question(payload);
  if (!asked) {
    const auto code = asked.error().code;
    cluster::refuse(code == errc::not_found   ? cluster::refusal::unknown_kind
                    : code == errc::too_large ? cluster::refusal::too_large
                                              : cluster::refusal::malformed,
                    "question", payload.size(), asked.error().message);
    return reply(encode(asked.error()));
  }
  answers_.answer(loop, *asked, [reply](const any_answer& given) { reply(encode(given)); });
}

}  // namespace starling::actors
