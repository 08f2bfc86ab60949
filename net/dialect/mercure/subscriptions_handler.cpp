#include <nlohmann/json.hpp>

#include "net/dialect/mercure/authorization.hpp"
#include "net/dialect/mercure/handlers.hpp"
#include "net/dialect/mercure/subscription.hpp"
#include "net/front/http_handlers.hpp"
#include "net/http/url.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net::mercure {

namespace {

using json = nlohmann::json;

/// Which subscriptions a path names; empty members: all.
struct selection {
  std::string type{to_string(match_type::selector)};
  std::string topic;
  std::string subscriber;

  bool all() const noexcept { return topic.empty(); }
  bool one() const noexcept { return !subscriber.empty(); }
  bool takes(std::string_view of_type, std::string_view of_topic,
             std::string_view of_subscriber) const {
    if (all()) return true;
    return of_type == type && of_topic == topic && (!one() || of_subscriber == subscriber);
  }
};

/// `/subscriptions[/{topic}[/{subscriber}]]`, or in 1.0 with `/{match_type}` in front of a topic.
selection selection_of(std::string_view path) {
  std::vector<std::string> parts;
  path.remove_prefix(std::min(path.size(), subscriptions_path.size()));
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto slash = path.find('/');
    parts.push_back(percent_decode(path.substr(0, slash), false));
    path.remove_prefix(slash == path.npos ? path.size() : slash);
  }
  selection out;
  const bool typed =
      !parts.empty() && parts.size() >= 2 &&
      (parts[0] == to_string(match_type::exact) || parts[0] == to_string(match_type::url_pattern));
  if (typed) {
    out.type = parts[0];
    parts.erase(parts.begin());
  }
  if (!parts.empty()) out.topic = parts[0];
  if (parts.size() > 1) out.subscriber = parts[1];
  return out;
}

struct listing {
  std::string items;  ///< JSON objects, separated by commas
  std::string first;
};

listing list_of(const std::vector<std::string>& views, const selection& wanted) {
  listing out;
  for (const auto& view : views) {
    const auto parsed = json::parse(view, nullptr, false);
    if (!parsed.is_object()) continue;  // of another dialect
    const auto subscriber = parsed.value("subscriber", std::string());
    const auto payloads = parsed.value("payloads", json::array());
    for (const auto& one : parsed.value("topics", json::array())) {
      const auto type = one.value("type", std::string()), topic = one.value("topic", std::string());
      if (!wanted.takes(type, topic, subscriber)) continue;
      const auto index = one.value("payload", std::size_t{0});
      const auto payload = index < payloads.size() && !payloads[index].is_null()
                               ? payloads[index].dump()
                               : std::string();
      auto item = subscription_json(type, topic, subscriber, payload, true, wanted.one());
      if (out.first.empty()) out.first = item;
      if (!out.items.empty()) out.items += ',';
      out.items += item;
    }
  }
  return out;
}

http_response answer_for(const selection& wanted, const listing& found, std::string_view path,
                         const std::string& last_event_id) {
  http_response out;
  out.content_type = "application/ld+json";
  out.headers = std::string(hub_headers) + "Cache-Control: must-revalidate\r\nETag: \"" +
                last_event_id + "\"\r\n";
  if (wanted.one()) {
    out.body = found.first;
    return out;
  }
  json_writer object(out.body);
  object.text("@context", "https://mercure.rocks/");
  object.text("id", path);
  object.text("type", "Subscriptions");
  object.text("lastEventID", last_event_id);
  object.value("subscriptions").append("[").append(found.items).append("]");
  return out;
}

}  // namespace

void handle_subscriptions(std::shared_ptr<http_session> session, const hub_settings& settings) {
  auto& front = session->front();
  auto& x = session->exchange();
  if (const auto listed = check_origin(x); !listed) return session->answer(listed.error());
  auto without_anonymous = settings;
  without_anonymous.anonymous = false;
  const auto from = authorize_subscriber(x, front, without_anonymous);
  if (!from) return session->answer(from.error());
  const std::string path(x.request.path());
  if (!from->rights.may_see({path}))
    return session->answer(error{errc::forbidden, "the token grants no subscription to " + path});

  const auto tenant = from->identity.tenant;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.describe_views(
      front.loop, tenant,
      [ticket, path, tenant, &node = front.shared->node](const std::vector<std::string>& views) {
        const auto wanted = selection_of(path);
        const auto found = list_of(views, wanted);
        if (wanted.one() && found.first.empty())
          return ticket->answer(error{errc::not_found, "there is no such subscription"});
        ticket->answer(answer_for(wanted, found, path, "#" + node.here(tenant).str()));
      });
}

}  // namespace starling::net::mercure
