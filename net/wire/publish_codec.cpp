#include "net/wire/publish_codec.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include "net/base/limits.hpp"

namespace starling::net {

namespace {

using target_kind = publish_item::target_kind;

/// What is shown of a peer's text in a message.
std::string shown(std::string_view text) {
  static constexpr std::size_t most = 64;
  const auto cut = text.size() > most;
  return "\"" + std::string(text.substr(0, most)) + (cut ? "...\"" : "\"");
}

/// Bytes of the names of the targets before each target, all together.
std::size_t bytes_of_earlier_names(const publish_item& item) noexcept {
  if (item.target != target_kind::rooms) return 0;
  std::size_t before = 0;
  std::size_t sum = 0;
  for (const auto& name : item.names) {
    sum += before;
    before += name.size();
  }
  return sum;
}

/// Adds up what the items of one request make a node store.
class request_bounds {
 public:
  explicit request_bounds(const publish_limits& limits) : limits_(limits) {}

  void add(const publish_item& item) {
    const auto targets = count_targets(item);
    targets_ += targets;
    bytes_ += targets * item.data.size() + bytes_of_earlier_names(item);
    if (targets_ > limits_.max_targets) refuse_targets();
    if (bytes_ > limits_.max_stored_bytes)
      refuse(limit_kind::publish_bytes, "the data of one request times its targets is more than " +
                                            std::to_string(limits_.max_stored_bytes) +
                                            " bytes; send it in several");
  }
  void refuse_targets() {
    refuse(limit_kind::max_targets, "more than " + std::to_string(limits_.max_targets) +
                                        " targets in one request, which is limits.max_targets");
  }
  /// Why the whole request is refused.
  const std::optional<error>& refused() const noexcept { return refused_; }

 private:
  void refuse(limit_kind hit, std::string message) {
    if (refused_) return;
    limit_counts::add(hit);
    refused_ = error{errc::too_large, std::move(message)};
  }

  const publish_limits& limits_;
  std::size_t targets_ = 0;
  std::size_t bytes_ = 0;
  std::optional<error> refused_;
};

class item_reader {
 public:
  item_reader(json_reader& in, const publish_limits& limits, request_bounds& bounds)
      : in_(in), limits_(limits), bounds_(bounds) {}

  result<publish_item> read(item_place place) {
    if (in_.peek() != json_kind::object) {
      fault(errc::malformed, "an item must be a JSON object");
      in_.skip();
      return why_;
    }
    in_.enter();
    for (std::string name; in_.next_member(name);)
      if (!(place == item_place::command && (name == "type" || name == "ref")))
        member(name);
      else
        in_.skip();
    check_whole();
    if (faulty_) return why_;
    bounds_.add(item_);
    return std::move(item_);
  }

 private:
  enum field : std::uint8_t {
    room,
    rooms,
    user,
    users,
    client,
    all,
    event,
    data,
    id,
    ephemeral,
    exclude,
    field_count
  };
  static constexpr std::array<std::string_view, field_count> names{
      "room",  "rooms", "user", "users",     "client", "all",
      "event", "data",  "id",   "ephemeral", "exclude"};

  void fault(errc code, std::string message) {
    if (faulty_) return;
    faulty_ = true;
    why_ = {code, std::move(message)};
  }
  void fault(std::string_view name, std::string_view rule) {
    fault(errc::malformed, std::string(name).append(" must be ").append(rule));
  }
  bool given(field f) const noexcept { return (seen_ & 1u << f) != 0; }

  void member(const std::string& name) {
    std::uint8_t f = 0;
    while (f < field_count && names[f] != name) ++f;
    if (f == field_count) {
      fault(errc::malformed, "unknown field " + shown(name));
    } else if (given(static_cast<field>(f))) {
      fault(errc::malformed, "field " + shown(name) + " is given twice");
    } else {
      seen_ |= 1u << f;
      if (known(static_cast<field>(f))) return;
    }
    in_.skip();
  }

  /// False when the value is of the wrong kind and has not been read.
  bool known(field f) {
    switch (f) {
      case room: return one_name(target_kind::rooms, names[f]);
      case rooms: return many_names(target_kind::rooms, names[f]);
      case user: return one_name(target_kind::users, names[f]);
      case users: return many_names(target_kind::users, names[f]);
      case client: return read_client();
      case all: return read_all();
      case event: return read_event();
      case data: return read_data();
      case id: return read_id();
      case ephemeral: return read_ephemeral();
      case exclude: return read_exclude();
      case field_count: break;
    }
    return false;
  }

