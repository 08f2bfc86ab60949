#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/render.hpp"
#include "net/http/url.hpp"

namespace starling::ctl {
namespace {

struct member_args {
  std::string room;
  std::string user;
};

std::string member_path(const member_args& args) {
  return room_path(args.room, "members") + "/" + net::percent_encode(args.user);
}

exit_code add_member(const invocation& inv, const member_args& args) {
  const json answer = inv.connect().call("PUT", inv.in_scope(member_path(args)));
  print_answer(inv, answer, args.user + " is a member of room " + args.room + "\n");
  return exit_code::ok;
}

exit_code remove_member(const invocation& inv, const member_args& args) {
  const json answer = inv.connect().call("DELETE", inv.in_scope(member_path(args)));
  print_answer(inv, answer, args.user + " is no member of room " + args.room + " any more\n");
  return exit_code::ok;
}

exit_code list_members(const invocation& inv, const std::string& room, const page_options& page) {
  const json answer = inv.connect().list(inv.in_scope(room_path(room, "members")), "members",
                                         page.limit, page.after);
  print_answer(inv, answer, render_members(answer, room));
  return exit_code::ok;
}

}  // namespace

void add_member_commands(CLI::App& root, invocation& inv) {
  CLI::App* member = root.add_subcommand("member", "Change or list the durable roster of a room");
  member->require_subcommand(1);
  const auto args = std::make_shared<member_args>();

  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = member->add_subcommand(name, help);
    command->add_option("ROOM", args->room, "Room name")->required()->type_name("");
    add_tenant_option(*command, inv);
    return command;
  };
  CLI::App* put = add("add", "Put a user on the roster; live sessions join at once");
  put->add_option("USER", args->user, "User id")->required()->type_name("");
  on_run(*put, inv, [&inv, args] { return add_member(inv, *args); });

  CLI::App* remove = add("rm", "Take a user off the roster; live sessions leave at once");
  remove->add_option("USER", args->user, "User id")->required()->type_name("");
  on_run(*remove, inv, [&inv, args] { return remove_member(inv, *args); });

  CLI::App* list = add("ls", "List the roster");
  const auto page = std::make_shared<page_options>();
  add_page_options(*list, *page);
  on_run(*list, inv, [&inv, args, page] { return list_members(inv, args->room, *page); });
}

}  // namespace starling::ctl
