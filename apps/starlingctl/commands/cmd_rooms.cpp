#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/render.hpp"
#include "net/base/clock.hpp"

namespace starling::ctl {
namespace {

struct room_args {
  std::string room;
  page_options page;
};

exit_code list_rooms(const invocation& inv, const page_options& page) {
  const json answer =
      inv.connect().list(inv.in_scope(admin_path("rooms")), "rooms", page.limit, page.after);
  print_answer(inv, answer, render_rooms(answer));
  note_missing(answer);
  return exit_code::ok;
}

exit_code show_room(const invocation& inv, const std::string& room) {
  const json answer = inv.connect().get(inv.in_scope(admin_path("rooms", room)));
  print_answer(inv, answer, render_room(answer));
  note_missing(answer);
  return exit_code::ok;
}

exit_code show_presence(const invocation& inv, const std::string& room) {
  const json answer = inv.connect().get(inv.in_scope(room_path(room, "presence")));
  print_answer(inv, answer, render_presence(answer, wall_ms()));
  const auto unreachable = texts_at(answer, "unreachable");
  if (!unreachable.empty()) {
    note("warning: no answer from " + joined(unreachable) + "; who is online there is not shown");
  }
  return exit_code::ok;
}

exit_code show_history(const invocation& inv, const room_args& args) {
  const json answer = inv.connect().list(inv.in_scope(room_path(args.room, "history")), "events",
                                         args.page.limit, args.page.after);
  print_answer(inv, answer, render_history(answer, args.room));
  return exit_code::ok;
}

CLI::App* room_command(CLI::App& root, invocation& inv, const char* name, const char* help,
                       std::string& room) {
  CLI::App* command = root.add_subcommand(name, help);
  add_tenant_option(*command, inv);
  command->add_option("ROOM", room, "Room name")->required()->type_name("");
  return command;
}

}  // namespace

void add_room_commands(CLI::App& root, invocation& inv) {
  CLI::App* rooms = root.add_subcommand("rooms", "List the rooms with somebody online");
  const auto page = std::make_shared<page_options>();
  add_page_options(*rooms, *page);
  add_tenant_options(*rooms, inv);
  on_run(*rooms, inv, [&inv, page] { return list_rooms(inv, *page); });

  const auto args = std::make_shared<room_args>();
  CLI::App* room =
      room_command(root, inv, "room", "Show one room: users, sessions and nodes", args->room);
  on_run(*room, inv, [&inv, args] { return show_room(inv, args->room); });

  CLI::App* presence =
      room_command(root, inv, "presence", "Show who is online in a room", args->room);
  on_run(*presence, inv, [&inv, args] { return show_presence(inv, args->room); });

  CLI::App* history =
      room_command(root, inv, "history", "Show the stored events of a room", args->room);
  add_page_options(*history, args->page);
  on_run(*history, inv, [&inv, args] { return show_history(inv, *args); });
}

}  // namespace starling::ctl
