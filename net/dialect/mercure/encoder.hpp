/// How a Mercure subscriber is written to.
#pragma once

#include "net/wire/protocol.hpp"

namespace starling::net::mercure {

/// Ids are those of updates; a native event's is `#` and its cursor. Nothing of ours comes with an
/// id, so that it moves no client. Notices are events with a name, which a Mercure client passes
/// over.
wire_format stream_format();

}  // namespace starling::net::mercure
