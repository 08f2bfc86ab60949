#include "apps/starlingctl/commands/commands.hpp"

#include <CLI/CLI.hpp>

namespace starling::ctl {

void add_page_options(CLI::App& command, page_options& page) {
  command.add_option("--limit", page.limit, "At most this many (default: all)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  command.add_option("--after", page.after, "Go on after the \"next\" of an earlier answer")
      ->type_name("NEXT");
}

}  // namespace starling::ctl
