#include "net/mapping/rule.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "net/wire/json_text.hpp"

namespace starling::net {

/// A written value, ready to be rendered.
struct mapping_rule::value {
  using list = std::vector<value_ptr>;
  using table = std::vector<std::pair<std::string, value_ptr>>;
  std::variant<value_template, json_value, list, table> data;

  result<json_value> render(const mapping_input& in) const;
};

namespace {

constexpr std::string_view default_tenant = "default";
constexpr std::string_view every_tenant = "*";
constexpr std::string_view default_event = "message";

error at_key(std::string_view key, const std::string& reason) {
  return {errc::malformed, std::string(key) + ": " + reason};
}

error at_key(std::string_view key, const error& reason) {
  return {reason.code, std::string(key) + " " + reason.message};
}

bool falsy(const json_value& value) noexcept {
  switch (value.kind) {
    case json_kind::none:
    case json_kind::null: return true;
    case json_kind::boolean: return value.text == "false";
    case json_kind::number: return value.text == "0";
    case json_kind::string:
      return value.text.empty() || value.text == "false" || value.text == "0" ||
             value.text == "null";
    case json_kind::object:
    case json_kind::array: return false;
  }
  return true;
}

/// A text, or a whole number as text.
std::optional<std::string> name_of(const json_value& value) {
  if (value.kind == json_kind::string) return value.text;
  const bool whole = value.kind == json_kind::number &&
                     value.text.find_first_not_of("-0123456789") == value.text.npos;
  return whole ? std::optional(value.text) : std::nullopt;
}

using name_rule = bool (*)(std::string_view) noexcept;

/// The names in a value that is one or a list of them, each once.
result<std::vector<std::string>> names_of(std::string_view key, const json_value& value,
                                          name_rule valid, std::string_view rule,
                                          const publish_limits& limits) {
  std::vector<std::string> out;
  std::unordered_set<std::string> seen;
  for (const auto& each : elements_of(value)) {
    auto name = name_of(each);
    if (!name || !valid(*name)) {
      return at_key(key,
                    std::string("expects names of ").append(rule).append(", got ") + excerpt(each));
    }
    if (!seen.insert(*name).second) continue;
    out.push_back(std::move(*name));
    if (out.size() > limits.max_targets)
      return at_key(key, "more than " + std::to_string(limits.max_targets) + " names");
  }
  return out;
}

}  // namespace

result<json_value> mapping_rule::value::render(const mapping_input& in) const {
  if (const auto* text = std::get_if<value_template>(&data)) return text->render(in);
  if (const auto* constant = std::get_if<json_value>(&data)) return *constant;
  if (const auto* items = std::get_if<list>(&data)) {
    json_value out{json_kind::array, "["};
    for (const auto& item : *items) {
      auto one = item->render(in);
      if (!one) return one.error();
      // A list in a list of templates is meant as more of its elements.
      for (const auto& each : elements_of(*one)) {
        if (out.text.size() > 1) out.text += ',';
        append_json(out.text, each);
      }
    }
    out.text += ']';
    return out;
  }
  json_value out{json_kind::object, "{"};
  for (const auto& [name, member] : std::get<table>(data)) {
    auto one = member->render(in);
    if (!one) return one.error();
    if (!*one) continue;
    if (out.text.size() > 1) out.text += ',';
    append_quoted(out.text, name);
    out.text += ':';
    append_json(out.text, *one);
  }
  out.text += '}';
  return out;
}

// ---- compiling ----

class mapping_rule::compiler {
 public:
  compiler(const written_rule& rule, const mapping_tables& tables) : rule_(rule), tables_(tables) {}

  std::variant<mapping_rule, rule_fault> compile() {
    std::string subject;
    if (!text("subject", subject)) return *fault_;
    if (!rule_.values.contains("subject"))
      return rule_fault{"subject", "is missing: each [[mapping]] names the NATS subject it reads"};
    auto pattern = subject_pattern::parse(subject);
    if (!pattern)
      return rule_fault{"subject", "expects a NATS subject such as \"orders.*.created\", got \"" +
                                       subject + "\""};
    mapping_rule out(std::move(*pattern));
    pattern_ = &out.subject_;
    out.place_ = rule_.place;
    text("stream", out.stream_);
    conditions("match", out.match_);
    each(out.each_);
    for (const auto& [key, member] :
         std::array<std::pair<std::string_view, value_ptr*>, 11>{{{"when", &out.when_},
                                                                  {"tenant", &out.tenant_},
                                                                  {"room", &out.room_},
                                                                  {"users", &out.users_},
                                                                  {"all", &out.all_},
                                                                  {"exclude", &out.exclude_},
                                                                  {"about", &out.about_},
                                                                  {"id", &out.id_},
                                                                  {"event", &out.event_},
                                                                  {"ephemeral", &out.ephemeral_},
                                                                  {"data", &out.data_}}})
      if (const auto* written = find(key)) *member = value_of(key, *written);
    change(out.members_);
    if (fault_) return *fault_;
    const auto* const when = out.when_ ? std::get_if<json_value>(&out.when_->data) : nullptr;
    out.ignored_ = when && falsy(*when) && out.match_.empty();
    if (!out.room_ && !out.users_ && !out.all_ && !(when && falsy(*when)))
      return rule_fault{"", "for \"" + subject + "\" has no audience: give it room, users or all"};
    if (out.members_ != member_change::none && (!out.room_ || !out.users_))
      return rule_fault{"member", "needs room and users: whose membership of what changes"};
    return out;
  }

