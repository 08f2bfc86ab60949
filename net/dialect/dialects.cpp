#include "net/dialect/dialects.hpp"

#include <algorithm>
#include <iterator>

#include "net/dialect/fechatter/claims.hpp"
#include "net/dialect/fechatter/fechatter.hpp"
#include "net/dialect/fechatter/formats.hpp"
#include "net/dialect/native/native.hpp"
#include "net/dialect/oblivious/oblivious.hpp"
#include "net/dialect/poll/poll_handler.hpp"

namespace starling::net {

namespace {

struct dialect {
  const char* name;
  std::vector<route> (*routes)(const dialect_settings&) = nullptr;
  claims_check check = nullptr;
  /// Adds to what `format` may say, where `standard` is what it says by default.
  void (*formats)(stream_formats& to, std::string_view standard) = nullptr;
  std::span<const std::string_view> (*published_keys)() = nullptr;
};

std::vector<route> native_routes(const dialect_settings& of) {
  auto out = native::routes();
  for (auto& row : poll::routes(of.poll_grace)) out.push_back(std::move(row));
  return out;
}

const dialect table[] = {
    {.name = "native", .routes = native_routes},
    {.name = "oblivious", .routes = [](const dialect_settings&) { return oblivious::routes(); }},
    {.name = "fechatter",
     .routes = [](const dialect_settings&) { return fechatter::routes(); },
     .check = fechatter::refuse_suspended,
     .formats = fechatter::add_formats,
     .published_keys = fechatter::published_keys},
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

result<stream_formats> dialect_formats(std::span<const std::string> enabled,
                                       std::string_view standard) {
  stream_formats out;
  for (const auto& one : table)
    if (one.formats && is_enabled(one, enabled)) one.formats(out, standard);
  const auto* row = out.find(standard);
  if (row) {
    out.standard = row->name;
    return out;
  }
  std::string known;
  for (const auto& each : out.rows) known.append(known.empty() ? "" : ", ").append(each.name);
  return error{errc::malformed, "must be one of " + known};
}

const std::vector<std::string_view>& published_keys() {
  static const auto keys = [] {
    std::vector<std::string_view> out;
    for (const auto& one : table)
      if (one.published_keys) std::ranges::copy(one.published_keys(), std::back_inserter(out));
    return out;
  }();
  return keys;
}

std::vector<claims_check> dialect_checks(std::span<const std::string> enabled) {
  std::vector<claims_check> out;
  for (const auto& one : table)
    if (one.check && is_enabled(one, enabled)) out.push_back(one.check);
  return out;
}

}  // namespace starling::net
