#include "net/dialect/mercure/subscription.hpp"

#include <algorithm>

#include "net/base/log.hpp"
#include "net/dialect/mercure/hub.hpp"
#include "net/dialect/mercure/publish_form.hpp"
#include "net/http/url.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net::mercure {

namespace {

constexpr std::string_view context = "https://mercure.rocks/";

/// The node itself: it may publish what it says about its sessions.
identity_ptr hub_identity(const tenant_id& tenant) {
  auto out = std::make_shared<identity>();
  out->tenant = tenant;
  out->publish_all = true;
  return out;
}

bool of_version_1(const topic_selector& one) noexcept { return one.type() != match_type::selector; }

}  // namespace

subscription::subscription(std::shared_ptr<loop_front> front, tenant_id tenant,
                           std::vector<topic_selector> topics, grants rights)
    : front_(std::move(front)),
      tenant_(std::move(tenant)),
      topics_(std::move(topics)),
      rights_(std::move(rights)) {}

bool subscription::shows(const event& event) {
  const auto seen = see(event);
  if (!seen) return false;
  const bool wanted =
      std::any_of(seen->topics->begin(), seen->topics->end(), [&](const std::string& topic) {
        return std::any_of(topics_.begin(), topics_.end(),
                           [&](const topic_selector& selector) { return selector.matches(topic); });
      });
  return wanted && (!seen->is_private || rights_.may_see(*seen->topics));
}

void subscription::announce(const session_id& id) {
  subscriber_ = "urn:uuid:" + id.str();
  publish(true);
}

void subscription::ended() {
  if (!subscriber_.empty()) publish(false);
}

void subscription::publish(bool active) {
  publish_batch batch;
  batch.single = false;
  for (const auto& topic : topics_) {
    const auto type = to_string(topic.type());
    update about{{subscription_id(type, topic.text(), subscriber_)}, true, 0};
    if (of_version_1(topic)) about.type = "mercure";
    about.data = subscription_json(type, topic.text(), subscriber_, rights_.payload_for(topic),
                                   active, !of_version_1(topic));
    batch.items.emplace_back(hub_item(subscriptions_room, about, "#" + make_event_id()));
  }
  front_->shared->node.publish(
      front_->loop, hub_identity(tenant_), std::move(batch),
      [](const std::vector<publish_verdict>& verdicts) {
        for (const auto& verdict : verdicts)
          if (!verdict)
            return log::warn("subscription not announced", {{"why", verdict.error().message}});
      });
}

std::string subscription::describe() const {
  std::vector<std::string> payloads;  // mostly one
  std::string topics, out;
  for (const auto& topic : topics_) {
    const auto payload = rights_.payload_for(topic);
    auto at = std::find(payloads.begin(), payloads.end(), payload);
    if (at == payloads.end()) at = payloads.insert(at, payload);
    if (!topics.empty()) topics += ',';
    json_writer object(topics);
    object.text("type", to_string(topic.type()));
    object.text("topic", topic.text());
    object.number("payload", at - payloads.begin());
  }
  json_writer object(out);
  object.text("subscriber", subscriber_);
  object.value("topics").append("[").append(topics).append("]");
  auto& list = object.value("payloads").append("[");
  for (const auto& payload : payloads) {
    if (&payload != &payloads.front()) list += ',';
    list += payload.empty() ? "null" : payload;
  }
  list += ']';
  return out;
}

std::string subscription_id(std::string_view type, std::string_view topic,
                            std::string_view subscriber) {
  std::string out(subscriptions_path);
  if (type != to_string(match_type::selector)) out.append("/").append(type);
  out.append("/").append(percent_encode(topic)).append("/");
  return out.append(percent_encode(subscriber));
}

std::string subscription_json(std::string_view type, std::string_view topic,
                              std::string_view subscriber, std::string_view payload, bool active,
                              bool with_context) {
  const bool old = type == to_string(match_type::selector);
  std::string out;
  {
    json_writer object(out);
    if (with_context) object.text("@context", context);
    object.text("id", subscription_id(type, topic, subscriber));
    object.text("type", old ? "Subscription" : "subscription");
    if (!old) object.text("match_type", type);
    object.text(old ? "topic" : "match", topic);
    object.text("subscriber", subscriber);
    object.boolean("active", active);
    if (!payload.empty()) object.raw("payload", payload);
  }
  return out;
}

}  // namespace starling::net::mercure
