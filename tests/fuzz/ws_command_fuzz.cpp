/// A WebSocket text message as a command of either protocol, and the answers that carry its `ref`.
#include <nlohmann/json.hpp>

#include "net/dialect/fechatter/formats.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

bool is_json(const frame& message) {
  return nlohmann::json::accept(fuzz::ws_payload(message.body()));
}

void check(net::wire_format format, std::string_view bytes) {
  std::string ref;
  const auto command = net::command_parser(format)(bytes, {}, ref);
  require(is_json(net::encode_ack(format, ref, R"({"rooms":[]})")), "an ack is JSON");
  require(is_json(net::encode_pong(format, ref)), "a pong is JSON");
  if (!command) {
    require(is_json(net::encode_error(format, ref, command.error())), "an error is JSON");
    return;
  }
  require(command->ref_json == ref, "the command has its ref");
  for (const auto& room : command->rooms) require(valid_room(room), "rooms have valid names");
}

net::wire_format fechatter_socket() {
  net::stream_formats formats;
  net::fechatter::add_formats(formats, "named");
  return formats.find("fechatter")->ws;
}

}  // namespace

void fuzz(std::string_view bytes) {
  static const auto foreign = fechatter_socket();
  check(net::wire_format::ws_json, bytes);
  check(foreign, bytes);
}
