#include "net/dialect/mercure/grants.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "net/http/http_request.hpp"

namespace starling::net::mercure {

namespace {

using json = nlohmann::json;

constexpr std::size_t max_granted = 1000;
constexpr const char* namespace_claim = "https://mercure.rocks/";
constexpr std::string_view detail_type = "https://mercure.rocks/authorization-detail";

error refused(const std::string& why) { return {errc::unauthorized, "token refused: " + why}; }

result<std::vector<topic_selector>> selectors_of(const json& list, const std::string& claim) {
  std::vector<topic_selector> out;
  if (list.is_null()) return out;
  if (!list.is_array() || list.size() > max_granted)
    return refused("claim \"" + claim + "\" must be a list of at most 1,000 topics");
  for (const auto& one : list) {
    const auto* text = one.get_ptr<const std::string*>();
    if (!text) return refused("claim \"" + claim + "\" must be a list of topics");
    auto selector = topic_selector::make(match_type::selector, *text);
    if (!selector) return refused("claim \"" + claim + "\": " + selector.error().message);
    out.push_back(std::move(*selector));
  }
  return out;
}

result<grants> read_old(const json& claims) {
  grants out;
  auto found = claims.find("mercure");
  if (found == claims.end()) found = claims.find(namespace_claim);
  if (found == claims.end()) return out;
  if (!found->is_object()) return refused("claim \"mercure\" must be an object");
  const auto payload = found->find("payload");
  if (payload != found->end() && !payload->is_null()) out.payload = payload->dump();
  for (const auto* name : {"publish", "subscribe"}) {
    const auto list = found->find(name);
    if (list == found->end()) continue;
    auto topics = selectors_of(*list, std::string("mercure.") + name);
    if (!topics) return topics.error();
    auto& to = name == std::string_view("publish") ? out.publish : out.subscribe;
    to.push_back({std::move(*topics), {}});
  }
  return out;
}

result<grant> read_detail(const json& detail) {
  grant out;
  if (const auto payload = detail.find("payload"); payload != detail.end())
    out.payload = payload->dump();
  const auto topics = detail.find("topics");
  if (topics == detail.end() || !topics->is_array() || topics->size() > max_granted)
    return refused("an authorization detail needs a list \"topics\"");
  for (const auto& one : *topics) {
    const auto match = one.is_object() ? one.find("match") : one.end();
    if (!one.is_object() || match == one.end() || !match->is_string())
      return refused("each of \"topics\" needs a text \"match\"");
    auto type = match_type::exact;
    if (const auto named = one.find("match_type"); named != one.end()) {
      if (*named == "urlpattern")
        type = match_type::url_pattern;
      else if (*named != "exact")
        return refused("a \"match_type\" is exact or urlpattern");
    }
    auto selector = topic_selector::make(type, match->get_ref<const std::string&>());
    if (!selector) return refused(selector.error().message);
    out.topics.push_back(std::move(*selector));
  }
  return out;
}

/// One detail of ours that cannot be read voids the token; those of others mean nothing here.
result<grants> read_new(const json& claims) {
  grants out;
  const auto details = claims.find("authorization_details");
  if (details == claims.end()) return out;
  if (!details->is_array()) return refused("claim \"authorization_details\" must be a list");
  for (const auto& detail : *details) {
    if (!detail.is_object() || detail.value("type", json()) != detail_type) continue;
    const auto actions = detail.find("actions");
    if (actions == detail.end() || !actions->is_array())
      return refused("an authorization detail needs a list \"actions\"");
    auto read = read_detail(detail);
    if (!read) return read.error();
    const auto has = [&](const char* action) {
      return std::find(actions->begin(), actions->end(), json(action)) != actions->end();
    };
    if (has("publish")) out.publish.push_back(*read);
    if (has("subscribe")) out.subscribe.push_back(std::move(*read));
  }
  return out;
}

bool any_covers(const std::vector<grant>& grants, std::string_view topic) {
  return std::any_of(grants.begin(), grants.end(),
                     [&](const grant& one) { return one.covers(topic); });
}

}  // namespace

bool grant::covers(std::string_view topic) const {
  return std::any_of(topics.begin(), topics.end(),
                     [&](const topic_selector& one) { return one.matches(topic); });
}

bool grants::may_publish(const std::vector<std::string>& topics) const {
  return std::all_of(topics.begin(), topics.end(),
                     [&](const std::string& topic) { return any_covers(publish, topic); });
}

bool grants::may_see(const std::vector<std::string>& topics) const {
  return std::any_of(topics.begin(), topics.end(),
                     [&](const std::string& topic) { return any_covers(subscribe, topic); });
}

std::string grants::payload_for(const topic_selector& subscription) const {
  if (!payload.empty()) return payload;
  for (const auto& one : subscribe)
    if (!one.payload.empty() && one.covers(subscription.text())) return one.payload;
  return {};
}

result<grants> read_grants(const json& header, const json& claims) {
  const auto typ = header.find("typ");
  const auto* name = typ == header.end() ? nullptr : typ->get_ptr<const std::string*>();
  const bool access_token =
      name && (iequals(*name, "at+jwt") || iequals(*name, "application/at+jwt"));
  return access_token ? read_new(claims) : read_old(claims);
}

}  // namespace starling::net::mercure
