#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
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

/// Lines that one request carries: half a second's work for the store.
constexpr std::size_t lines_per_request = 10'000;
constexpr std::size_t bytes_per_request = 4 * 1024 * 1024;

/// A file of changes on its way to the server, some lines at a time.
class member_import {
 public:
  explicit member_import(const invocation& inv)
      : inv_(inv), server_(inv.connect()), path_(inv.in_scope("/api/members")) {}

  void add(const std::string& line) {
    batch_.append(line).append(1, '\n');
    if (++lines_ == lines_per_request || batch_.size() >= bytes_per_request) send();
  }
  exit_code finish() {
    if (lines_ > 0) send();
    std::string text = std::to_string(done_) + " lines done";
    if (!errors_.empty()) text += ", " + std::to_string(errors_.size()) + " faulty";
    text += '\n';
    print_answer(inv_, {{"done", done_}, {"errors", errors_}}, text);
    return errors_.empty() ? exit_code::ok : exit_code::failed;
  }

 private:
  void send() {
    json answer;
    try {
      answer = server_.call("POST", path_, batch_);
    } catch (const failure& why) {
      throw failure(why.code(), std::string(why.what()) + "; lines up to " + std::to_string(sent_) +
                                    " are done, and the same file can be " + "imported again");
    }
    for (auto& each : answer["errors"]) {
      each["line"] = each.value("line", std::size_t{0}) + sent_;
      if (!inv_.flags.json)
        note("line " + each["line"].dump() + ": " + each.value("message", std::string()));
      errors_.push_back(std::move(each));
    }
    done_ += answer.value("done", std::size_t{0});
    sent_ += lines_;
    note(std::to_string(sent_) + " lines sent");
    batch_.clear();
    lines_ = 0;
  }

  const invocation& inv_;
  client server_;
  const std::string path_;
  std::string batch_;
  std::size_t lines_ = 0;  ///< in the batch
  std::size_t sent_ = 0;   ///< before it
  std::size_t done_ = 0;
  json errors_ = json::array();
};

exit_code import_members(const invocation& inv, const std::string& file) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file, std::ios::binary);
    if (!opened || std::filesystem::is_directory(file))
      throw failure(exit_code::usage, "cannot read " + file);
  }
  std::istream& in = file == "-" ? std::cin : opened;
  member_import run(inv);
  for (std::string line; std::getline(in, line);) run.add(line);
  return run.finish();
}

}  // namespace

void add_member_commands(CLI::App& root, invocation& inv) {
  CLI::App* member = root.add_subcommand("member", "Change or list the durable roster");
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

  CLI::App* import = member->add_subcommand(
      "import",
      "Change many: a file with {\"room\",\"user\",\"member\":true|false} a line; "
      "exit 1 when a line is faulty, the others are done");
  const auto file = std::make_shared<std::string>();
  import->add_option("FILE", *file, "File to read; - reads stdin")->required()->type_name("");
  add_tenant_option(*import, inv);
  on_run(*import, inv, [&inv, file] { return import_members(inv, *file); });

  CLI::App* list = add("ls", "List the roster");
  const auto page = std::make_shared<page_options>();
  add_page_options(*list, *page);
  on_run(*list, inv, [&inv, args, page] { return list_members(inv, args->room, *page); });
}

}  // namespace starling::ctl
