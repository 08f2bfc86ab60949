#include "actors/api/local_view.hpp"

#include "actors/api/gather.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

namespace {

/// Asks every shard about one session; it is on one of them or on none.
std::function<void(result<void>)> one_of(std::size_t shards,
                                         std::function<void(result<void>)> done) {
  auto answers = std::make_shared<gather<result<void>>>(
      shards, [done = std::move(done)](std::vector<result<void>> all) {
        for (auto& answer : all)
          if (answer || answer.error().code != errc::not_found) return done(std::move(answer));
        done(std::move(all.front()));
      });
  return [part = answers->part()](result<void> answer) { part({std::move(answer)}); };
}

}  // namespace

void local_view::sessions(const session_filter& which,
                          std::function<void(std::vector<net::session_info>)> done) const {
  auto all = std::make_shared<gather<net::session_info>>(node_.fanouts.size(), std::move(done));
  for (const auto& shard : node_.fanouts)
    shard.send(sessions_query{which.tenant, which.user, which.id, all->part()});
}

void local_view::channels(channel_kind kind,
                          std::function<void(std::vector<net::room_info>)> done) const {
  auto all = std::make_shared<gather<net::room_info>>(node_.bridges.size(), std::move(done));
  for (const auto& bridge : node_.bridges) bridge.send(channels_query{kind, all->part()});
}

void local_view::presence(const channel& where,
                          std::function<void(std::vector<net::presence_user>)> done) const {
  node_.bridge_of(where.tenant).send(presence_query{where, std::move(done)});
}

void local_view::close(const session_id& id, std::optional<tenant_id> tenant,
                       std::optional<user_id> owner, close_code why,
                       std::function<void(result<void>)> done) const {
  const auto answer = one_of(node_.fanouts.size(), std::move(done));
  for (const auto& shard : node_.fanouts) shard.send(close_one{id, owner, tenant, why, answer});
}

void local_view::renew(const session_id& id, net::identity_ptr fresh,
                       std::function<void(result<void>)> done) const {
  const auto answer = one_of(node_.fanouts.size(), std::move(done));
  for (const auto& shard : node_.fanouts) shard.send(renew_token{id, fresh, answer});
}

void local_view::deliver(event what, std::function<void(result<void>)> done) const {
  const auto id = session_id::parse(what.where.name);
  if (!id) return done(error{errc::malformed, "not a client id: " + what.where.name});
  const auto answer = one_of(node_.fanouts.size(), std::move(done));
  const auto here = node_.here(what.where.tenant);
  const auto publication = std::make_shared<const actors::publication>(std::move(what), here, 0);
  for (const auto& shard : node_.fanouts)
    shard.send(deliver_to{
        *id, publication, [answer, id = *id](bool there) {
          answer(there ? result<void>{} : error{errc::not_found, "no session " + id.str()});
        }});
}

}  // namespace starling::actors
