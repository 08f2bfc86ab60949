#include "actors/bridge/bridge.hpp"

namespace starling::actors {

bridge::bridge(caf::actor_config& cfg, node_context& node)
    : bridge_inbox(cfg),
      node_(node),
      fence_channel_{cluster::node_tenant(cluster::partition_id{0}, node.engine->partitions()),
                     channel_kind::client, "fence:" + node.options.id.str()},
      early_(node.engine->history(cluster::partition_id{0}).disorder()),
      ephemeral_(node.options.history.dedupe_window) {}

void bridge::on(admitted& request) {
  if (admitting_.erase(request.ticket) > 0) attach_all(request.ticket);
}

void bridge::on(turned_away& request) {
  if (admitting_.erase(request.ticket) == 0) return;
  for (const auto& wanted : request.ticket->channels) let_go(channels_.at(wanted.feed));
}

void bridge::on(early_due&) {
  early_awaited_ = false;
  for (auto& each : early_.due(steady_clock::now())) take_stored(std::move(each));
  await_early();
}

void bridge::on(node_gone& gone) {
  channels_.for_each([&](const entry& e) {
    if (e.feed && e.where->kind == channel_kind::user) user_of(e).send(gone);
  });
}

void bridge::on(presence_query& query) {
  auto* const e = channels_.find(query.where);
  if (!e || !e->feed) return query.done({});
  room_of(*e).send(std::move(query));
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
