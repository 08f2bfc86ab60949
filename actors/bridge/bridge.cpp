// Events: from the engine through the sequencer to shards and channels' actors.
#include "actors/bridge/bridge.hpp"

#include "actors/runtime/delayed.hpp"
#include "cluster/foreign_messages.hpp"
#include "net/base/clock.hpp"
#include "net/base/log.hpp"
#include "net/wire/codec.hpp"

namespace starling::actors {

namespace {
sequencer_options options_of(node_context& node, cluster::partition_id partition) {
  sequencer_options out;
  out.disorder = node.engine->history(partition).disorder();
  out.dedupe_window = node.options.history.dedupe_window;
  out.sweep = node.options.sweep;
  return out;
}
}  // namespace

bridge::bridge(caf::actor_config& cfg, node_context& node, cluster::partition_id partition)
    : bridge_inbox(cfg),
      node_(node),
      partition_(partition),
      shown_(node.partition(partition)),
      fences_{cluster::node_tenant(partition, node.engine->partitions()), channel_kind::client,
              "fence:" + node.options.id.str()},
      channels_(partition),
      order_(channels_, *this, fences_, options_of(node, partition)) {}

void bridge::on_exit() {
  channels_.for_each([this](const live_channel& each) { actors_.stop(each); });
}

// -- in -----------------------------------------------------------------------------------------

void bridge::on(engine_stored& arrived) {
  order_.stored(std::move(arrived.stored), steady_clock::now());
  show_position();
}

void bridge::on(engine_ephemeral& arrived) {
  order_.ephemeral(std::move(arrived.event), steady_clock::now());
}

void bridge::on(engine_control& told) {
  // Only supervisors of users talk to each other; a room's actor takes no such message.
  if (told.channel.kind != channel_kind::user)
    return cluster::refuse(cluster::refusal::wrong_channel, "control of a channel",
                           told.payload.size());
  // Before its actor is there nothing is lost: it asks the others when it begins.
  if (const auto* of = channels_.find(told.channel)) actors_.user(*of).send(std::move(told));
}

void bridge::on(engine_changed& change) {
  if (change.up) {
    log::info("engine connected", {{"detail", change.detail}});
    order_.engine_up(steady_clock::now());
  } else {
    log::warn("engine away", {{"why", change.detail}});
    order_.engine_down("the engine is away");
  }
  show_position();
}

void bridge::on(reorder_due&) {
  order_.reorder_due(steady_clock::now());
  show_position();
}

void bridge::on(store_state& answer) {
  order_.state(answer.state, steady_clock::now());
  show_position();
}

void bridge::on(repair_read& answer) {
  order_.page(answer.range, std::move(answer.page));
  show_position();
}

void bridge::on(tick&) {
  order_.tick(steady_clock::now());
  show_position();
}

shard_metrics& bridge::metrics() { return home() ? home()->loop().metrics() : *node_.home_metrics; }

void bridge::show_position() {
  const auto at = order_.position();
  shown_.epoch = at.epoch;
  shown_.position = at.seq;
  shown_.ready = order_.ready();
  shown_.caught_up = order_.phase() == sequencer_phase::live;
  shown_.waiting = order_.waiting();
}

// -- out ----------------------------------------------------------------------------------------

void bridge::deliver(live_channel& to, publication_ptr event) {
  send_to_members(to, event);
  if (event->stored()) actors_.any(to).send(inbound{std::move(event)});
}

void bridge::send_to_members(const live_channel& of, const publication_ptr& event) {
  for (const auto& [shard, sessions] : of.members.counts())
    node_.fanouts[shard].send(fan_out{of.id, event});
}

void bridge::read(const channel& of, const range_read& range) {
  history().read(of, range.after, range.up_to, range.limit,
                 [me = self(), range](result<cluster::log_page> page) {
                   me.send(repair_read{range, std::move(page)});
                 });
}

void bridge::store_fence(std::uint64_t number, event fence) {
  history().append(std::move(fence), [me = self(), number](result<cluster::append_ack> ack) {
    if (!ack) me.send(fence_failed{number, ack.error()});
  });
}

void bridge::ask_state() {
  history().state(
      [me = self()](result<cluster::log_state> state) { me.send(store_state{std::move(state)}); });
}

void bridge::ask_last(const live_channel& of) {
  history().last(*of.channel, [me = self(), id = of.id](result<sequence> last) {
    me.send(last_stored{id, std::move(last)});
  });
}

void bridge::lost(live_channel& from, std::string_view reason) {
  metrics().gaps[1].add();
  log::warn(
      "events may be lost",
      {{"kind", to_string(from.channel->kind)}, {"name", from.channel->name}, {"reason", reason}});
  event gap;
  gap.channel = *from.channel;
  gap.name = "gap";
  gap.data = net::to_json(net::gap{std::string(reason), name_of_loss(*from.channel)});
  send_to_members(from, publication::notice(std::move(gap), order_.position()));
}

void bridge::recovered(std::size_t count) { metrics().gaps[0].add(count); }

void bridge::epoch_began(const cluster::log_state& store, bool anew) {
  if (!anew) {
    node_.engine->messages().follow(std::make_shared<channel>(fences_));
    return;
  }
  log::warn("the store began anew: clients are told to fetch again", {{"epoch", store.epoch}});
  metrics().gaps[1].add();
  for (const auto& shard : node_.fanouts)
    shard.send(drain{std::chrono::seconds(1), close_code::draining, anew_reason, partition_});
  channels_.for_each([&](const live_channel& each) {
    if (each.live) actors_.any(each).send(forget_history{store.last});
  });
}

void bridge::wake_reorder(std::chrono::milliseconds delay) {
  send_after(home(), delay, self(), reorder_due{});
}

// -- questions ----------------------------------------------------------------------------------

void bridge::on(channels_query& query) {
  std::vector<net::room_info> out;
  channels_.for_each([&](const live_channel& each) {
    if (each.channel->kind != query.kind || each.members.total() == 0) return;
    if (!query.tenant.empty() && each.channel->tenant != query.tenant) return;
    if (!query.name.empty() && each.channel->name != query.name) return;
    net::room_info info;
    info.room = each.channel->name;
    info.tenant = each.channel->tenant.str();
    info.members = each.members.total();
    out.push_back(std::move(info));
  });
  query.done(std::move(out));
}

void bridge::on(presence_query& query) {
  const auto* of = channels_.find(query.channel);
  const auto room = of ? actors_.room(*of) : nullptr;
  if (!room) return query.done({});
  room.send(std::move(query));
}

}  // namespace starling::actors
