// Commands about single sessions, and the Oblivious-compatible calls.
#include <nlohmann/json.hpp>

#include "actors/api/gather.hpp"
#include "actors/api/node_api.hpp"
#include "actors/messages/session.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

using json = nlohmann::ordered_json;
using message = nlohmann::json;  // between nodes: any order

namespace {

result<node_api::notice> parse_notice(const std::string& body, bool event_required) {
  const auto parsed = message::parse(body, nullptr, false);
  if (!parsed.is_object()) return error{errc::malformed, "the body must be a JSON object"};
  node_api::notice out;
  const auto text = [&](const char* key) {
    const auto found = parsed.find(key);
    return found != parsed.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  out.data = text("data");
  if (out.data.empty()) return error{errc::malformed, "data is required and must be text"};
  if (const auto event = text("event"); !event.empty())
    out.event = event;
  else if (event_required)
    return error{errc::malformed, "event is required and must be text"};
  if (!valid_event_name(out.event))
    return error{errc::malformed, "event must be 1-128 bytes without control characters"};
  return out;
}

message identity_json(const net::identity& who) {
  return {{"tenant", who.tenant.str()}, {"user", who.user.str()},
          {"device", who.device.str()}, {"rooms", who.rooms},
          {"publish", who.publish},     {"expires_s", who.expires_s},
          {"admin", who.admin},         {"publish_all", who.publish_all}};
}

}  // namespace

void node_api::renew(const net::api_request& request, done reply) {
  const auto id = *session_id::parse(request.name);
  cluster_.ask_home_of(
      id, {{"op", "renew"}, {"session", id.str()}, {"identity", identity_json(*request.new_token)}},
      [reply, expires = request.new_token->expires_s](result<message> answer) {
        if (const auto ok = outcome_of(answer); !ok) return reply(ok.error());
        reply(json{{"expires", expires}});
      });
}

void node_api::close(const session_id& id, const net::identity& who, bool any_owner, done reply) {
  message question{{"op", "close"}, {"session", id.str()}, {"tenant", who.tenant.str()}};
  if (!any_owner) question["owner"] = who.user.str();
  cluster_.ask_home_of(id, std::move(question), [reply](result<message> answer) {
    if (const auto ok = outcome_of(answer); !ok) return reply(ok.error());
    reply(json::object());
  });
}

void node_api::disconnect(const net::api_request& request, done reply) {
  close(*session_id::parse(request.name), *request.who, request.who->admin,
        [reply](result<json> closed) {
          reply(closed ? result<json>(json{{"message", "disconnected"}}) : closed);
        });
}

void node_api::kick_user(const net::api_request& request, done reply) {
  cluster_.ask_all(
      {{"op", "sessions"}, {"tenant", request.who->tenant.str()}, {"user", request.name}},
      [this, request, reply](cluster_answer answer) {
        std::vector<session_id> ids;
        for (const auto& part : answer.parts)
          for (const auto& session : part.body)
            if (const auto id = session_id::parse(session.value("client_id", std::string{})))
              ids.push_back(*id);
        if (ids.empty())
          return reply(error{errc::not_found, "user \"" + request.name + "\" has no session"});
        auto all = std::make_shared<gather<bool>>(
            ids.size(), [reply, missing = answer.missing](std::vector<bool> closed) {
              reply(json{{"closed", std::count(closed.begin(), closed.end(), true)},
                         {"missing", missing}});
            });
        for (const auto& id : ids)
          close(id, *request.who, true,
                [part = all->part()](result<json> closed) { part({closed.ok()}); });
      });
}

void node_api::broadcast(const net::api_request& request, done reply) {
  auto parsed = parse_notice(request.body, true);
  if (!parsed) return reply(parsed.error());
  net::publish_item item;
  item.target = net::publish_item::target_kind::all;
  publish(request.who, std::move(item), *parsed, "broadcast sent", std::move(reply));
}

void node_api::send(const net::api_request& request, done reply) {
  auto parsed = parse_notice(request.body, false);
  if (!parsed) return reply(parsed.error());
  const auto id = *session_id::parse(request.name);
  cluster_.ask_home_of(
      id, {{"op", "sessions"}, {"tenant", request.who->tenant.str()}, {"session", id.str()}},
      [this, request, reply, id, what = std::move(*parsed)](result<message> found) {
        if (!found) return reply(found.error());
        if (!found->is_array() || found->empty())
          return reply(error{errc::not_found, "client not found"});
        if (!request.who->admin &&
            found->front().value("user", std::string{}) != request.who->user.str())
          return reply(error{errc::forbidden, "the session belongs to somebody else"});
        // Whoever may close a session may speak to it, whatever the token lets them publish.
        auto who = std::make_shared<net::identity>(*request.who);
        who->publish = {"client:" + id.str()};
        net::publish_item item;
        item.target = net::publish_item::target_kind::client;
        item.client = id;
        publish(std::move(who), std::move(item), what, "message sent", reply);
      });
}

void node_api::publish(net::identity_ptr who, net::publish_item item, const notice& what,
                       const char* success, done reply) {
  item.event = what.event;
  item.data = what.data;
  item.data_is_text = true;
  auto batch = std::make_shared<net::publish_batch>();
  batch->items.push_back(std::move(item));
  node_.publishers.front().send(
      publish_request{std::move(who), std::move(batch), event_source::http,
                      [reply, success](std::vector<net::publish_verdict> verdicts) {
                        if (!verdicts.front()) return reply(verdicts.front().error());
                        reply(json{{"message", success}});
                      }});
}

}  // namespace starling::actors