 private:
  const written_value* find(std::string_view key) const {
    const auto found = rule_.values.find(key);
    return found == rule_.values.end() ? nullptr : &found->second;
  }

  bool fail(std::string_view key, std::string message) {
    if (!fault_) fault_ = rule_fault{std::string(key), std::move(message)};
    return false;
  }

  bool text(std::string_view key, std::string& out) {
    const auto* written = find(key);
    if (!written) return true;
    const auto* found = std::get_if<std::string>(&written->data);
    if (!found || found->empty()) return fail(key, "expects a text that is not empty");
    out = *found;
    return true;
  }

  bool pointer(std::string_view key, const std::string& from, json_pointer& out) {
    auto found = json_pointer::parse(from);
    if (!found)
      return fail(key, "expects a JSON pointer such as \"/user/id\", got \"" + from + "\"");
    out = std::move(*found);
    return true;
  }

  void each(std::optional<json_pointer>& out) {
    std::string from;
    json_pointer at;
    if (!find("each") || !text("each", from) || !pointer("each", from, at)) return;
    out = std::move(at);
  }

  void conditions(std::string_view key, std::vector<condition>& out) {
    const auto* written = find(key);
    if (!written) return;
    const auto* entries = std::get_if<written_value::table>(&written->data);
    if (!entries) {
      fail(key, "expects a table such as { \"/kind\" = \"created\" }");
      return;
    }
    for (const auto& [at, wanted] : *entries) {
      condition one;
      if (!pointer(key, at, one.at) || !texts(key, wanted, one.wanted)) return;
      out.push_back(std::move(one));
    }
  }

  bool texts(std::string_view key, const written_value& from, std::vector<std::string>& out) {
    if (const auto* one = std::get_if<std::string>(&from.data)) {
      out.push_back(*one);
    } else if (const auto* constant = std::get_if<written_value::constant>(&from.data)) {
      out.push_back(constant->json);
    } else if (const auto* many = std::get_if<written_value::list>(&from.data)) {
      for (const auto& item : *many)
        if (!texts(key, item, out)) return false;
    } else {
      return fail(key, "expects a value, or a list of those that will do");
    }
    return true;
  }

  void change(member_change& out) {
    std::string word;
    if (!find("member") || !text("member", word)) return;
    if (word == "add")
      out = member_change::add;
    else if (word == "remove")
      out = member_change::remove;
    else
      fail("member", "expects \"add\" or \"remove\", got \"" + word + "\"");
  }

  value_ptr value_of(std::string_view key, const written_value& from) {
    auto out = std::make_shared<value>();
    if (const auto* written = std::get_if<std::string>(&from.data)) {
      if (written->empty()) fail(key, "must not be empty");
      auto parsed = value_template::parse(*written, *pattern_, tables_);
      if (!parsed) {
        fail(key, parsed.error().message);
        return nullptr;
      }
      out->data = std::move(*parsed);
    } else if (const auto* constant = std::get_if<written_value::constant>(&from.data)) {
      if (!constant_fits(key, constant->json)) return nullptr;
      const bool boolean = constant->json == "true" || constant->json == "false";
      out->data = json_value{boolean ? json_kind::boolean : json_kind::number, constant->json};
    } else if (const auto* many = std::get_if<written_value::list>(&from.data)) {
      if (key != "data" && key != "room" && key != "users" && key != "exclude" && key != "about")
        fail(key, "expects one value, not a list");
      value::list items;
      for (const auto& item : *many) items.push_back(value_of(key, item));
      out->data = std::move(items);
    } else {
      if (key != "data") fail(key, "expects a text, not a table");
      value::table members;
      for (const auto& [name, member] : std::get<written_value::table>(from.data))
        members.emplace_back(name, value_of(key, member));
      out->data = std::move(members);
    }
    return out;
  }

  bool constant_fits(std::string_view key, const std::string& json) {
    const bool boolean = json == "true" || json == "false";
    if (key == "data" || (boolean && (key == "ephemeral" || key == "when" || key == "all")))
      return true;
    return fail(key, "expects text in quotes, got " + json);
  }

