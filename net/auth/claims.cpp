#include "net/auth/claims.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace starling::net {

namespace {

using json = nlohmann::json;

constexpr std::int64_t year_9999_s = 253'402'300'799;
constexpr std::size_t max_pattern_bytes = 256;

error refused(const std::string& why) { return {errc::unauthorized, "token refused: " + why}; }

error wrong(const std::string& claim, const std::string& expected) {
  return refused("claim \"" + claim + "\" must be " + expected);
}

/// nullptr when there is no such claim. See token_rules for names with dots.
const json* find(const json& claims, std::string_view path) {
  const json* at = &claims;
  while (at->is_object()) {
    if (const auto whole = at->find(std::string(path)); whole != at->end()) return &*whole;
    const auto dot = path.find('.');
    if (dot == path.npos) return nullptr;
    const auto part = at->find(std::string(path.substr(0, dot)));
    if (part == at->end()) return nullptr;
    at = &*part;
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

/// A NumericDate, clamped to 0 .. year 9999 so that arithmetic on it cannot overflow.
std::optional<std::int64_t> date_of(const json& value) {
  if (!value.is_number()) return std::nullopt;
  return static_cast<std::int64_t>(
      std::floor(std::clamp(value.get<double>(), 0.0, static_cast<double>(year_9999_s))));
}

/// Strings as they are and integers as decimal text.
std::optional<std::string> id_of(const json& value) {
  if (const auto* text = value.get_ptr<const std::string*>()) return *text;
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  return std::nullopt;
}

bool says(const json& value, std::string_view wanted) {
  const auto* text = value.get_ptr<const std::string*>();
  return text != nullptr && *text == wanted;
}

/// When the right ends, epoch seconds.
result<std::int64_t> check_dates(const json& claims, const token_rules& rules, std::int64_t now_s,
                                 bool expiry_needed) {
  const auto* exp = find(claims, "exp");
  if (exp == nullptr && expiry_needed) return refused("claim \"exp\" is missing");
  const auto expires =
      exp ? date_of(*exp) : std::optional(now_s + std::chrono::seconds(unlimited).count());
  if (!expires) return wrong("exp", "a number of seconds");
  if (now_s >= *expires + rules.leeway.count()) return refused("it has expired (exp)");
  if (const auto* nbf = find(claims, "nbf")) {
    const auto begins = date_of(*nbf);
    if (!begins) return wrong("nbf", "a number of seconds");
    if (now_s + rules.leeway.count() < *begins) return refused("it is not valid yet (nbf)");
  }
  return now_s < *expires ? *expires : *expires + rules.leeway.count();
}

result<void> check_origin(const json& claims, const token_rules& rules) {
  if (rules.issuer) {
    const auto* iss = find(claims, "iss");
    if (iss == nullptr || !says(*iss, *rules.issuer))
      return refused("claim \"iss\" is not the configured issuer");
  }
  if (!rules.audience.empty()) {
    const auto* aud = find(claims, "aud");
    const auto wanted = [&](const json& one) {
      return std::any_of(rules.audience.begin(), rules.audience.end(),
                         [&](const std::string& ours) { return says(one, ours); });
    };
    const bool named =
        aud != nullptr &&
        (wanted(*aud) || (aud->is_array() && std::any_of(aud->begin(), aud->end(), wanted)));
    if (!named) return refused("claim \"aud\" does not name the configured audience");
  }
  for (const auto check : rules.checks)
    if (auto passed = check(claims); !passed) return passed.error();
  return {};
}

/// A list of names and patterns; one string stands for a list of one.
result<std::vector<std::string>> patterns_of(const json& value, const std::string& claim) {
  const auto* begin = &value;
  std::size_t count = 1;
  if (const auto* list = value.get_ptr<const json::array_t*>()) {
    begin = list->data();
    count = list->size();
  }
  std::vector<std::string> out;
  out.reserve(count);
  for (const auto* one = begin; one != begin + count; ++one) {
    const auto* text = one->get_ptr<const std::string*>();
    if (text == nullptr) return wrong(claim, "a list of strings");
    const bool printable = std::none_of(text->begin(), text->end(),
                                        [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (text->empty() || text->size() > max_pattern_bytes || !printable)
      return wrong(claim, "a list of printable strings of 1-256 bytes");
    out.push_back(*text);
  }
  return out;
}

result<void> read_ids(const json& claims, const token_rules& rules, bool user_needed,
                      identity& out) {
  const auto* user = find(claims, rules.user_claim);
  auto user_text = user ? id_of(*user) : std::nullopt;
  const bool good = user_text && valid_user(*user_text);
  if (user_needed && !user) return refused("claim \"" + rules.user_claim + "\" is missing");
  if (user_needed && !good)
    return wrong(rules.user_claim, "a user id: " + std::string(user_rule) + ", or an integer");
  if (good) out.user = user_id(std::move(*user_text));

  out.tenant = tenant_id("default");
  if (const auto* tenant = find(claims, rules.tenant_claim)) {
    auto text = id_of(*tenant);
    if (!text || !valid_tenant(*text))
      return wrong(rules.tenant_claim,
                   "a tenant id: " + std::string(tenant_rule) + ", or an integer");
    out.tenant = tenant_id(std::move(*text));
  }
  if (const auto* device = find(claims, "device")) {
    auto text = id_of(*device);
    if (!text || !valid_user(*text))
      return wrong("device", "a device id: " + std::string(user_rule) + ", or an integer");
    out.device = device_id(std::move(*text));
  }
  return {};
}

result<void> read_rights(const json& claims, const token_rules& rules, identity& out) {
  if (const auto* rooms = find(claims, "rooms")) {
    auto list = patterns_of(*rooms, "rooms");
    if (!list) return list.error();
    out.rooms = std::move(*list);
  }
  if (const auto* publish = find(claims, "publish")) {
    if (publish->is_boolean()) {
      out.publish_all = publish->get<bool>();
    } else {
      auto list = patterns_of(*publish, "publish");
      if (!list) return wrong("publish", "true, false or a list of strings of 1-256 bytes");
      out.publish = std::move(*list);
    }
  }
  if (const auto* admin = find(claims, "admin")) {
    const bool of_everything = says(*admin, "*");
    if (!admin->is_boolean() && !of_everything)
      return wrong("admin", "true, false or \"*\" (the operator)");
    out.admin = of_everything || admin->get<bool>();
    out.is_operator = of_everything || (out.admin && find(claims, rules.tenant_claim) == nullptr);
  }
  return {};
}

}  // namespace

result<identity> read_claims(const json& claims, const token_rules& rules, std::int64_t now_s,
                             claim_needs needs) {
  const auto expires = check_dates(claims, rules, now_s, needs.expiry);
  if (!expires) return expires.error();
  if (auto done = check_origin(claims, rules); !done) return done.error();
  identity out;
  out.expires_s = *expires;
  if (auto done = read_ids(claims, rules, needs.user, out); !done) return done.error();
  if (auto done = read_rights(claims, rules, out); !done) return done.error();
  return out;
}

}  // namespace starling::net
