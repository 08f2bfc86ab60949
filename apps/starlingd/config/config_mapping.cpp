/// The `mapping` array of tables: one rule per table.
#include "apps/starlingd/config/config_value.hpp"
#include "net/base/nearest_name.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace starling::app {
namespace {

using text_member = std::string mapping_rule::*;

constexpr std::array<std::pair<const char*, text_member>, 9> texts{
    {{"subject", &mapping_rule::subject},
     {"room", &mapping_rule::room},
     {"user", &mapping_rule::user},
     {"users", &mapping_rule::users},
     {"recipients", &mapping_rule::recipients},
     {"id", &mapping_rule::id},
     {"type", &mapping_rule::type},
     {"data", &mapping_rule::data},
     {"tenant", &mapping_rule::tenant}}};
constexpr auto ephemeral_key = "ephemeral";

std::optional<std::string> suggestion(std::string_view key) {
  std::vector<std::string> names{ephemeral_key};
  for (const auto& [name, member] : texts) names.emplace_back(name);
  auto found = nearest_name(key, names);
  if (found) *found = "mapping." + *found;
  return found;
}

/// Tokens between dots, none empty; `*` stands for one, a last `>` for all that follow.
bool valid_subject(std::string_view subject) {
  if (subject.empty()) return false;
  while (true) {
    const std::size_t dot = subject.find('.');
    const std::string_view token = subject.substr(0, dot);
    const bool last = dot == std::string_view::npos;
    if (token.empty() || (token == ">" && !last)) return false;
    if (token.size() > 1 && token.find_first_of("*>") != std::string_view::npos) return false;
    for (const char c : token) {
      if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return false;
    }
    if (last) return true;
    subject.remove_prefix(dot + 1);
  }
}

bool read_entry(const value_context& in, const raw_entry& entry, mapping_rule& rule) {
  const value_context own{"mapping." + entry.key, in.secret, in.errors};
  if (entry.key == ephemeral_key) return read_value(own, entry.value, rule.ephemeral);
  for (const auto& [name, member] : texts) {
    if (entry.key != name) continue;
    if (!read_value(own, entry.value, rule.*member)) return false;
    return !(rule.*member).empty() || own.fail(entry.value, "must not be empty");
  }
  in.errors.push_back({entry.value.place, own.key,
                       "unknown key \"" + own.key + "\"" + did_you_mean(suggestion(entry.key))});
  return false;
}

bool check_rule(const value_context& in, const raw_value& at, const mapping_rule& rule) {
  const value_context subject{"mapping.subject", in.secret, in.errors};
  if (rule.subject.empty()) {
    return subject.fail(at, R"(is missing: each [[mapping]] names the NATS subject it reads)");
  }
  if (!valid_subject(rule.subject)) {
    return subject.fail(
        at, R"(expects a NATS subject such as "orders.*.created", got ")" + rule.subject + "\"");
  }
  if (rule.room.empty() && rule.user.empty() && rule.users.empty() && rule.recipients.empty()) {
    return in.fail(at, "for \"" + rule.subject +
                           "\" has no audience: give it one of room, user, users or recipients");
  }
  return true;
}

}  // namespace

bool read_value(const value_context& in, const raw_value& from, std::vector<mapping_rule>& out) {
  const auto* const items = std::get_if<raw_value::list>(&from.data);
  if (items == nullptr) return in.expects(from, "an array of tables, each under [[mapping]]");
  std::vector<mapping_rule> next;
  bool good = true;
  for (const raw_value& item : *items) {
    const auto* const entries = std::get_if<raw_value::table>(&item.data);
    if (entries == nullptr) {
      good = in.expects(item, "an array of tables, each under [[mapping]]");
      continue;
    }
    mapping_rule rule;
    bool whole = true;
    for (const raw_entry& entry : *entries) whole &= read_entry(in, entry, rule);
    // What a mistyped key leaves out is not worth a second complaint.
    good &= whole && check_rule(in, item, rule);
    next.push_back(std::move(rule));
  }
  if (good) out = std::move(next);
  return good;
}

nlohmann::json show_value(const std::vector<mapping_rule>& v) {
  auto out = nlohmann::json::array();
  for (const mapping_rule& rule : v) {
    auto shown = nlohmann::json::object();
    for (const auto& [name, member] : texts) {
      if (!(rule.*member).empty()) shown[name] = rule.*member;
    }
    shown[ephemeral_key] = rule.ephemeral;
    out.push_back(std::move(shown));
  }
  return out;
}

}  // namespace starling::app
