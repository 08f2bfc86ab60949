#include "net/dialect/mercure/publish_form.hpp"

#include <algorithm>
#include <charconv>

#include "net/dialect/mercure/hub.hpp"
#include "net/dialect/mercure/topic_selector.hpp"
#include "net/http/url.hpp"

namespace starling::net::mercure {

namespace {

result<void> add_topic(publish_form& form, const std::string& topic, const publish_limits& limits) {
  auto& topics = form.update.topics;
  if (topic.empty() || topic.size() > max_topic_bytes || !valid_utf8(topic))
    return malformed("topic must be 1-1,024 bytes of UTF-8");
  if (topic == "*") return malformed("topic must name one; * is for selectors");
  if (is_hubs_own(topic))
    return malformed("topics below " + std::string(hub_path) + " are the hub's own");
  if (std::find(topics.begin(), topics.end(), topic) != topics.end()) return {};
  if (topics.size() == limits.max_targets)
    return error{errc::too_large,
                 "an update has at most " + std::to_string(limits.max_targets) + " topics"};
  topics.push_back(topic);
  return {};
}

result<void> read_field(publish_form& form, const std::string& name, const std::string& value,
                        const publish_limits& limits) {
  if (name == "topic") return add_topic(form, value, limits);
  if (name == "private") {
    form.update.is_private = true;
  } else if (name == "data") {
    if (value.size() > limits.max_event_bytes)
      return too_large_event(value.size(), limits.max_event_bytes);
    if (!valid_utf8(value)) return malformed("data must be UTF-8");
    form.update.data = value;
  } else if (name == "id" && !value.empty()) {
    if (!valid_event_id(value) || value.starts_with('#') || value == "earliest")
      return malformed(
          "id must be 1-128 bytes of UTF-8 without control characters, not \"earliest\", and not "
          "begin with #, which is for the hub's");
    form.id = value;
  } else if (name == "type" && !value.empty()) {
    if (!valid_event_name(value))
      return malformed("type must be 1-128 bytes of UTF-8 without control characters");
    if (reserved_event_name(value)) return reserved_event(value);
    form.update.type = value;
  } else if (name == "retry" && !value.empty()) {
    auto& retry = form.update.retry_ms;
    const auto* const end = value.data() + value.size();
    const auto [at, failed] = std::from_chars(value.data(), end, retry);
    if (failed != std::errc{} || at != end) return malformed("retry must be a number of ms");
  }
  return {};
}

/// Path of a URL or of a reference, without `.` and `..`.
std::string plain_path(std::string_view topic) {
  if (const auto at = topic.find("://"); at != topic.npos) {
    const auto slash = topic.find('/', at + 3);
    topic = slash == topic.npos ? std::string_view{} : topic.substr(slash);
  } else if (topic.starts_with("//")) {
    const auto slash = topic.find('/', 2);
    topic = slash == topic.npos ? std::string_view{} : topic.substr(slash);
  }
  const auto decoded = percent_decode(topic.substr(0, topic.find_first_of("?#")), false);
  std::vector<std::string_view> segments;
  std::string_view left = decoded;
  while (!left.empty()) {
    const auto slash = left.find('/');
    const auto segment = left.substr(0, slash);
    left.remove_prefix(slash == left.npos ? left.size() : slash + 1);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string out;
  for (const auto segment : segments) out.append("/").append(segment);
  return out;
}

}  // namespace

bool is_hubs_own(std::string_view topic) {
  if (topic.find("well-known") == topic.npos && topic.find('%') == topic.npos) return false;
  const auto path = plain_path(topic);
  return path == hub_path || path.starts_with(std::string(hub_path) + "/");
}

result<publish_form> parse_publish_form(std::string_view body, const publish_limits& limits) {
  publish_form out;
  const query_params fields(body);
  for (const auto& [name, value] : fields.all())
    if (auto read = read_field(out, name, value, limits); !read) return read.error();
  std::size_t bytes = out.update.data.size();
  for (const auto& topic : out.update.topics) bytes += topic.size();
  if (bytes > limits.max_event_bytes + max_topic_bytes)
    return too_large_event(bytes, limits.max_event_bytes + max_topic_bytes);
  if (out.update.topics.empty()) return malformed("topic is missing");
  if (out.id.empty()) out.id = "#" + make_event_id();
  return out;
}

publish_item hub_item(std::string_view room, const update& update, std::string id) {
  publish_item out;
  out.names.emplace_back(room);
  out.event = "update";
  out.data = pack(update);
  out.data_is_text = true;
  out.id = std::move(id);
  return out;
}

publish_batch to_batch(const publish_form& form) {
  publish_batch out;
  out.single = false;
  out.items.emplace_back(hub_item(updates_room, form.update, form.id));
  publish_item native;
  for (const auto& topic : form.update.topics)
    if (valid_room(topic)) native.names.push_back(topic);
  if (native.names.empty()) return out;
  native.event = form.update.type;
  native.data = form.update.data;
  native.data_is_text = true;
  native.id = form.id;
  native.exclude = {hub_session};
  out.items.emplace_back(std::move(native));
  return out;
}

}  // namespace starling::net::mercure
