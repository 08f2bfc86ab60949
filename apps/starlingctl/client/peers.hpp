/// Which admin listeners of the cluster can be asked directly. Pure.
#pragma once

#include <string>
#include <vector>

#include "apps/starlingctl/output/json_view.hpp"

namespace starling::ctl {

/// A node that can be asked: its id and the URL of its admin listener.
struct peer {
  std::string node;
  std::string url;
};

/// The nodes of a `nodes` answer whose own admin address leads to them and nobody else, seen from a
/// program that reaches the cluster at `server`. Left out are loopback addresses unless `server` is
/// one too, wildcard addresses, and any address that several nodes name: with the default
/// 127.0.0.1 on many machines it would lead to the wrong node.
std::vector<peer> direct_peers(const json& nodes, const std::string& server);

/// The node among them that `server` itself is; empty when unknown.
std::string node_at(const std::vector<peer>& peers, const std::string& server);

/// URL of one node's admin listener; empty when it cannot be asked directly.
std::string url_of(const std::vector<peer>& peers, const std::string& node);

}  // namespace starling::ctl
