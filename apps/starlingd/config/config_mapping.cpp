#include "apps/starlingd/config/config_mapping.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "apps/starlingd/config/config_source.hpp"
#include "apps/starlingd/config/config_value.hpp"
#include "net/base/nearest_name.hpp"

#include <nlohmann/json.hpp>

namespace starling::app {

namespace embedded {
extern const std::string_view fechatter_profile;
}  // namespace embedded

namespace {

/// Rules that the program carries inside.
struct profile {
  std::vector<net::written_rule> rules;
  net::mapping_tables tables;
  config_errors errors;
};

std::optional<std::string> suggestion(std::string_view key) {
  const std::vector<std::string> names(net::rule_keys.begin(), net::rule_keys.end());
  auto found = nearest_name(key, names);
  if (found) *found = "mapping." + *found;
  return found;
}

bool read_written(const value_context& in, const raw_value& from, net::written_value& out) {
  if (const auto* text = std::get_if<std::string>(&from.data)) {
    out.data = *text;
  } else if (const auto* flag = std::get_if<bool>(&from.data)) {
    out.data = net::written_value::constant{*flag ? "true" : "false"};
  } else if (const auto* whole = std::get_if<std::int64_t>(&from.data)) {
    out.data = net::written_value::constant{std::to_string(*whole)};
  } else if (const auto* real = std::get_if<double>(&from.data)) {
    const auto number = nlohmann::json(*real);
    if (!std::isfinite(*real)) return in.expects(from, "a number that JSON has");
    out.data = net::written_value::constant{number.dump()};
  } else if (const auto* items = std::get_if<raw_value::list>(&from.data)) {
    net::written_value::list list(items->size());
    for (std::size_t i = 0; i < items->size(); ++i)
      if (!read_written(in, (*items)[i], list[i])) return false;
    out.data = std::move(list);
  } else if (const auto* entries = std::get_if<raw_value::table>(&from.data)) {
    net::written_value::table table;
    for (const auto& entry : *entries) {
      net::written_value value;
      if (!read_written(in, entry.value, value)) return false;
      table.emplace_back(entry.key, std::move(value));
    }
    out.data = std::move(table);
  } else {
    return in.expects(from, "a text, a number, true or false, a list or a table");
  }
  return true;
}

bool read_rule(const value_context& in, const raw_value& from, net::written_rule& out) {
  const auto* const entries = std::get_if<raw_value::table>(&from.data);
  if (entries == nullptr) return in.expects(from, "an array of tables, each under [[mapping]]");
  out.place = from.place;
  bool good = true;
  for (const raw_entry& entry : *entries) {
    const value_context own{"mapping." + entry.key, in.secret, in.errors};
    if (std::ranges::find(net::rule_keys, entry.key) == net::rule_keys.end()) {
      in.errors.push_back(
          {entry.value.place, own.key,
           "unknown key \"" + own.key + "\"" + did_you_mean(suggestion(entry.key))});
      good = false;
      continue;
    }
    out.places[entry.key] = entry.value.place;
    good &= read_written(own, entry.value, out.values[entry.key]);
  }
  return good;
}

bool read_table(const value_context& in, const raw_value::table& from, net::mapping_table& out) {
  for (const raw_entry& entry : from) {
    const value_context own{in.key + "." + entry.key, in.secret, in.errors};
    if (const auto* text = std::get_if<std::string>(&entry.value.data)) {
      out[entry.key] = *text;
    } else if (const auto* whole = std::get_if<std::int64_t>(&entry.value.data)) {
      out[entry.key] = std::to_string(*whole);
    } else {
      return own.expects(entry.value, "a text");
    }
  }
  return true;
}

nlohmann::json show_written(const net::written_value& v) {
  if (const auto* text = std::get_if<std::string>(&v.data)) return *text;
  if (const auto* constant = std::get_if<net::written_value::constant>(&v.data))
    return nlohmann::json::parse(constant->json);
  if (const auto* items = std::get_if<net::written_value::list>(&v.data)) {
    auto out = nlohmann::json::array();
    for (const auto& item : *items) out.push_back(show_written(item));
    return out;
  }
  auto out = nlohmann::json::object();
  for (const auto& [name, member] : std::get<net::written_value::table>(v.data))
    out[name] = show_written(member);
  return out;
}

void add_rules(const std::vector<net::written_rule>& written, const net::mapping_tables& tables,
               const std::string& place, net::rule_set& out, config_errors& errors) {
  for (const auto& each : written) {
    auto compiled = net::mapping_rule::compile(each, tables);
    if (auto* rule = std::get_if<net::mapping_rule>(&compiled)) {
      out.add(std::move(*rule));
      continue;
    }
    const auto& fault = std::get<net::rule_fault>(compiled);
    const auto at = each.places.find(fault.key);
    const auto key = fault.key.empty() ? std::string("mapping") : "mapping." + fault.key;
    const auto& line = at != each.places.end() ? at->second : each.place;
    errors.push_back({line.empty() ? place : line, key, key + " " + fault.message});
  }
}

}  // namespace

bool read_value(const value_context& in, const raw_value& from,
                std::vector<net::written_rule>& out) {
  const auto* const items = std::get_if<raw_value::list>(&from.data);
  if (items == nullptr) return in.expects(from, "an array of tables, each under [[mapping]]");
  std::vector<net::written_rule> next(items->size());
  bool good = true;
  for (std::size_t i = 0; i < items->size(); ++i) good &= read_rule(in, (*items)[i], next[i]);
  if (good) out = std::move(next);
  return good;
}

bool read_value(const value_context& in, const raw_value& from, net::mapping_tables& out) {
  constexpr auto expected = "tables of texts, each under [mapping_table.NAME]";
  const auto* const entries = std::get_if<raw_value::table>(&from.data);
  if (entries == nullptr) return in.expects(from, expected);
  net::mapping_tables next;
  for (const raw_entry& entry : *entries) {
    const value_context own{in.key + "." + entry.key, in.secret, in.errors};
    const auto* const rows = std::get_if<raw_value::table>(&entry.value.data);
    if (rows == nullptr) return own.expects(entry.value, expected);
    if (!read_table(own, *rows, next[entry.key])) return false;
  }
  out = std::move(next);
  return true;
}

nlohmann::json show_value(const std::vector<net::written_rule>& v) {
  auto out = nlohmann::json::array();
  for (const auto& rule : v) {
    auto shown = nlohmann::json::object();
    for (const auto& [key, value] : rule.values) shown[key] = show_written(value);
    out.push_back(std::move(shown));
  }
  return out;
}

nlohmann::json show_value(const net::mapping_tables& v) {
  auto out = nlohmann::json::object();
  for (const auto& [name, table] : v) {
    auto& shown = out[name] = nlohmann::json::object();
    for (const auto& [from, to] : table) shown[from] = to;
  }
  return out;
}

static const profile& fechatter_profile() {
  static const profile read = [] {
    profile out;
    config_errors& errors = out.errors;
    for (const auto& entry :
         parse_document(embedded::fechatter_profile, "profile fechatter", errors)) {
      const value_context in{entry.key, false, errors};
      if (entry.key == "mapping")
        read_value(in, entry.value, out.rules);
      else if (entry.key == "mapping_table")
        read_value(in, entry.value, out.tables);
    }
    return out;
  }();
  return read;
}

net::rule_set compile_mappings(const config& c, const origins& from, config_errors& errors) {
  net::rule_set out({.max_event_bytes = c.limits.max_event_bytes});
  const auto at = from.find("mapping");
  add_rules(c.mapping, c.mapping_table, at == from.end() ? "" : at->second, out, errors);
  if (c.mapping_profile == mapping_profile::fechatter) {
    const auto& more = fechatter_profile();
    errors.insert(errors.end(), more.errors.begin(), more.errors.end());
    add_rules(more.rules, more.tables, "profile fechatter", out, errors);
  }
  if (!c.security.hmac_secret.empty()) {
    auto key = net::verifier::hmac(c.security.hmac_secret);
    if (key)
      out.require_signature(std::move(*key));
    else
      errors.push_back({"", "security.hmac_secret", "security.hmac_secret " + key.error().message});
  }
  return out;
}

}  // namespace starling::app
