/// Reading of one publish item; shared by the HTTP body and the WebSocket command.
#pragma once

#include "net/wire/codec.hpp"
#include "net/wire/json_reader.hpp"

namespace starling::net {

/// Where an item stands: a command has members of its own beside those of the item.
enum class item_place : std::uint8_t {
  http,
  command  ///< `type` and `ref` are passed over
};

/// Reads the value that is next in `in`. A fault of syntax leaves `in` failed (the result then says
/// nothing); every other fault is in the result, and `in` stands behind the item.
result<publish_item> read_publish_item(json_reader& in, const publish_limits& limits,
                                       item_place place);

}  // namespace starling::net
