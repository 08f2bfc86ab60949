/// The configuration as the options of those who consume it.
#pragma once

#include <memory>
#include <vector>

#include "actors/messages/context.hpp"
#include "apps/starlingd/config/config.hpp"
#include "cluster/engine.hpp"
#include "cluster/foreign_feed.hpp"
#include "net/dialect/dialects.hpp"
#include "net/front/http_server.hpp"
#include "net/mapping/rule_set.hpp"

namespace starling::app {

std::shared_ptr<const net::http_settings> http_settings_of(
    const config& c, std::shared_ptr<const net::key_set> keys);
/// Reads key files that check_start has read before. Throws std::runtime_error when they changed.
net::dialect_settings dialect_settings_of(const config& c);
net::http_options http_options_of(const config& c, std::size_t shards);
actors::node_options node_options_of(const config& c);
std::unique_ptr<cluster::engine> make_engine(const config& c);
/// The rules for messages of foreign publishers; nullptr when there are none.
std::shared_ptr<const net::rule_set> mappings_of(const config& c);
/// What those rules read. Only where there is a `nats.url`.
std::shared_ptr<cluster::foreign_feed> make_feed(const config& c);
/// The pages and the client this program carries.
std::vector<net::static_asset> assets();

}  // namespace starling::app
