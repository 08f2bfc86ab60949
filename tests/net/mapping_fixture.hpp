/// Rules written shortly, for tests.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "net/mapping/rule_set.hpp"

namespace starling::test {

inline net::written_value text(std::string s) { return {std::move(s)}; }
inline net::written_value constant(std::string json) {
  return {net::written_value::constant{std::move(json)}};
}

using written_keys = std::vector<std::pair<std::string, net::written_value>>;

inline net::written_rule rule(const written_keys& keys) {
  net::written_rule out;
  for (const auto& [key, value] : keys) out.values[key] = value;
  return out;
}

/// What is wrong with the rule: `KEY: MESSAGE`; empty when nothing is.
inline std::string fault_of(const written_keys& keys, const net::mapping_tables& tables = {}) {
  const auto out = net::mapping_rule::compile(rule(keys), tables);
  const auto* fault = std::get_if<net::rule_fault>(&out);
  return fault ? fault->key + ": " + fault->message : "";
}

inline net::rule_set rules(const std::vector<written_keys>& all,
                           const net::mapping_tables& tables = {},
                           const net::publish_limits& limits = {}) {
  net::rule_set out(limits);
  for (const auto& keys : all) {
    auto compiled = net::mapping_rule::compile(rule(keys), tables);
    REQUIRE(std::holds_alternative<net::mapping_rule>(compiled));
    out.add(std::get<net::mapping_rule>(std::move(compiled)));
  }
  return out;
}

}  // namespace starling::test
