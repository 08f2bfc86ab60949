#include "actors/api/node_answers.hpp"

#include <algorithm>
#include <string_view>

#include "actors/api/back_on.hpp"
#include "actors/api/gather.hpp"
#include "actors/api/node_stats.hpp"
#include "actors/api/session_pages.hpp"
#include "actors/base/find_text.hpp"
#include "actors/base/publication.hpp"
#include "actors/messages/users_online.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

namespace {

template <class T>
std::vector<T> joined_lists(std::vector<std::vector<T>> lists) {
  auto out = std::move(lists.front());
  for (std::size_t i = 1; i < lists.size(); ++i)
    std::move(lists[i].begin(), lists[i].end(), std::back_inserter(out));
  return out;
}

/// Asks every shard about one session; it is on one of them or on none.
std::function<void(result<void>)> one_of(std::size_t shards,
                                         std::function<void(result<void>)> done) {
  auto answers = std::make_shared<gather<result<void>>>(
      shards, [done = std::move(done)](std::vector<result<void>> all) {
        for (auto& answer : all)
          if (answer || answer.error().code != errc::not_found) return done(std::move(answer));
        done(std::move(all.front()));
      });
  return answers->part();
}

/// `reply` with what a command has come to.
auto as_answer(node_answers::done<nothing> reply) {
  return [reply = std::move(reply)](result<void> outcome) {
    reply(outcome ? result<nothing>(nothing{}) : result<nothing>(outcome.error()));
  };
}

/// The same on every node and in every version.
std::uint64_t fnv1a(std::string_view tenant, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&hash](unsigned char c) { hash = (hash ^ c) * 0x100000001b3; };
  for (const char c : tenant) mix(static_cast<unsigned char>(c));
  mix(0);
  for (const char c : name) mix(static_cast<unsigned char>(c));
  return hash;
}

channels_answer page_of(std::vector<net::room_info> all, const channels_question& asked) {
  channels_answer out;
  std::erase_if(all, [&](const auto& each) { return !holds_text(each.room, asked.search); });
  out.total = all.size();
  if (all.size() <= channels_answer::max_hashed)
    for (const auto& each : all) {
      const auto hash = fnv1a(each.tenant, each.room);
      out.hashes.append(reinterpret_cast<const char*>(&hash), sizeof hash);
    }
  const bool one_tenant = !asked.tenant.empty();
  const auto key = [&](const net::room_info& of) {
    return page_key(one_tenant, of.tenant, of.room);
  };
  // Where a channel stands by size is known only when all nodes have been asked.
  if (!asked.largest && !asked.after.empty())
    std::erase_if(all, [&](const net::room_info& each) { return key(each) <= asked.after; });
  const auto most =
      asked.largest ? channels_question::max_largest : std::min(asked.limit, max_page + 1);
  const auto end =
      all.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(most, all.size()));
  std::partial_sort(all.begin(), end, all.end(), [&](const auto& a, const auto& b) {
    if (asked.largest && a.members != b.members) return a.members > b.members;
    return key(a) < key(b);
  });
  all.erase(end, all.end());
  out.channels = std::move(all);
  return out;
}

}  // namespace

template <>
void node_answers::give(net::io_loop& loop, const sessions_question& asked,
                        done<sessions_answer> reply) {
  if (closed_) return;
  const auto limit = static_cast<std::size_t>(std::min(asked.limit, max_page + 1));
  const auto order = read_session_order(asked.order);
  const auto all = std::make_shared<gather<sessions_found>>(
      node_.fanouts.size(),
      back_on(loop, [limit, order, reply = std::move(reply)](std::vector<sessions_found> parts) {
        sessions_answer out;
        std::vector<std::vector<net::session_info>> lists;
        for (auto& part : parts) {
          out.total += part.total;
          lists.push_back(std::move(part.sessions));
        }
        out.sessions = joined_lists(std::move(lists));
        std::sort(out.sessions.begin(), out.sessions.end(), [order](const auto& a, const auto& b) {
          return session_key(order, a) < session_key(order, b);
        });
        if (out.sessions.size() > limit) out.sessions.resize(limit);
        reply(std::move(out));
      }));
  const auto after = read_session_key(order, asked.after);
  for (const auto& shard : node_.fanouts)
    shard.send(sessions_query{asked.tenant, asked.user, asked.session, after, limit, asked.viewed,
                              all->part(), asked.search, order});
}

