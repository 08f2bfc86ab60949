#include "apps/starlingctl/client/peers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "net/http/url.hpp"

namespace starling::ctl {
namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool is_wildcard(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::" || host == "*";
}

}  // namespace

std::vector<peer> direct_peers(const json& nodes, const std::string& server) {
  const auto from = net::parse_http_url(server);
  const std::string scheme = from && from->tls ? "https://" : "http://";  // all nodes alike
  std::vector<peer> all;
  for (const json& node : nodes) {
    const std::string address = text_at(node, "admin");
    if (!address.empty()) all.push_back({text_at(node, "id"), scheme + address});
  }
  std::vector<peer> usable;
  for (const peer& candidate : all) {
    const auto at = net::parse_http_url(candidate.url);
    const auto same = std::count_if(all.begin(), all.end(),
                                    [&](const peer& p) { return p.url == candidate.url; });
    if (!at || same > 1 || is_wildcard(at->host)) continue;
    if (is_loopback(at->host) && !(from && is_loopback(from->host))) continue;
    usable.push_back(candidate);
  }
  return usable;
}

std::string node_at(const std::vector<peer>& peers, const std::string& server) {
  for (const peer& p : peers) {
    if (p.url == server) return p.node;
  }
  return {};
}

std::string url_of(const std::vector<peer>& peers, const std::string& node) {
  for (const peer& p : peers) {
    if (p.node == node) return p.url;
  }
  return {};
}

}  // namespace starling::ctl
