#include "net/dialect/dialects.hpp"

#include <algorithm>
#include <iterator>

#include "net/dialect/fechatter/claims.hpp"
#include "net/dialect/native/native.hpp"
#include "net/dialect/oblivious/oblivious.hpp"
#include "net/dialect/poll/poll_handler.hpp"

namespace starling::net {

namespace {

struct dialect {
  const char* name;
  std::vector<route> (*routes)(const dialect_settings&) = nullptr;
  claims_check check = nullptr;
};

std::vector<route> native_routes(const dialect_settings& of) {
  auto out = native::routes();
  for (auto& row : poll::routes(of.poll_grace)) out.push_back(std::move(row));
  return out;
}

const dialect table[] = {
    {.name = "native", .routes = native_routes},
    {.name = "oblivious", .routes = [](const dialect_settings&) { return oblivious::routes(); }},
    {.name = "fechatter", .check = fechatter::refuse_suspended},
    {.name = "mercure",
     .routes = [](const dialect_settings& of) { return mercure::routes(of.mercure); }},
};

bool is_enabled(const dialect& one, std::span<const std::string> names) {
  return std::find(names.begin(), names.end(), one.name) != names.end();
}

}  // namespace

const std::vector<std::string>& dialect_names() {
  static const auto names = [] {
    std::vector<std::string> out;
    for (const auto& one : table) out.emplace_back(one.name);
    return out;
  }();
  return names;
}

std::vector<route> dialect_routes(std::span<const std::string> enabled,
                                  const dialect_settings& settings) {
  std::vector<route> out;
  for (const auto& one : table) {
    if (!one.routes || !is_enabled(one, enabled)) continue;
    auto rows = one.routes(settings);
    std::move(rows.begin(), rows.end(), std::back_inserter(out));
  }
  return out;
}

std::vector<claims_check> dialect_checks(std::span<const std::string> enabled) {
  std::vector<claims_check> out;
  for (const auto& one : table)
    if (one.check && is_enabled(one, enabled)) out.push_back(one.check);
  return out;
}

}  // namespace starling::net