template <>
void node_answers::give(net::io_loop& loop, const channels_question& asked,
                        done<channels_answer> reply) {
  if (closed_) return;
  const auto all = std::make_shared<gather<std::vector<net::room_info>>>(
      node_.bridges.size(), back_on(loop, [asked, reply = std::move(reply)](auto lists) {
        reply(page_of(joined_lists(std::move(lists)), asked));
      }));
  for (const auto& bridge : node_.bridges)
    bridge.send(channels_query{asked.kind, asked.tenant, asked.name, all->part()});
}

template <>
void node_answers::give(net::io_loop& loop, const presence_question& asked,
                        done<presence_answer> reply) {
  if (closed_) return;
  const auto shape = [reply = std::move(reply)](std::vector<net::presence_user> users) {
    presence_answer out{{}, users.size()};
    if (users.size() > presence_answer::max_users) users.resize(presence_answer::max_users);
    out.users = std::move(users);
    reply(std::move(out));
  };
  if (asked.room.empty()) return find_tenant_users(loop, asked.tenant, shape);
  node_.bridge_of(asked.tenant)
      .send(presence_query{room_channel(asked.tenant, asked.room), back_on(loop, shape)});
}

void node_answers::find_tenant_users(net::io_loop& loop, const tenant_id& tenant,
                                     std::function<void(std::vector<net::presence_user>)> shape) {
  const auto all = std::make_shared<gather<sessions_found>>(
      node_.fanouts.size(),
      back_on(loop, [shape = std::move(shape)](const std::vector<sessions_found>& parts) {
        users_by_name users;
        for (const auto& part : parts)
          for (const auto& session : part.sessions)
            if (session.state != to_string(presence_state::invisible))
              merge(users, {session.user, session.state, 1, session.opened_ms});
        shape(listed(std::move(users)));
      }));
  for (const auto& shard : node_.fanouts)
    shard.send(
        sessions_query{.tenant = tenant, .limit = presence_answer::max_users, .done = all->part()});
}

template <>
void node_answers::give(net::io_loop& loop, const close_question& asked, done<nothing> reply) {
  if (closed_) return;
  const auto answered = one_of(node_.fanouts.size(), back_on(loop, as_answer(std::move(reply))));
  const auto tenant = asked.tenant.empty() ? std::nullopt : std::optional(asked.tenant);
  const auto owner = asked.owner.empty() ? std::nullopt : std::optional(user_id{asked.owner});
  const auto code = asked.left_behind ? close_code::client_closed : close_code::kicked;
  for (const auto& shard : node_.fanouts)
    shard.send(close_one{asked.session, owner, tenant, code, answered});
}

template <>
void node_answers::give(net::io_loop& loop, const renew_question& asked, done<nothing> reply) {
  if (closed_) return;
  const auto answered = one_of(node_.fanouts.size(), back_on(loop, as_answer(std::move(reply))));
  const auto fresh = std::make_shared<const net::identity>(asked.fresh);
  for (const auto& shard : node_.fanouts) shard.send(renew_token{asked.session, fresh, answered});
}

template <>
void node_answers::give(net::io_loop& loop, const change_question& asked, done<nothing> reply) {
  if (closed_) return;
  std::optional<presence_state> state;
  if (!asked.presence.empty() && !(state = parse_presence(asked.presence)))
    return reply(error{errc::malformed, std::string(presence_rule)});
  std::optional<std::chrono::milliseconds> retry;
  if (asked.retry_ms) retry = std::chrono::milliseconds(*asked.retry_ms);
  const auto answered = one_of(node_.fanouts.size(), back_on(loop, as_answer(std::move(reply))));
  const auto owner = asked.owner.empty() ? std::nullopt : std::optional(user_id{asked.owner});
  for (const auto& shard : node_.fanouts)
    shard.send(change_one{asked.session, asked.tenant, owner, state, retry, answered});
}

