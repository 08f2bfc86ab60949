/// The shapes of a stream for fechatter's clients.
#pragma once

#include "net/wire/encoders.hpp"
#include "net/wire/stream_formats.hpp"

namespace starling::net::fechatter {

/// `format=fechatter`: unnamed messages alone. Where that is the standard, `format=both` is the
/// same with the event under its own name before each.
void add_formats(stream_formats& to, std::string_view standard);

/// Commands of its WebSocket protocol (`auth`, `subscribe` and `unsubscribe` with `chat_id`,
/// `ping`), and the native ones besides. `ref_json`: the command's type, chat and ref, for its
/// answer.
extern const foreign_format::commands socket_commands;

}  // namespace starling::net::fechatter
