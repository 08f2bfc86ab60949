#include <CLI/CLI.hpp>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"

namespace starling::ctl {
namespace {

struct publish_args {
  std::string room;
  std::string data;
  std::string event;
  std::string id;
  bool text = false;
  bool ephemeral = false;
};

/// JSON is sent as JSON, anything else as a string: `publish lobby hello` needs no quotes in
/// quotes.
json payload(const publish_args& args) {
  std::string data = args.data;
  if (data == "-") {
    data.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  if (args.text) return data;
  json parsed = json::parse(data, nullptr, false);
  return parsed.is_discarded() ? json(data) : parsed;
}

exit_code publish(const invocation& inv, const publish_args& args) {
  json body{{"room", args.room}, {"event", args.event}, {"data", payload(args)}};
  if (!args.id.empty()) body["id"] = args.id;
  if (args.ephemeral) body["ephemeral"] = true;
  std::string text;
  try {
    text = body.dump();
  } catch (const json::type_error&) {
    throw failure(exit_code::usage, "DATA and the other arguments must be valid UTF-8");
  }
  const json answer = inv.connect().call("POST", "/api/publish", text);
  std::string line = "published " + text_at(answer, "id") + " to room " + args.room;
  if (const auto position = text_at(answer, "position"); !position.empty()) {
    line += " at " + position;
  }
  print_answer(inv, answer, line + "\n");
  return exit_code::ok;
}

}  // namespace

void add_publish_command(CLI::App& root, invocation& inv) {
  const auto args = std::make_shared<publish_args>();
  args->event = "message";
  CLI::App* command = root.add_subcommand("publish", "Publish an event to a room");
  command->add_option("ROOM", args->room, "Room name")->required()->type_name("");
  command
      ->add_option("DATA", args->data,
                   "Payload: JSON, or text as it is; - reads it from standard input")
      ->required()
      ->type_name("");
  command->add_option("--event", args->event, "Event name (default: message)")->type_name("NAME");
  command->add_option("--id", args->id, "Event id; publishing the same id again has no effect")
      ->type_name("ID");
  command->add_flag("--text", args->text, "DATA is text even if it looks like JSON");
  command->add_flag("--ephemeral", args->ephemeral, "Deliver only; do not store");
  on_run(*command, inv, [&inv, args] { return publish(inv, *args); });
}

}  // namespace starling::ctl
