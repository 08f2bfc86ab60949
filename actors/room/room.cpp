#include "actors/room/room.hpp"

#include <utility>

#include "actors/messages/users_online.hpp"

namespace starling::actors {

room::room(caf::actor_config& cfg, node_context& node, channel_ptr of, channel_id id, sequence from)
    : room_inbox(cfg), node_(node), of_(std::move(of)), id_(id), history_(from) {}

void room::on(inbound& event) {
  history_.remember(std::move(event.publication), node_.options.ring);
}

void room::on(replay_wanted& wish) { wish.connection.send(history_.answer(wish, id_, of_)); }

void room::on(forget_history& anew) { history_.forget(anew.from); }

void room::on(attach_member& member) { members_.insert(member.session); }

void room::on(detach_member& member) { members_.erase(member.session); }

void room::on(members_report& report) {
  if (of_->kind != channel_kind::room) return;
  for (const auto& member : report.members) members_.insert(member);
}

void room::on(presence_query& query) { query.done(present()); }

std::vector<net::presence_user> room::present() const {
  users_by_name users;
  members_.for_each([&](const session_record& member) {
    const auto state = member.state.load(std::memory_order_relaxed);
    if (state == presence_state::invisible) return;
    merge(users,
          {member.identity->user.str(), std::string(to_string(state)), 1, member.opened_ms()});
  });
  return listed(std::move(users));
}

void room::on_exit() { node_.bridge_of(of_->tenant).send(channel_died{id_, id()}); }

}  // namespace starling::actors
