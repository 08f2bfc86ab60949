/// What fechatter's clients read: one flat object per message, with `type`. Pure.
#pragma once

#include <string>
#include <string_view>

#include "net/wire/protocol.hpp"

namespace starling::net::fechatter {

/// What WebSocket messages say otherwise than those of event streams.
enum class reader : std::uint8_t {
  stream,
  socket  ///< a message of a chat is a `chat_message`, and everything says its `position`
};

// Each is the text of a JSON object, on one line.

/// An event under the name its clients give it (`NewMessage` is `new_message`), its data's members
/// beside `type`. A message has its id, chat, author and content both flat and in `message`,
/// whichever of the two its publisher gave. position: of the event.
std::string message_of(const event& event, reader for_whom, std::string_view position = {});

/// `connection_confirmed`, with the chats the session is in.
std::string welcome(const connected& hello);
std::string heartbeat(std::string_view user, std::uint64_t number, std::int64_t now_ms);
std::string farewell(const goodbye& last);
/// Any other notice: its members beside `type`.
std::string notice(std::string_view name, std::string_view json_object);

/// A user or chat as its clients know it: a number where it is one, else text.
std::string id_json(std::string_view id);
/// `chat:7` for 7.
std::string room_of_chat(std::string_view chat);

}  // namespace starling::net::fechatter
