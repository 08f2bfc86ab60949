#include "actors/api/online.hpp"

#include <algorithm>
#include <memory>

#include "actors/api/back_on.hpp"
#include "actors/api/gather.hpp"
#include "net/auth/identity.hpp"

namespace starling::actors {

namespace {

using scope_kind = net::service::online_scope;

/// One question, shared by all who owe a part of its answer.
struct search : std::enable_shared_from_this<search> {
  search(api_parts& parts, net::io_loop& loop, net::identity_ptr caller,
         std::function<void(result<std::vector<net::presence_user>>)> done)
      : parts(parts), loop(loop), caller(std::move(caller)), done(std::move(done)) {}

  /// An empty name is the whole tenant.
  void ask(const std::vector<std::string>& rooms) {
    if (rooms.empty()) return done(std::vector<net::presence_user>{});
    const auto all = std::make_shared<gather<users_by_name>>(
        rooms.size(), [self = shared_from_this()](const std::vector<users_by_name>& of_rooms) {
          self->answer(of_rooms);
        });
    for (const auto& room : rooms)
      parts.cluster.ask_all(loop, presence_question{caller->tenant, room},
                            [part = all->part()](const cluster_answer<presence_answer>& given) {
                              part(merged(given));
                            });
  }

  void answer(const std::vector<users_by_name>& of_rooms) {
    users_by_name users;
    for (const auto& one : of_rooms)
      for (const auto& [name, user] : one)
        if (name != caller->user.str()) merge(users, user);
    done(listed(std::move(users)));
  }

  void ask_own_rooms(std::vector<std::string> rooms) {
    for (const auto& room : caller->rooms)
      if (net::is_exact(room)) rooms.push_back(room);
    std::sort(rooms.begin(), rooms.end());
    rooms.erase(std::unique(rooms.begin(), rooms.end()), rooms.end());
    ask(rooms);
  }

  /// `then` with the rooms that the roster gives the user.
  void with_roster(std::function<void(search&, std::vector<std::string>)> then) {
    auto go_on = [self = shared_from_this(),
                  then = std::move(then)](const result<std::vector<std::string>>& rooms) {
      if (self->parts.cluster.closed()) return;
      if (!rooms) return self->done(rooms.error());
      then(*self, *rooms);
    };
    parts.node.roster.send(
        rooms_of_user_query{caller->tenant, caller->user.str(), back_on(loop, std::move(go_on))});
  }

  api_parts& parts;
  net::io_loop& loop;
  const net::identity_ptr caller;
  const std::function<void(result<std::vector<net::presence_user>>)> done;
};

}  // namespace

users_by_name merged(const cluster_answer<presence_answer>& given) {
  users_by_name out;
  for (const auto& part : given.parts)
    for (const auto& user : part.body.users) merge(out, user);
  return out;
}

void find_online(api_parts& parts, net::io_loop& loop, net::identity_ptr caller, scope_kind scope,
                 std::string room,
                 std::function<void(result<std::vector<net::presence_user>>)> done) {
  const auto asked = std::make_shared<search>(parts, loop, std::move(caller), std::move(done));
  switch (scope) {
    case scope_kind::tenant: return asked->ask({std::string()});
    case scope_kind::own_rooms:
      return asked->with_roster([](search& self, std::vector<std::string> rooms) {
        self.ask_own_rooms(std::move(rooms));
      });
    case scope_kind::room: break;
  }
  if (!valid_room(room))
    return asked->done(error{errc::malformed, "room must be " + std::string(room_rule)});
  if (asked->caller->admin || net::may_join(*asked->caller, room)) return asked->ask({room});
  asked->with_roster([room](search& self, const std::vector<std::string>& rooms) {
    if (std::find(rooms.begin(), rooms.end(), room) != rooms.end()) return self.ask({room});
    self.done(error{errc::forbidden, "room \"" + room + "\" is not allowed"});
  });
}

}  // namespace starling::actors