  const written_rule& rule_;
  const mapping_tables& tables_;
  const subject_pattern* pattern_ = nullptr;
  std::optional<rule_fault> fault_;
};

std::variant<mapping_rule, rule_fault> mapping_rule::compile(const written_rule& rule,
                                                             const mapping_tables& tables) {
  return compiler(rule, tables).compile();
}

// ---- applying ----

bool mapping_rule::matches(std::string_view subject, const payload& body) const {
  return subject_.matches(subject) &&
         std::all_of(match_.begin(), match_.end(), [&](const condition& each) {
           const auto found = body.find(each.at);
           if (!found || found.kind == json_kind::null) return false;
           return std::any_of(each.wanted.begin(), each.wanted.end(), [&](const auto& wanted) {
             return wanted == "*" || wanted == found.text;
           });
         });
}

result<std::vector<mapped_event>> mapping_rule::apply(std::string_view subject, const payload& body,
                                                      const publish_limits& limits) const {
  std::vector<json_value> elements(1);
  if (each_) {
    elements = elements_of(body.find(*each_));
    if (elements.size() > limits.max_items)
      return at_key("each", "more than " + std::to_string(limits.max_items) + " elements");
  }
  std::vector<mapped_event> out;
  for (auto& element : elements) {
    auto one = make({subject, body, std::move(element)}, limits);
    if (!one) return one.error();
    if (*one) out.push_back(std::move(**one));
  }
  return out;
}

result<std::optional<mapped_event>> mapping_rule::make(const mapping_input& in,
                                                       const publish_limits& limits) const {
  if (when_) {
    const auto wanted = when_->render(in);
    if (!wanted) return at_key("when", wanted.error());
    if (falsy(*wanted)) return std::optional<mapped_event>();
  }
  mapped_event out;
  out.members = members_;
  if (const auto read = read_audience(in, limits, out); !read) return read.error();
  if (out.rooms.empty() && out.users.empty() && !out.everyone)
    return std::optional<mapped_event>();  // nobody
  if (const auto read = read_content(in, limits, out); !read) return read.error();
  return std::optional(std::move(out));
}

result<void> mapping_rule::read_audience(const mapping_input& in, const publish_limits& limits,
                                         mapped_event& out) const {
  if (!tenant_) {
    out.tenant = tenant_id(std::string(default_tenant));
  } else {
    const auto value = tenant_->render(in);
    if (!value) return at_key("tenant", value.error());
    if (*value && value->kind != json_kind::null) {
      auto name = name_of(*value);
      if (!name || (!valid_tenant(*name) && *name != every_tenant))
        return at_key("tenant", "it is not 1-64 bytes of A-Z a-z 0-9 . _ ~ -");
      out.tenant = tenant_id(std::move(*name));
    }
  }
  bool named = false;
  const auto read = [&](std::string_view key, const value_ptr& from, name_rule valid,
                        std::string_view rule, std::vector<std::string>& names) -> result<void> {
    if (!from) return {};
    const auto value = from->render(in);
    if (!value) return at_key(key, value.error());
    if (!*value || value->kind == json_kind::null) return {};
    if (key != "exclude" && key != "about") named = true;
    auto found = names_of(key, *value, valid, rule, limits);
    if (!found) return found.error();
    names = std::move(*found);
    return {};
  };
  if (auto done = read("room", room_, valid_room, room_rule, out.rooms); !done) return done;
  if (auto done = read("users", users_, valid_user, user_rule, out.users); !done) return done;
  if (auto done = read("about", about_, valid_user, user_rule, out.about); !done) return done;
  if (all_) {
    const auto value = all_->render(in);
    if (!value) return at_key("all", value.error());
    out.everyone = !falsy(*value);
    named = true;
  }
  if (auto done = read("exclude", exclude_, valid_user, user_rule, out.exclude); !done) return done;
  if (!named)
    return at_key(room_ ? "room" : "users", "the message has nothing where its audience is named");
  std::erase_if(out.users, [&](const auto& user) {
    return std::find(out.exclude.begin(), out.exclude.end(), user) != out.exclude.end();
  });
  return {};
}

result<void> mapping_rule::read_content(const mapping_input& in, const publish_limits& limits,
                                        mapped_event& out) const {
  if (id_) {
    const auto value = id_->render(in);
    if (!value) return at_key("id", value.error());
    if (*value && value->kind != json_kind::null) out.id = value->text;
    if (!out.id.empty() && !valid_event_id(out.id))
      return at_key("id", "it is not " + std::string(printable_rule));
  }
  if (ephemeral_) {
    const auto value = ephemeral_->render(in);
    if (!value) return at_key("ephemeral", value.error());
    out.ephemeral = !falsy(*value);
  }
  if (!event_ && members_ != member_change::none) return {};
  out.name = default_event;
  if (event_) {
    const auto value = event_->render(in);
    if (!value) return at_key("event", value.error());
    if (value->kind != json_kind::string && value->kind != json_kind::number)
      return at_key("event", "the message has no text there");
    out.name = value->text;
    if (!valid_event_name(out.name))
      return at_key("event", "it is not " + std::string(printable_rule));
    if (reserved_event_name(out.name))
      return at_key("event", "\"" + out.name + "\" is a name of the node's own");
  }
  const auto value = data_ ? data_->render(in) : result<json_value>(in.body.find(json_pointer()));
  if (!value) return at_key("data", value.error());
  if (!*value) return at_key("data", "the message has nothing there");
  out.data = value->text;
  out.data_is_text = value->kind == json_kind::string;
  if (out.data.size() > limits.max_event_bytes)
    return at_key("data", "it has " + std::to_string(out.data.size()) +
                              " bytes, limits.max_event_bytes is " +
                              std::to_string(limits.max_event_bytes));
  return {};
}

}  // namespace starling::net
