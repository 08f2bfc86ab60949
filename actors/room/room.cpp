#include "actors/room/room.hpp"

#include <algorithm>
#include <map>

#include "actors/room/spread.hpp"

namespace starling::actors {

room::room(caf::actor_config& cfg, node_context& node, channel_ptr where, feed_id id, sequence from,
           shard_counts members)
    : room_inbox(cfg), node_(node), feed_(std::move(where), id, from, std::move(members)) {}

void room::on(inbound& event) { spread(node_, feed_, event.what); }

void room::on(presence_query& query) { query.done(present()); }

void room::on(forget_history& anew) { feed_.forget_history(anew.from); }

void room::on(attach_member& who) {
  feed_.replay_into(*who.ticket, who.which);
  if (who.ticket->channels[who.which].again) return;
  feed_.member_joined(who.ticket->shard);
  if (feed_.where().kind == channel_kind::room) members_.insert(who.ticket->session);
}

void room::on(detach_member& who) {
  feed_.member_left(who.shard);
  members_.erase(who.session->id);
}

void room::on(members_report& report) {
  if (feed_.where().kind != channel_kind::room) return;
  for (const auto& member : report.members) members_.insert(member);
}

std::vector<net::presence_user> room::present() const {
  std::map<std::string, net::presence_user> by_user;
  members_.for_each([&](const session_record& member) {
    const auto state = member.state.load(std::memory_order_relaxed);
    if (state == presence_state::invisible) return;
    auto& user = by_user[member.who->user.str()];
    if (user.sessions == 0 || more_available(to_string(state), user.state))
      user.state = to_string(state);
    if (user.sessions == 0 || member.opened_ms() < user.since_ms)
      user.since_ms = member.opened_ms();
    ++user.sessions;
  });
  std::vector<net::presence_user> out;
  for (auto& [name, user] : by_user) {
    user.user = name;
    out.push_back(std::move(user));
  }
  return out;
}

void room::on_exit() { node_.bridge.send(feed_died{feed_.id(), id()}); }

}  // namespace starling::actors