  /// A string, or an integer where `integers` are taken as text.
  bool text(std::string_view name, bool integers) {
    text_.clear();
    const auto kind = in_.peek();
    if (kind == json_kind::string) return in_.read_string(text_);
    if (integers && kind == json_kind::number) {
      if (!in_.read_compact(text_)) return false;
      if (text_.find_first_of(".eE") == text_.npos) return true;
      fault(name, "a string or an integer");
      return true;
    }
    fault(name, integers ? "a string or an integer" : "a string");
    return false;
  }

  bool valid_name(target_kind kind) {
    const bool is_room = kind == target_kind::rooms;
    if (is_room ? valid_room(text_) : valid_user(text_)) return true;
    fault(errc::malformed, (is_room ? "room " : "user ") + shown(text_) + " is not " +
                               std::string(is_room ? room_rule : user_rule));
    return false;
  }

  bool one_name(target_kind kind, std::string_view name) {
    item_.target = kind;
    if (!text(name, kind == target_kind::users)) return false;
    if (!faulty_ && valid_name(kind)) item_.names.assign(1, text_);
    return true;
  }

  bool many_names(target_kind kind, std::string_view name) {
    item_.target = kind;
    if (in_.peek() != json_kind::array) {
      fault(name, "a list of names");
      return false;
    }
    item_.names.clear();
    std::unordered_set<std::string> unique;
    const auto each = "each of " + std::string(name);
    in_.enter();
    while (in_.next_element()) {
      if (!text(each, kind == target_kind::users)) {
        in_.skip();
        continue;
      }
      if (faulty_ || !valid_name(kind) || !unique.insert(text_).second) continue;
      item_.names.push_back(text_);
      if (item_.names.size() > limits_.max_targets) {
        bounds_.refuse_targets();
        why_ = *bounds_.refused();
        faulty_ = true;
      }
    }
    if (item_.names.empty()) fault(name, "a list with at least one name");
    return true;
  }

  bool read_client() {
    item_.target = target_kind::client;
    if (!text("client", false)) return false;
    if (const auto session = session_id::parse(text_))
      item_.client = *session;
    else
      fault("client", "a client_id (a UUID)");
    return true;
  }

  bool read_all() {
    item_.target = target_kind::all;
    bool yes = false;
    if (in_.peek() != json_kind::boolean) {
      fault("all", "true");
      return false;
    }
    if (in_.read_boolean(yes) && !yes) fault("all", "true");
    return true;
  }

  bool read_event() {
    if (!text("event", false)) return false;
    if (!valid_event_name(text_)) fault("event", printable_rule);
    if (reserved_event_name(text_)) fault(errc::malformed, reserved_event(text_).message);
    item_.event = text_;
    return true;
  }

  bool read_data() {
    item_.data_is_text = in_.peek() == json_kind::string;
    const bool read =
        item_.data_is_text ? in_.read_string(item_.data) : in_.read_compact(item_.data);
    if (read && item_.data.size() > limits_.max_event_bytes) {
      auto why = too_large_event(item_.data.size(), limits_.max_event_bytes);
      fault(why.code, std::move(why.message));
    }
    return true;
  }

  bool read_id() {
    if (!text("id", true)) return false;
    if (!valid_event_id(text_)) fault("id", printable_rule);
    item_.id = text_;
    return true;
  }

  bool read_ephemeral() {
    if (in_.peek() == json_kind::boolean) return in_.read_boolean(item_.ephemeral);
    fault("ephemeral", "true or false");
    return false;
  }

  bool read_exclude() {
    if (in_.peek() != json_kind::array) {
      fault("exclude", "a list of client_ids");
      return false;
    }
    in_.enter();
    while (in_.next_element()) {
      if (!text("each of exclude", false)) {
        in_.skip();
        continue;
      }
      if (const auto session = session_id::parse(text_))
        item_.exclude.push_back(*session);
      else
        fault("exclude", "a list of client_ids (UUIDs)");
      if (item_.exclude.size() > limits_.max_targets)
        fault(errc::too_large,
              "exclude has more than " + std::to_string(limits_.max_targets) + " client_ids");
    }
    return true;
  }

