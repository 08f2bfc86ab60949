#include "actors/publish/publisher.hpp"

#include "actors/base/access.hpp"
#include "actors/base/locator.hpp"
#include "net/base/clock.hpp"
#include "net/base/trace.hpp"
#include "net/wire/codec.hpp"

namespace starling::actors {

namespace {

using target_kind = net::publish_item::target_kind;

/// The item as an event for the first of its targets. Takes the item's data.
event to_event(net::publish_item& item, const net::identity& caller,
               const std::string& traceparent) {
  event out;
  out.channel.tenant = caller.tenant;
  out.id = item.id;
  out.name = item.event;
  out.data = std::move(item.data);
  out.data_is_text = item.data_is_text;
  out.accepted_ns = wall_ns();
  out.sender = caller.user.str();
  out.exclude = std::move(item.exclude);
  out.traceparent = traceparent;
  return out;
}

}  // namespace

publisher::publisher(caf::actor_config& cfg, node_context& node)
    : publisher_inbox(cfg), node_(node) {}

void publisher::on(publish_request& request) {
  const auto number = next_request_++;
  auto& entry = pending_[number];
  entry.request = std::move(request);
  auto& trace = entry.request.batch->traceparent;
  if (trace.empty()) make_traceparent(trace);
  const auto count = entry.request.batch->items.size();
  entry.verdicts.reserve(count);
  entry.repeated.resize(count);
  entry.outstanding = 1;  // this call: answers may come before it returns
  for (std::size_t i = 0; i < count; ++i) publish_item(entry, number, i);
  --entry.outstanding;
  finish_if_complete(number);
}

void publisher::publish_item(pending& entry, std::uint64_t number, std::size_t i) {
  auto& parsed = entry.request.batch->items[i];
  entry.verdicts.push_back(net::published{});
  if (!parsed) {
    entry.verdicts[i] = parsed.error();
    return;
  }
  auto& item = *parsed;
  const auto& caller = *entry.request.caller;
  if (const auto allowed = may_publish(caller, item); !allowed) {
    entry.verdicts[i] = allowed.error();
    return;
  }
  // Who parsed it may have gone by a limit that a reload has changed since.
  if (const std::size_t most = node_.max_event_bytes; item.data.size() > most) {
    entry.verdicts[i] = net::too_large_event(item.data.size(), most);
    return;
  }
  const auto& key = entry.request.batch->idempotency_key;
  if (item.id.empty() && !key.empty())
    item.id = entry.request.batch->single ? key : key + '-' + std::to_string(i);
  const bool given = !item.id.empty();
  if (!given) item.id = make_event_id();
  entry.verdicts[i]->id = item.id;
  event outgoing = to_event(item, caller, entry.request.batch->traceparent);
  outgoing.id_given = given;
  switch (item.target) {
    case target_kind::client:
      outgoing.channel.kind = channel_kind::client;
      outgoing.channel.name = item.client.str();
      return send_to_client(entry, number, i, std::move(outgoing));
    case target_kind::all:
      outgoing.channel = tenant_channel(caller.tenant);
      return item.ephemeral ? send_now(entry, i, std::move(outgoing))
                            : append(entry, number, i, std::move(outgoing));
    case target_kind::rooms:
    case target_kind::users: {
      const bool rooms = item.target == target_kind::rooms;
      outgoing.channel.kind = rooms ? channel_kind::room : channel_kind::user;
      const shared_list<std::string> names(std::move(item.names));
      for (std::size_t at = 0; at < names.size(); ++at) {
        outgoing.channel.name = names[at];
        if (rooms) outgoing.earlier_targets = names.first(at);
        if (item.ephemeral)
          send_now(entry, i, outgoing);
        else
          append(entry, number, i, outgoing);
      }
      return;
    }
  }
}

void publisher::append(pending& entry, std::uint64_t number, std::size_t item, event event) {
  const auto index = entry.item_of_append.size();
  entry.item_of_append.push_back(item);
  ++entry.outstanding;
  auto& history = node_.engine->history_of(event.channel.tenant);
  if (node_.asks_sources() && event.channel.kind == channel_kind::room) {
    auto channel = event.channel;
    return history.append(std::move(event),
                          [me = self(), &roster = node_.roster, number, index,
                           channel = std::move(channel)](result<cluster::append_ack> ack) {
                            if (ack)
                              roster.send(room_named{channel.tenant, channel.name, ack->seq, true});
                            me.send(append_done{number, index, std::move(ack)});
                          });
  }
  history.append(std::move(event), [me = self(), number, index](result<cluster::append_ack> ack) {
    me.send(append_done{number, index, std::move(ack)});
  });
}

void publisher::send_now(pending& entry, std::size_t item, const event& event) {
  auto& verdict = entry.verdicts[item];
  if (!verdict) return;
  if (const auto sent = node_.engine->messages().send_ephemeral(event); !sent)
    verdict = sent.error();
  else
    verdict->position = node_.here(entry.request.caller->tenant);
  if (verdict && node_.asks_sources() && event.channel.kind == channel_kind::room)
    node_.roster.send(room_named{event.channel.tenant, event.channel.name, 0, true});
}

void publisher::send_to_client(pending& entry, std::uint64_t number, std::size_t item,
                               event event) {
  const auto index = entry.item_of_append.size();
  entry.item_of_append.push_back(item);
  ++entry.outstanding;
  entry.verdicts[item]->position = node_.here(entry.request.caller->tenant);
  node_.locator->deliver(std::move(event), [me = self(), number, index](result<void> reached) {
    me.send(client_reached{number, index, std::move(reached)});
  });
}

void publisher::on(append_done& done) {
  const auto found = pending_.find(done.request);
  if (found == pending_.end()) return;
  const auto item = found->second.item_of_append[done.append];
  auto& verdict = found->second.verdicts[item];
  if (!done.ack) {
    verdict = done.ack.error();
  } else if (verdict) {
    if (done.ack->seq > verdict->position.seq) verdict->position = {done.ack->epoch, done.ack->seq};
    if (done.ack->duplicate) found->second.repeated[item] = true;
  }
  --found->second.outstanding;
  finish_if_complete(done.request);
}

void publisher::on(client_reached& done) {
  const auto found = pending_.find(done.request);
  if (found == pending_.end()) return;
  if (!done.reached) {
    found->second.verdicts[found->second.item_of_append[done.append]] = done.reached.error();
    if (done.reached.error().code == errc::not_found && home())
      home()->loop().metrics().dropped[static_cast<std::size_t>(drop_reason::no_recipient)].add();
  }
  --found->second.outstanding;
  finish_if_complete(done.request);
}

void publisher::count(const pending& done, shard_metrics& metrics) {
  for (std::size_t i = 0; i < done.verdicts.size(); ++i) {
    const auto& verdict = done.verdicts[i];
    if (!verdict)
      metrics.publish_refused(verdict.error().code);
    else if (!done.repeated[i])
      metrics.events_in[static_cast<std::size_t>(done.request.source)].add();
  }
}

void publisher::finish_if_complete(std::uint64_t number) {
  const auto found = pending_.find(number);
  if (found == pending_.end() || found->second.outstanding > 0) return;
  auto done = std::move(found->second);
  pending_.erase(found);
  if (home()) count(done, home()->loop().metrics());
  done.request.done(std::move(done.verdicts));
}

}  // namespace starling::actors
