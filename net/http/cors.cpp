#include "net/http/cors.hpp"

#include <algorithm>

#include "net/base/ascii.hpp"

namespace starling::net {

namespace {

constexpr std::string_view scheme_end = "://";
constexpr std::size_t max_origin_bytes = 320;  // a host name has at most 253

bool is_host_char(char c) noexcept { return ascii_alnum(c) || c == '-' || c == '.' || c == '_'; }

std::string_view without_suffix(std::string_view text, std::string_view suffix) noexcept {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

/// Host and port, without the port that the scheme implies.
std::string_view authority_of(std::string_view scheme, std::string_view authority) noexcept {
  if (scheme == "http") return without_suffix(authority, ":80");
  if (scheme == "https") return without_suffix(authority, ":443");
  return authority;
}

/// Lower case, and without the default port: what browsers send.
std::string normalised(std::string_view origin) {
  std::string out(origin);
  std::transform(out.begin(), out.end(), out.begin(), ascii_lower);
  const auto at = out.find(scheme_end);
  if (at == out.npos) return out;
  const std::string_view all = out;
  const auto host = at + scheme_end.size();
  return std::string(all.substr(0, host)).append(authority_of(all.substr(0, at), all.substr(host)));
}

/// Each `*` takes one or more host characters, and no label it takes part in may be empty.
bool fits(std::string_view pattern, std::string_view origin) noexcept {
  const auto star = pattern.find('*');
  if (star == pattern.npos) return pattern == origin;
  if (!origin.starts_with(pattern.substr(0, star))) return false;
  const auto rest = pattern.substr(star + 1);
  for (auto end = star; end < origin.size() && is_host_char(origin[end]); ++end)
    if (fits(rest, origin.substr(end + 1))) return true;
  return false;
}

bool has_empty_label(std::string_view origin) noexcept {
  const auto at = origin.find(scheme_end);
  const auto host = at == origin.npos ? origin : origin.substr(at + scheme_end.size());
  return host.starts_with('.') || host.find("..") != host.npos || host.ends_with('.');
}

bool is_own(std::string_view origin, std::string_view host) {
  const auto at = origin.find(scheme_end);
  if (host.empty() || at == origin.npos) return false;
  const auto scheme = origin.substr(0, at);
  const auto own = normalised(std::string(scheme).append(scheme_end).append(host));
  return own == origin;
}

error bad(std::string_view entry, const char* problem) {
  return {errc::malformed, "origin \"" + std::string(entry) + "\": " + problem};
}

bool good_port(std::string_view port) noexcept {
  return !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

result<void> cors_policy::check_entry(std::string_view entry) {
  if (entry == "*" || entry == "null") return {};
  const auto at = entry.find(scheme_end);
  if (at == entry.npos || at == 0)
    return bad(entry, "needs a scheme, such as https://app.example.com");
  const auto scheme = entry.substr(0, at);
  if (scheme.find('*') != scheme.npos)
    return bad(entry, "the scheme must be exact; only the host may hold *");
  auto host = entry.substr(at + scheme_end.size());
  if (host.find_first_of("/?#@") != host.npos)
    return bad(entry, "an origin has no path; write scheme, host and port only");
  const auto colon = host.rfind(':');
  if (!host.ends_with(']') && colon != host.npos) {
    if (!good_port(host.substr(colon + 1)))
      return bad(entry, "the port must be a number; only the host may hold *");
    host = host.substr(0, colon);
  }
  if (host.empty()) return bad(entry, "the host is missing");
  if (host.starts_with('[') && host.ends_with(']')) return {};  // an IPv6 address
  if (!std::all_of(host.begin(), host.end(), [](char c) { return c == '*' || is_host_char(c); }))
    return bad(entry, "the host may hold letters, digits, dots, hyphens and *");
  if (std::count(host.begin(), host.end(), '*') > 2)
    return bad(entry, "a pattern may hold at most two *");
  if (has_empty_label(host)) return bad(entry, "a part of the host between dots is empty");
  return {};
}

cors_policy::cors_policy(const std::vector<std::string>& origins) {
  for (const auto& entry : origins) {
    if (!check_entry(entry)) continue;
    if (entry == "*")
      any_ = true;
    else if (entry.find('*') == entry.npos)
      exact_.push_back(normalised(entry));
    else
      patterns_.push_back(normalised(entry));
  }
}

cors_decision cors_policy::check(std::optional<std::string_view> origin, std::string_view host,
                                 bool listed_only,
                                 std::optional<std::string_view> fetch_site) const {
  cors_decision out;
  const bool any = any_ && !listed_only;
  out.vary = !exact_.empty() || !patterns_.empty() || !any;
  if (!origin) {
    if (any) out.allow_origin.assign(1, '*');
    // A page of this node, or the user's own doing; `same-site` is another host's or port's page.
    out.cookie = !fetch_site || *fetch_site == "same-origin" || *fetch_site == "none";
    return out;
  }
  const auto asked = origin->size() <= max_origin_bytes ? normalised(*origin) : std::string();
  const bool listed = std::find(exact_.begin(), exact_.end(), asked) != exact_.end() ||
                      (!has_empty_label(asked) && std::any_of(patterns_.begin(), patterns_.end(),
                                                              [&](const std::string& pattern) {
                                                                return fits(pattern, asked);
                                                              }));
  const bool own = is_own(asked, host);
  if (listed) {
    out.allow_origin = *origin;
    out.credentials = asked != "null";  // any sandboxed frame calls itself null
  } else if (any) {
    out.allow_origin.assign(1, '*');
  } else {
    out.allowed = own;
  }
  out.cookie = own || out.credentials;
  return out;
}

}  // namespace starling::net
