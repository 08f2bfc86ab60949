#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/render.hpp"
#include "apps/starlingctl/output/text.hpp"
#include "net/base/clock.hpp"

namespace starling::ctl {
namespace {

struct kick_args {
  std::string session;
  std::string user;
};

exit_code list_users(const invocation& inv, const page_options& page) {
  const json answer =
      inv.connect().list(inv.in_scope(admin_path("users")), "users", page.limit, page.after);
  print_answer(inv, answer, render_users(answer));
  note_missing(answer);
  return exit_code::ok;
}

exit_code show_user(const invocation& inv, const std::string& user) {
  const json answer = inv.connect().get(inv.in_scope(admin_path("users", user)));
  print_answer(inv, answer, render_user(answer, wall_ms()));
  note_missing(answer);
  return exit_code::ok;
}

exit_code list_sessions(const invocation& inv, const page_options& page) {
  const json answer =
      inv.connect().list(inv.in_scope(admin_path("sessions")), "sessions", page.limit, page.after);
  print_answer(inv, answer, render_sessions(answer, wall_ms()));
  note_missing(answer);
  return exit_code::ok;
}

exit_code show_session(const invocation& inv, const std::string& id) {
  const json answer = inv.connect().get(inv.in_scope(admin_path("sessions", id)));
  print_answer(inv, answer, render_session(answer, wall_ms()));
  return exit_code::ok;
}

exit_code kick(const invocation& inv, const kick_args& args) {
  if (args.session.empty() == args.user.empty()) {
    throw failure(exit_code::usage, "kick takes either SESSION or --user USER");
  }
  const bool one = !args.session.empty();
  const json answer = inv.connect().call(
      "DELETE", inv.in_scope(one ? admin_path("sessions", args.session)
                                 : admin_path("users", args.user) + "/sessions"));
  const auto closed = static_cast<std::uint64_t>(int_at(answer, "closed"));
  print_answer(inv, answer,
               "closed " + count_of(closed, "session") + (one ? "" : " of " + args.user) + "\n");
  return exit_code::ok;
}

}  // namespace

void add_session_commands(CLI::App& root, invocation& inv) {
  const auto page = std::make_shared<page_options>();
  CLI::App* users = root.add_subcommand("users", "List the users who are online");
  add_page_options(*users, *page);
  add_tenant_options(*users, inv);
  on_run(*users, inv, [&inv, page] { return list_users(inv, *page); });

  const auto name = std::make_shared<std::string>();
  CLI::App* user = root.add_subcommand("user", "Show one user: roster and sessions");
  add_tenant_option(*user, inv);
  user->add_option("USER", *name, "User id")->required()->type_name("");
  on_run(*user, inv, [&inv, name] { return show_user(inv, *name); });

  CLI::App* sessions = root.add_subcommand("sessions", "List the client connections");
  add_page_options(*sessions, *page);
  add_tenant_options(*sessions, inv);
  on_run(*sessions, inv, [&inv, page] { return list_sessions(inv, *page); });

  CLI::App* session = root.add_subcommand("session", "Show one client connection");
  add_tenant_option(*session, inv);
  session->add_option("SESSION", *name, "Session id (the client_id)")->required()->type_name("");
  on_run(*session, inv, [&inv, name] { return show_session(inv, *name); });

  const auto args = std::make_shared<kick_args>();
  CLI::App* kick_one = root.add_subcommand("kick", "Close a session, or all sessions of a user");
  add_tenant_option(*kick_one, inv);
  kick_one->add_option("SESSION", args->session, "Session id (the client_id)")->type_name("");
  kick_one->add_option("--user", args->user, "Close all sessions of this user")->type_name("USER");
  on_run(*kick_one, inv, [&inv, args] { return kick(inv, *args); });
}

}  // namespace starling::ctl
