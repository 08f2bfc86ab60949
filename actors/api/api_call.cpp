#include "actors/api/api_call.hpp"

#include <algorithm>

#include "net/auth/identity.hpp"
#include "net/wire/codec.hpp"

namespace starling::actors {

namespace {

using net::identity;

result<bool> flag_of(const std::string& text) {
  if (text == "1" || text == "true") return true;
  if (text == "0" || text == "false") return false;
  return error{errc::malformed, "all_tenants must be 1 or 0"};
}

/// Whose data the call is about.
result<void> decide_tenant(api_call& call) {
  if (!call.request.caller) return {};
  call.tenant = call.caller().tenant;
  if (const auto* text = call.parameter("all_tenants")) {
    const auto all = flag_of(*text);
    if (!all) return all.error();
    call.all_tenants = *all;
  }
  if (const auto* text = call.parameter("tenant")) {
    if (!valid_tenant(*text))
      return error{errc::malformed, "tenant must be " + std::string(tenant_rule)};
    if (call.all_tenants)
      return error{errc::malformed, "tenant and all_tenants exclude each other"};
    call.tenant = tenant_id{*text};
  }
  if ((call.all_tenants || call.tenant != call.caller().tenant) && !call.caller().is_operator)
    return error{errc::forbidden, "the data of other tenants needs the operator"};
  return {};
}

net::api_route route_of(api_parts& parts, const api_row& row) {
  const auto run = [&parts, row](net::io_loop& loop, net::api_request request,
                                 api_call::replier reply) {
    const auto call = std::make_shared<api_call>(parts, loop, std::move(request), std::move(reply));
    if (const auto decided = decide_tenant(*call); !decided) return call->fail(decided.error());
    if (!parts.cluster.closed()) row.run(call);
  };
  return {row.method, row.path, row.needs, run, row.query, row.max_body};
}

}  // namespace

void api_call::answer(const json& body) {
  answer_text(body.dump(-1, ' ', false, json::error_handler_t::replace));
}

void api_call::answer_text(std::string body) {
  if (reply_) std::exchange(reply_, nullptr)({200, std::move(body)});
}

void api_call::fail(const error& why) {
  if (reply_) std::exchange(reply_, nullptr)({info(why.code).http_status, net::error_json(why)});
}

const std::string* api_call::parameter(const std::string& name) const {
  const auto found = request.query.find(name);
  return found == request.query.end() ? nullptr : &found->second;
}

std::vector<net::api_route> api_routes(api_parts& parts) {
  std::vector<net::api_route> out;
  for (const auto rows : all_rows)
    for (const auto& row : rows()) out.push_back(route_of(parts, row));
  return out;
}

void if_may_read(const call_ptr& call, const std::string& room, std::function<void()> allowed) {
  if (call->caller().admin || net::may_join(call->caller(), room)) return allowed();
  const auto decide =
      [call, room, allowed = std::move(allowed)](const result<std::vector<std::string>>& rooms) {
        if (!rooms) return call->fail(rooms.error());
        if (std::find(rooms->begin(), rooms->end(), room) != rooms->end()) return allowed();
        call->fail(error{errc::forbidden, "room \"" + room + "\" is not allowed"});
      };
  call->parts.node.roster.send(
      rooms_of_user_query{call->tenant, call->caller().user.str(), call->back(decide)});
}

}  // namespace starling::actors
