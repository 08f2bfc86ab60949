/// The form of a publish.
#pragma once

#include <string>
#include <string_view>

#include "net/base/result.hpp"
#include "net/dialect/mercure/update.hpp"
#include "net/wire/codec.hpp"

namespace starling::net::mercure {

struct publish_form {
  mercure::update update;  ///< topics: at least one, no repeats
  std::string id;          ///< the publisher's, else one made here
};

/// `application/x-www-form-urlencoded`: topic (repeatable), data, private, id, type, retry; others
/// are passed over. Errors: malformed and too_large name the field and what would be right.
result<publish_form> parse_publish_form(std::string_view body, const publish_limits& limits);

/// Topics below the hub's own path are the hub's to publish, however they are spelled.
bool is_hubs_own(std::string_view topic);

/// What carries it: an item for the room of all updates, and, where topics are the names of native
/// rooms, one for those.
publish_batch to_batch(const publish_form& form);
/// An item for one of the hub's own rooms.
publish_item hub_item(std::string_view room, const update& update, std::string id);

}  // namespace starling::net::mercure
