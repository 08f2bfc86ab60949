#include "net/http/router.hpp"

#include <algorithm>

#include "net/base/ids.hpp"
#include "net/http/url.hpp"

namespace starling::net {

namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == path.npos) return out;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) noexcept { return segment.starts_with('{'); }

std::string_view text_of(http_method method) {
  switch (method) {
    case http_method::get: return "GET, HEAD";
    case http_method::post: return "POST";
    case http_method::put: return "PUT";
    case http_method::del: return "DELETE";
    default: return "";
  }
}

/// Notes what `at` answers to; true when it answers `method`.
bool answers(const route& at, http_method method, bool admin_listener, route_match& out) {
  if (at.admin_listener_only && !admin_listener) return false;
  if (at.method == method || (at.method == http_method::get && method == http_method::head)) {
    out.found = out.of_path = &at;
    return true;
  }
  if (!out.of_path) out.of_path = &at;
  if (!out.allow.empty()) out.allow += ", ";
  out.allow += text_of(at.method);
  return false;
}

std::optional<error> check_name(std::string_view parameter, std::string_view name) {
  if (parameter == "{room}" && !valid_room(name))
    return error{errc::malformed, "the room in the path is not " + std::string(room_rule)};
  if (parameter == "{user}" && !valid_user(name))
    return error{errc::malformed,
                 "the user in the path is not a user id: 1-128 of [A-Za-z0-9._~@:-]"};
  return std::nullopt;
}

}  // namespace

router::router(std::vector<route> rows) : rows_(std::move(rows)) {
  for (const auto& row : rows_) {
    if (row.path.find('{') == row.path.npos) {
      exact_[row.path].push_back(&row);
      continue;
    }
    pattern out{{}, &row};
    for (const auto segment : split(row.path)) out.segments.emplace_back(segment);
    patterns_.push_back(std::move(out));
  }
}

route_match router::match(http_method method, std::string_view path, bool admin_listener) const {
  route_match out;
  if (path.empty() || path.front() != '/') return out;
  if (const auto at = exact_.find(std::string(path)); at != exact_.end()) {
    for (const auto* candidate : at->second)
      if (answers(*candidate, method, admin_listener, out)) return out;
    return out;
  }
  const auto asked = split(path);
  for (const auto& candidate : patterns_) {
    if (candidate.segments.size() != asked.size()) continue;
    const bool fits = std::equal(asked.begin(), asked.end(), candidate.segments.begin(),
                                 [](std::string_view have, const std::string& want) {
                                   return is_parameter(want) ? !have.empty() : have == want;
                                 });
    if (!fits || !answers(*candidate.to, method, admin_listener, out)) continue;
    for (std::size_t i = 0, taken = 0; i < asked.size(); ++i) {
      if (!is_parameter(candidate.segments[i])) continue;
      auto& into = taken++ == 0 ? out.name : out.member;
      into = percent_decode(asked[i], false);
      if (!out.bad_name) out.bad_name = check_name(candidate.segments[i], into);
    }
    return out;
  }
  return out;
}

}  // namespace starling::net