template <>
void node_answers::give(net::io_loop& loop, const membership_question& asked, done<nothing> reply) {
  if (closed_) return;
  node_.roster.send(
      await_membership{asked.tenant, asked.room, asked.user, asked.member,
                       back_on(loop, [reply = std::move(reply)] { reply(nothing{}); })});
}

template <>
void node_answers::give(net::io_loop&, const room_named_question& asked, done<nothing> reply) {
  if (closed_) return;
  node_.roster.send(room_named{asked.tenant, asked.room, asked.position, false});
  reply(nothing{});
}

template <>
void node_answers::give(net::io_loop&, const membership_news_question& asked, done<nothing> reply) {
  if (closed_) return;
  node_.roster.send(membership_heard{{asked.tenant, asked.user, asked.room}});
  reply(nothing{});
}

template <>
void node_answers::give(net::io_loop& loop, const trace_question& asked, done<trace_answer> reply) {
  if (closed_) return;
  const auto started = steady_clock::now();
  const auto heard_ns = wall_ns();
  const auto passed = [started] {
    return std::chrono::nanoseconds(steady_clock::now() - started).count();
  };
  answer(
      loop, presence_question{asked.tenant, asked.room},
      [this, &loop, passed, heard_ns, reply = std::move(reply)](result<presence_answer> present) {
        if (!present) return reply(present.error());
        std::uint64_t sessions = 0;
        for (const auto& user : present->users) sessions += user.sessions;
        trace_answer out;
        out.heard_ns = heard_ns;
        out.hops.push_back({"bridge and room", passed(), sessions});
        // A question about nobody passes every shard and finds nothing.
        answer(loop, sessions_question{.session = session_id{}},
               [out = std::move(out), passed, reply](const result<sessions_answer>&) mutable {
                 out.hops.push_back({"shards", passed(), std::nullopt});
                 out.replied_ns = wall_ns();
                 reply(std::move(out));
               });
      });
}

template <>
void node_answers::give(net::io_loop& loop, const deliver_question& asked, done<nothing> reply) {
  if (closed_) return;
  deliver(asked.item, back_on(loop, as_answer(std::move(reply))));
}

void node_answers::deliver(event item, std::function<void(result<void>)> reply) {
  const auto id = session_id::parse(item.channel.name);
  if (!id) return reply(error{errc::malformed, "not a client id: " + item.channel.name});
  const auto answered = one_of(node_.fanouts.size(), std::move(reply));
  const auto here = node_.here(item.channel.tenant);
  const auto publication = std::make_shared<const actors::publication>(std::move(item), here, 0);
  for (const auto& shard : node_.fanouts)
    shard.send(deliver_to{*id, publication, [answered, id = *id](bool there) {
                            answered(there ? result<void>{} : net::no_session(id.str()));
                          }});
}

net::node_stats node_answers::counters() const {
  net::node_stats out;
  out.sessions = node_.sessions;
  out.rooms = node_.rooms;
  out.users = node_.users;
  const auto sum = [](const auto& counters) {
    std::uint64_t all = 0;
    for (const auto& c : counters) all += c.get();
    return all;
  };
  for (auto* shard : node_.shards) {
    const auto& m = shard->loop().metrics();
    out.events_in += sum(m.events_in);
    out.deliveries += sum(m.deliveries);
    out.bytes_out += m.bytes_out.get();
    out.opened += m.sessions_opened.get();
    out.closed += sum(m.sessions_closed);
    out.dropped += sum(m.dropped);
    out.outbox_bytes += m.outbox_bytes.get();
  }
  return out;
}

