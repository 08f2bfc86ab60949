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

void add_tenant_option(CLI::App& command, invocation& inv) {
  command
      .add_option("--tenant", inv.scope.tenant,
                  "Of this tenant; another than the token's needs the operator")
      ->type_name("TENANT");
}

void add_tenant_options(CLI::App& command, invocation& inv) {
  add_tenant_option(command, inv);
  command.add_flag("--all-tenants", inv.scope.all, "Of all tenants; needs the operator")
      ->excludes("--tenant");
}

}  // namespace starling::ctl
