// Live rooms and users of the cluster.
#include "actors/api/channel_list.hpp"
#include "actors/api/listing.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;

constexpr channel_names room_names{channel_kind::room, "rooms", "room", "members"};

void list_rooms(const call_ptr& call) { list_channels(call, room_names); }

void get_room(const call_ptr& call) {
  const auto& room = call->request.name;
  const auto with_users = [call](json out, const cluster_answer<presence_answer>& given) {
    std::set<std::string> users;
    for (const auto& part : given.parts)
      for (const auto& user : part.body.users) users.insert(user.user);
    out["users"] = users;
    add_nodes(out, given);
    call->answer(out);
  };
  call->parts.cluster.ask_all(
      call->loop, channels_question{channel_kind::room, call->tenant, room},
      [call, with_users](const cluster_answer<channels_answer>& given) {
        auto found = merge_channels(given, room_names, true);
        if (found.empty())
          return call->fail(
              error{errc::not_found, "room \"" + call->request.name + "\" has no session in it"});
        call->parts.cluster.ask_all(
            call->loop, presence_question{call->tenant, call->request.name},
            [with_users, out = std::move(found.begin()->second)](
                const cluster_answer<presence_answer>& present) { with_users(out, present); });
      });
}

}  // namespace

api_rows room_rows() {
  using enum net::http_method;
  return {
      {get, "/admin/v1/rooms", net::access::admin, list_rooms,
       "after limit search sort tenant all_tenants"},
      {get, "/admin/v1/rooms/{name}", net::access::admin, get_room, "tenant"},
  };
}

}  // namespace starling::actors