template <>
void node_answers::give(net::io_loop& loop, const stats_question& asked,
                        done<net::node_stats> reply) {
  if (closed_) return;
  if (asked.tenant.empty()) return reply(counters());
  const auto of_shards = [this, &loop, tenant = asked.tenant,
                          reply = std::move(reply)](std::vector<net::node_stats> parts) {
    net::node_stats out;
    for (const auto& part : parts) add(out, part);
    if (closed_) return;
    const auto of_bridge = [this, &loop, tenant, out, reply](const auto& rooms) mutable {
      if (closed_) return;
      out.rooms = rooms.size();
      const auto of_users = [out, reply](const auto& users) mutable {
        out.users = users.size();
        reply(out);
      };
      node_.bridge_of(tenant).send(
          channels_query{channel_kind::user, tenant, {}, back_on(loop, of_users)});
    };
    node_.bridge_of(tenant).send(
        channels_query{channel_kind::room, tenant, {}, back_on(loop, of_bridge)});
  };
  const auto all =
      std::make_shared<gather<net::node_stats>>(node_.fanouts.size(), back_on(loop, of_shards));
  for (const auto& shard : node_.fanouts) shard.send(tenant_stats_query{asked.tenant, all->part()});
}

template <>
void node_answers::give(net::io_loop&, const drain_question&, done<nothing> reply) {
  reply(nothing{});
  commands_.drain();
}

template <>
void node_answers::give(net::io_loop&, const log_level_question& asked, done<nothing> reply) {
  if (commands_.set_log_level(asked.level)) return reply(nothing{});
  reply(error{errc::malformed, "level must be one of trace, debug, info, warn, error"});
}

template <>
void node_answers::give(net::io_loop&, const mappings_question&, done<mappings_answer> reply) {
  reply(commands_.mappings());
}

template <>
void node_answers::give(net::io_loop&, const latency_question&, done<latency_answer> reply) {
  latency_answer out;
  out.counts.resize(latency_bounds.size() + 1);
  for (auto* shard : node_.shards)
    for (std::size_t i = 0; i < out.counts.size(); ++i)
      out.counts[i] += shard->loop().metrics().delivery_latency.count(i);
  reply(std::move(out));
}

template <>
void node_answers::give(net::io_loop& loop, const partitions_question&,
                        done<partitions_answer> reply) {
  if (closed_) return;
  using state = std::pair<cluster::partition_id, result<cluster::log_state>>;
  const auto shape = [this, reply = std::move(reply)](std::vector<state> states) {
    partitions_answer out;
    for (auto& [id, store] : states) {
      const auto& here = node_.partition(id);
      net::partition_info info;
      info.partition = static_cast<std::uint32_t>(cluster::index_of(id));
      info.position = here.position;
      // In order it knows what is missing; else everything may be.
      if (here.caught_up)
        info.lag = here.waiting;
      else if (store && store->last > info.position)
        info.lag = store->last - info.position;
      if (store) info.leader = std::move(store->leader);
      if (store && info.leader.empty() && !node_.clustered) info.leader = node_.options.id.str();
      out.partitions.push_back(std::move(info));
    }
    std::sort(out.partitions.begin(), out.partitions.end(),
              [](const auto& a, const auto& b) { return a.partition < b.partition; });
    reply(std::move(out));
  };
  const auto all = std::make_shared<gather<state>>(node_.partitions.size(), back_on(loop, shape));
  for (std::size_t i = 0; i < node_.partitions.size(); ++i) {
    const auto id = static_cast<cluster::partition_id>(i);
    node_.engine->history(id).state([id, part = all->part()](result<cluster::log_state> store) {
      part({id, std::move(store)});
    });
  }
}

void node_answers::answer(net::io_loop& loop, const question& asked,
                          std::function<void(any_answer)> reply) {
  const auto ask = [&]<class Question>(const Question& each) {
    give(loop, each, [reply = std::move(reply)](result<typename Question::answer> given) {
      reply(answer_to<Question>{std::move(given)});
    });
  };
  std::visit(ask, asked);
}

}  // namespace starling::actors
