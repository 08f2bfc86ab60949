#include "apps/starlingctl/commands/commands.hpp"

#include <CLI/CLI.hpp>

#include "net/http/url.hpp"

namespace starling::ctl {

std::string admin_path(const char* kind, const std::string& name) {
  std::string path = std::string("/admin/v1/") + kind;
  return name.empty() ? path : path + "/" + net::percent_encode(name);
}

std::string room_path(const std::string& room, const char* what) {
  return "/api/rooms/" + net::percent_encode(room) + "/" + what;
}

void add_page_options(CLI::App& command, page_options& page) {
  command.add_option("--limit", page.limit, "At most this many (default: all)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  command.add_option("--after", page.after, "Go on after the \"next\" of an earlier answer")
      ->type_name("NEXT");
}

}  // namespace starling::ctl