  void check_whole() {
    static constexpr std::array targets{room, rooms, user, users, client, all};
    std::string_view first;
    for (const auto f : targets) {
      if (!given(f)) continue;
      if (!first.empty())
        fault(errc::malformed, "exactly one target: " + std::string(first) + " and " +
                                   std::string(names[f]) + " are both given");
      first = names[f];
    }
    if (first.empty())
      fault(errc::malformed, "one of room, rooms, user, users, client or all is missing");
    if (!given(event)) fault(errc::malformed, "event is missing");
    if (!given(data)) fault(errc::malformed, "data is missing");
  }

  json_reader& in_;
  const publish_limits& limits_;
  request_bounds& bounds_;
  publish_item item_;
  std::string text_;
  unsigned seen_ = 0;
  bool faulty_ = false;
  error why_;
};

error too_many(const publish_limits& limits) {
  return {errc::too_large, "more than " + std::to_string(limits.max_items) + " items"};
}

/// Adds an item to a batch, its place ("item 3: ") named in its fault. Places count from 1.
void add(publish_batch& batch, result<publish_item> item, const char* place, std::size_t number) {
  if (!item)
    item = error{item.error().code,
                 std::string(place) + std::to_string(number) + ": " + item.error().message};
  batch.items.push_back(std::move(item));
}

result<publish_batch> parse_lines(std::string_view body, const publish_limits& limits) {
  publish_batch batch;
  batch.single = false;
  request_bounds bounds(limits);
  for (std::size_t line = 1; !body.empty(); ++line) {
    const auto end = body.find('\n');
    const auto text = body.substr(0, end);
    body.remove_prefix(end == body.npos ? body.size() : end + 1);
    if (text.find_first_not_of(" \t\r") == text.npos) continue;
    if (batch.items.size() == limits.max_items) return too_many(limits);
    json_reader in(text);
    auto item = item_reader(in, limits, bounds).read(item_place::http);
    if (bounds.refused()) return *bounds.refused();
    if (!in.finish()) item = error{errc::malformed, in.failure()};
    add(batch, std::move(item), "line ", line);
  }
  if (batch.items.empty()) return error{errc::malformed, "the body is empty"};
  return batch;
}

result<publish_batch> parse_array(json_reader& in, const publish_limits& limits) {
  publish_batch batch;
  batch.single = false;
  request_bounds bounds(limits);
  in.enter();
  while (in.next_element()) {
    if (batch.items.size() == limits.max_items) return too_many(limits);
    auto item = item_reader(in, limits, bounds).read(item_place::http);
    if (in.failed()) break;
    if (bounds.refused()) return *bounds.refused();
    add(batch, std::move(item), "item ", batch.items.size() + 1);
  }
  if (!in.finish()) return error{errc::malformed, in.failure()};
  return batch;
}

}  // namespace

error reserved_event(std::string_view name) {
  return {errc::malformed,
          "event " + shown(name) +
              " is a name of the node's own: connected, goodbye, gap, heartbeat and "
              "token_expiring cannot be published"};
}

error too_large_event(std::size_t bytes, std::size_t most) {
  return {errc::too_large, "data has " + std::to_string(bytes) +
                               " bytes, limits.max_event_bytes is " + std::to_string(most)};
}

std::size_t count_targets(const publish_item& item) noexcept {
  return std::max<std::size_t>(1, item.names.size());
}

std::size_t count_targets(const publish_batch& batch) noexcept {
  std::size_t sum = 0;
  for (const auto& item : batch.items) sum += item ? count_targets(*item) : 1;
  return sum;
}

result<publish_item> read_publish_item(json_reader& in, const publish_limits& limits,
                                       item_place place) {
  request_bounds bounds(limits);
  auto item = item_reader(in, limits, bounds).read(place);
  if (bounds.refused()) return *bounds.refused();
  return item;
}

result<publish_batch> parse_publish(std::string_view body, bool ndjson,
                                    const publish_limits& limits) {
  if (ndjson) return parse_lines(body, limits);
  if (body.find_first_not_of(" \t\r\n") == body.npos)
    return error{errc::malformed, "the body is empty"};
  json_reader in(body);
  if (in.peek() == json_kind::array) return parse_array(in, limits);
  publish_batch batch;
  request_bounds bounds(limits);
  batch.items.push_back(item_reader(in, limits, bounds).read(item_place::http));
  if (!in.finish()) return error{errc::malformed, in.failure()};
  if (bounds.refused()) return *bounds.refused();
  return batch;
}

}  // namespace starling::net
