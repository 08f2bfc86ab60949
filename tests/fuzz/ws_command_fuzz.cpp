/// A WebSocket text message as a command, and the answers that carry its `ref`.
#include <nlohmann/json.hpp>

#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

bool is_json(const frame& message) {
  return nlohmann::json::accept(fuzz::ws_payload(message.body()));
}

}  // namespace

void fuzz(std::string_view bytes) {
  std::string ref;
  const auto command = net::parse_ws_command(bytes, {}, ref);
  require(is_json(net::encode_ack(ref, R"({"rooms":[]})")), "an ack is JSON");
  require(is_json(net::encode_pong(ref)), "a pong is JSON");
  if (!command) {
    require(is_json(net::encode_error(ref, command.error())), "an error is JSON");
    return;
  }
  require(command->ref_json == ref, "the command has its ref");
  for (const auto& room : command->rooms) require(valid_room(room), "rooms have valid names");
}
