#include "actors/bridge/bridge.hpp"

#include <caf/send.hpp>

namespace starling::actors {

bridge::bridge(caf::actor_config& cfg, node_context& node)
    : pinned_actor(cfg),
      node_(node),
      fence_channel_{tenant_id{"-"}, channel_kind::client, "fence:" + node.options.id.str()},
      early_(node.engine->history().disorder()),
      ephemeral_(node.options.history.dedupe_window) {}

void bridge::receive(caf::type_erased_tuple& message) {
  if (auto* in = message_cast<engine_stored>(message)) return take_arrived(std::move(in->what));
  if (auto* in = message_cast<engine_ephemeral>(message))
    return take_ephemeral(std::move(in->what));
  if (auto* who = message_cast<join>(message)) return begin_join(who->ticket);
  if (auto* who = message_cast<admitted>(message)) {
    if (admitting_.erase(who->ticket) > 0) attach_all(who->ticket);
    return;
  }
  if (auto* who = message_cast<attached>(message)) return finish_attach(who->ticket);
  if (auto* who = message_cast<turned_away>(message)) {
    if (admitting_.erase(who->ticket) == 0) return;
    for (const auto& wanted : who->ticket->channels) let_go(channels_.at(wanted.feed));
    return;
  }
  if (auto* who = message_cast<left>(message)) return remove_member(*who);
  if (auto* in = message_cast<engine_control>(message)) return take_control(std::move(*in));
  if (auto* page = message_cast<replay_read>(message)) return take_replay(*page);
  if (auto* page = message_cast<repair_read>(message)) return take_repair(*page);
  if (auto* known = message_cast<last_stored>(message)) return take_last(*known);
  if (auto* state = message_cast<store_state>(message)) return take_state(*state);
  if (auto* change = message_cast<engine_changed>(message)) return engine_state(*change);
  if (message_cast<early_due>(message)) {
    early_awaited_ = false;
    for (auto& each : early_.due(steady_clock::now())) take_stored(std::move(each));
    return await_early();
  }
  if (message_cast<engine_leader_changed>(message)) return begin_catch_up();
  if (auto* failed = message_cast<fence_failed>(message)) return fence_lost(*failed);
  if (auto* dead = message_cast<feed_died>(message)) return rebuild(*dead);
  if (auto* gone = message_cast<node_gone>(message)) {
    return channels_.for_each([&](const entry& e) {
      if (e.where->kind == channel_kind::user) caf::anon_send(e.feed, *gone);
    });
  }
  if (auto* query = message_cast<channels_query>(message)) return list_channels(*query);
  if (auto* query = message_cast<presence_query>(message)) {
    if (auto* e = channels_.find(query->where)) return caf::anon_send(e->feed, *query);
    return query->done({});
  }
  if (message_cast<tick>(message)) return every_second();
}

void bridge::list_channels(const channels_query& query) const {
  std::vector<net::room_info> out;
  channels_.for_each([&](const entry& e) {
    if (e.where->kind != query.kind) return;
    net::room_info info;
    info.room = e.where->name;
    info.tenant = e.where->tenant.str();
    info.members = e.members.total();
    info.nodes.push_back(node_.options.id.str());
    out.push_back(std::move(info));
  });
  query.done(std::move(out));
}

}  // namespace starling::actors
